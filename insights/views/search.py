"""Search over everything: a page of its own, and the results of the command palette."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from insights.search import find


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """What begins with the words in `q`; for HTMX the list alone."""
    text = request.GET.get("q", "").strip()[:100]
    context = {"q": text, "groups": find(request.user, text) if text else []}
    return render(request, "insights/search/_results.html" if request.htmx else "insights/search/page.html", context)
