"""The deal review: one deal after the other, with what to ask about each."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from insights.filters import Reviewed
from insights.queries.review import MOST, stop_at, walk
from people.permissions import require


def _asked_for(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


@require_safe
def review(request: HttpRequest) -> HttpResponse:
    """The deal to ask about now (`?deal=` chooses one), its questions, and the others, worst first."""
    require(request.user, "insights.review_deals")
    filters = Reviewed(request.user, request.GET)
    found = walk(filters)
    asked = _asked_for(request.GET.get("deal", ""))
    here = found.stop(asked)
    pk = asked if asked is not None else here and here.pk
    stop = stop_at(filters, pk) if pk is not None else None
    if asked is not None and stop is None:
        raise Http404
    after, before = found.after(here), found.before(here)
    page = reverse("insights:review")
    base = f"{page}?{filters.query}&" if filters.params() else f"{page}?"
    context = {
        "filters": filters,
        "walk": found,
        "stop": stop,
        "place": stop and found.place(stop.deal.pk),
        "base": base,
        "after_url": f"{base}deal={after.pk}" if after else "",
        "before_url": f"{base}deal={before.pk}" if before else "",
        # After marking one as reviewed: the next, or what is left when there is none.
        "next_url": f"{base}deal={after.pk}" if after else base.rstrip("?&"),
        "here_url": f"{base}deal={stop.deal.pk}" if stop else page,
        "not_walked": max(found.count - MOST, 0),
        "may_review": stop and request.user.has_perm("deals.review_deal", stop.deal),
        "may_set_task": stop and request.user.has_perm("deals.set_task", stop.deal),
    }
    return render(request, "insights/review/review.html", context)
