"""Sending a list as CSV and keeping who took how many rows."""

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from people.models import Export
from presales.csv import delimited, stream, workbook


def export(
    request: HttpRequest, what: str, header: Iterable[object], rows: Iterable[Iterable[object]]
) -> StreamingHttpResponse:
    """`rows` as a CSV download, recorded for the person who asked.

    The caller gives rows that went through `visible_to`; a lazy iterable (`queryset.iterator()`) keeps
    memory flat.
    """
    record = Export.objects.create(user=request.user, what=what[:60], filters=request.GET.urlencode()[:500])

    def finished(count: int) -> None:
        Export.objects.filter(pk=record.pk).update(rows=count)

    return stream(what, header, rows, finished)


def export_workbook(request: HttpRequest, what: str, content: bytes, rows: int) -> HttpResponse:
    """A finished workbook of `rows` rows as a download, recorded for the person who asked."""
    Export.objects.create(user=request.user, what=what[:60], filters=request.GET.urlencode()[:500], rows=rows)
    return workbook(what, content)


def export_delimited(request: HttpRequest, what: str, content: bytes, rows: int) -> HttpResponse:
    """A finished CSV of `rows` rows, in whatever encoding it is, recorded for the person who asked."""
    Export.objects.create(user=request.user, what=what[:60], filters=request.GET.urlencode()[:500], rows=rows)
    return delimited(what, content)
