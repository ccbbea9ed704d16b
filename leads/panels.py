"""What the rooms above show on the pages of leads and companies.

A panel is a template and the function that fills it: called with the request and the record, it returns
what the template gets as `panel`, or None to show nothing.
"""

from collections.abc import Callable

from django.db.models import Model
from django.http import HttpRequest

Panel = tuple[str, Callable[[HttpRequest, Model], object]]
company_panels: list[Panel] = []
lead_panels: list[Panel] = []


def filled(panels: list[Panel], request: HttpRequest, record: Model) -> list[tuple[str, object]]:
    """The panels that have something to show, each with its content."""
    found = [(template, fill(request, record)) for template, fill in panels]
    return [(template, content) for template, content in found if content is not None]
