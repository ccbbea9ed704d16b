"""The plan of a POC for the customer: making and revoking its links, and the page they open, which asks for no session.

What the page shows is named in `_plan` one by one: title, scope, days, criteria with target and result, and the steps
that are not internal. People are named only where the link says so, evidence only where it is marked as shared.
"""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deals.actions import poc_links as actions
from deals.forms.pocs import ShareForm
from deals.models import PocLink, PocState, Side
from deals.views.pocs import own_poc
from people.permissions import require
from presales.forms import done, form_response, posted
from presales.responses import error_page
from presales.throttle import network_of, too_many

HOUR = 3600
PER_NETWORK, PER_LINK = 600, 600
"""Requests an hour: a whole company behind one address, and everybody a link was passed on to."""
HEADERS = {
    "Cache-Control": "no-store, private",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
SAID = {
    PocState.PROPOSED: "Proposed",
    PocState.AGREED: "Agreed",
    PocState.RUNNING: "Running",
    PocState.PASSED: "Passed",
    PocState.FAILED: "Not passed",
    PocState.ABANDONED: "Ended early",
}


@require_http_methods(["GET", "HEAD", "POST"])
def share(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a link; the page that follows shows it this once."""
    found = own_poc(request, pk)
    form = ShareForm(posted(request))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        link, token = actions.share_poc(
            request.user, found, data["label"], data["days"], shows_names=data["shows_names"]
        )  # fmt: skip
        address = f"{settings.SITE_URL}{reverse('deals:shared_plan', args=[token])}"
        context = {"poc": found, "opportunity": found.opportunity, "link": link, "address": address}
        response = render(request, "deals/pocs/link.html", context)
        response["Cache-Control"] = "no-store, private"
        return response
    return form_response(
        request, form, title="Share the plan", submit="Make the link", cancel_url=found.get_absolute_url(),
        intro="Whoever has the link reads the plan, without signing in: scope, days, criteria with their results, "
        "and the steps. Nothing else of the deal.",
    )  # fmt: skip


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """The link shows nothing any more."""
    visible = PocLink.objects.visible_to(request.user).select_related("poc__opportunity")
    found = get_object_or_404(visible, pk=pk)
    require(request.user, "deals.work_technical", found.poc.opportunity)
    actions.revoke_link(request.user, found)
    return done(request, f"{found.poc.get_absolute_url()}#links", "Revoked. The link shows nothing any more.")


@login_not_required
@require_safe
def plan(request: HttpRequest, token: str) -> HttpResponse:
    """The plan, for whoever has the link. Wrong, expired and revoked ones all get the same answer."""
    if too_many("plan", network_of(request), PER_NETWORK, HOUR):
        return _refused(request, 429)
    link = actions.link_of(token)
    if link is None:
        return _refused(request, 404)
    if too_many("plan-of", str(link.pk), PER_LINK, HOUR):
        return _refused(request, 429)
    if request.method == "GET":
        actions.opened(link)
    return _kept(render(request, "deals/pocs/plan.html", _plan(link)))


def _plan(link: PocLink) -> dict[str, object]:
    """What the customer reads, and nothing else: the template is given no record of ours."""
    poc, names = link.poc, link.shows_names
    steps = poc.steps.in_order().filter(is_internal=False)
    company = poc.opportunity.company
    today = timezone.localdate()
    return {
        "title": poc.title,
        "company": company.name if company else "",
        "scope": poc.scope,
        "state": poc.state,
        "state_label": SAID[PocState(poc.state)],
        "starts_on": poc.started_on or poc.starts_on,
        "ends_on": poc.ended_on or poc.ends_on,
        "is_late": poc.is_running and poc.ends_on < today,
        "agreed_on": poc.agreed_on,
        "agreed_name": poc.agreed_name if names else "",
        "contact": poc.owner.name if names else "",
        "contact_email": poc.owner.email if names else "",
        "criteria": [
            {
                "text": criterion.text,
                "measure": criterion.measure,
                "target": criterion.target,
                "result": criterion.result,
                "met": criterion.met,
                "evidence": criterion.evidence if criterion.evidence_shared else "",
                "evidence_on": criterion.evidence_on if criterion.evidence_shared else None,
                "evidence_by": criterion.evidence_by if criterion.evidence_shared and names else "",
            }
            for criterion in poc.criteria.all()
        ],
        "steps": [
            {
                "text": step.text,
                "ours": step.side == Side.OURS,
                "who": step.who if names else "",
                "due_on": step.due_on,
                "done_on": step.done_on,
                "is_late": step.is_late,
            }
            for step in steps
        ],
        "read_on": today,
        "expires_at": link.expires_at,
    }


def _refused(request: HttpRequest, status: int) -> HttpResponse:
    response = error_page(request, status)
    if status == 429:
        response["Retry-After"] = HOUR
    # Django writes the address of refused requests into the log; a valid one is a secret.
    response._has_been_logged = True
    return _kept(response)


def _kept(response: HttpResponse) -> HttpResponse:
    """Kept out of every cache and index, and out of what a browser tells the next site."""
    for name, value in HEADERS.items():
        response[name] = value
    return response
