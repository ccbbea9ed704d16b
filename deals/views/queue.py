"""The claim queue and what is done in it."""

from django.db.models import BigIntegerField, F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deals.actions import queue as actions
from deals.forms.opportunities import RequestHelpForm
from deals.forms.queue import AssignForm, DeclineForm, HandBackForm, NoGoForm
from deals.loads import own_load, ses_seen_by
from deals.matching import COMPARED, ranked
from deals.models import Decline, HelpKind, Opportunity, QueueEntry
from deals.views.opportunities import visible_opportunity
from people.models import Role
from people.permissions import manages_team, require
from people.viewers import Viewer, viewer_of
from presales.errors import Conflict, WantsConfirmation
from presales.forms import done, first_error, form_response, posted
from presales.paging import COUNT_LIMIT
from presales.prepared import Given, prepared
from presales.responses import wants_json
from qualification.models import Status

SHOWN = 50
# What an entry tells, by the name the template knows it by.
TOLD = {
    "deal": "opportunity__name",
    "amount": "opportunity__amount",
    "currency": "opportunity__currency",
    "company": "opportunity__company__name",
    "industry": "opportunity__company__industry",
    "team_id": "opportunity__team_id",
    "team": "opportunity__team__name",
    "owner": "opportunity__owner__name",
    "asked_by": "requested_by__name",
    "status": "opportunity__dossier__derived__status",
    "completeness": "opportunity__dossier__derived__completeness",
    "weakest": "opportunity__dossier__derived__weakest__name",
}


def _told(entries: QuerySet) -> QuerySet:
    """`entries` as rows of what the page tells of them."""
    named = entries.annotate(**{name: F(path) for name, path in TOLD.items()})
    return named.values_list("pk", "opportunity_id", "kind", "note", "entered_at", *TOLD, named=True)


@prepared
def _matched() -> QuerySet:
    return _told(QueueEntry.objects.waiting().filter(pk__in=Given("entries", BigIntegerField())).order_by())


@prepared
def _waiting(viewer: Viewer) -> QuerySet:
    return QueueEntry.objects.visible_to(viewer.user).waiting().order_by().values_list("pk")[: COUNT_LIMIT + 1]


@prepared
def _longest_waiting(viewer: Viewer) -> QuerySet:
    return _told(QueueEntry.objects.visible_to(viewer.user).waiting().order_by("entered_at", "pk"))[:SHOWN]


def _declines(entries: set[int]) -> dict[int, list[Decline]]:
    """Who passed on each of `entries`, and why: for the managers, who may have to give the deal to somebody."""
    found: dict[int, list[Decline]] = {}
    if entries:
        for decline in Decline.objects.filter(entry__in=entries).select_related("se").order_by("declined_at"):
            found.setdefault(decline.entry_id, []).append(decline)
    return found


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """What waits for an SE: for an SE the best match first, for others the longest wait."""
    user = request.user
    if user.role == Role.SE:
        user.load = own_load(user)
        offered = ranked(user, user.load)
        matches = dict(offered[:SHOWN])
        count, more, team = len(offered), len(offered) == COMPARED, [user]
        rows = {entry.pk: entry for entry in _matched().rows(entries=tuple(matches) or (None,))}
        entries = [rows[pk] for pk in matches if pk in rows]  # one may have been claimed between the two questions
    else:
        viewer, matches = viewer_of(user), {}
        entries, found = _longest_waiting(viewer).rows(), _waiting(viewer).count()
        count, more, team = min(found, COUNT_LIMIT), found > COUNT_LIMIT, ses_seen_by(user, SHOWN)
    assignable = {entry.pk for entry in entries if manages_team(user, entry)}
    context = {
        "entries": entries,
        "declines": _declines(assignable),
        "matches": matches,
        "assignable": assignable,
        "kinds": dict(HelpKind.choices),
        "statuses": dict(Status.choices),
        "count": count,
        "more": more,
        "team": team,
    }
    return render(request, "deals/queue/queue.html", context)


def _origin(request: HttpRequest, usual: str) -> str:
    """Where to go afterwards: to the load board, if that is where the form was opened."""
    return reverse("deals:loads") if request.GET.get("from") == "loads" else usual


@require_POST
def claim(request: HttpRequest, pk: int) -> HttpResponse:
    """Claim with one click."""
    found = get_object_or_404(Opportunity.objects.offered_to(request.user), pk=pk)
    actions.claim(request.user, found)
    return done(request, found.get_absolute_url(), "It is yours. Say hello to the AE and plan the discovery.")


@require_http_methods(["GET", "HEAD", "POST"])
def decline(request: HttpRequest, pk: int) -> HttpResponse:
    """Pass on an entry, with a reason."""
    offered = QueueEntry.objects.offered_to(request.user).select_related("opportunity__se")
    entry = get_object_or_404(offered, pk=pk)
    require(request.user, "deals.decline", entry.opportunity)
    if entry.closed_at is not None:
        raise actions.gone_from_queue(entry.opportunity)
    form = DeclineForm(posted(request))
    page = reverse("deals:queue")
    if request.method == "POST" and form.is_valid():
        actions.decline(request.user, entry, **form.cleaned_data)
        return done(request, page, "Declined. The others still see it.")
    return form_response(request, form, title=f"Decline {entry.opportunity}", submit="Decline", cancel_url=page)


@require_http_methods(["GET", "HEAD", "POST"])
def request_help(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the SEs for help of a named kind; a deal with an SE asks that one, for a demo or a POC."""
    found = visible_opportunity(request, pk)
    require(request.user, "deals.request_help", found)
    form = RequestHelpForm(posted(request), opportunity=found)
    if request.method == "POST" and form.is_valid():
        actions.request_help(request.user, found, **form.cleaned_data)
        told = f"{found.se} has your request." if found.se else "It waits in the claim queue now."
        return done(request, found.get_absolute_url(), told)
    title = f"Ask {found.se}" if found.se else "Ask for an SE"
    return form_response(
        request, form, title=title, submit="Ask", cancel_url=found.get_absolute_url(),
        intro="A demo or a POC is held back while the deal is below the charter; you see what is missing. "
        "Whom the deal wants beside its SE is asked for on its page Specialists.",
    )  # fmt: skip


@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a deal out of the queue."""
    found = visible_opportunity(request, pk)
    actions.withdraw_request(request.user, found)
    return done(request, found.get_absolute_url(), "Taken out of the queue.")


@require_http_methods(["GET", "HEAD", "POST"])
def hand_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the deal back to the queue."""
    found = visible_opportunity(request, pk)
    require(request.user, "deals.hand_back", found)
    form = HandBackForm(posted(request), initial={"seen_with": found.se_id or 0})
    if request.method == "POST" and form.is_valid():
        actions.hand_back(request.user, found, **form.cleaned_data)
        return done(request, _origin(request, reverse("deals:queue")), "Handed back to the queue.")
    if form.is_bound and wants_json(request):
        raise Conflict(first_error(form))
    page = _origin(request, found.get_absolute_url())
    return form_response(request, form, title=f"Hand back {found}", submit="Hand back", cancel_url=page)


@require_http_methods(["GET", "HEAD", "POST"])
def no_go(request: HttpRequest, pk: int) -> HttpResponse:
    """Call a technical no-go."""
    found = visible_opportunity(request, pk)
    require(request.user, "deals.call_no_go", found)
    form = NoGoForm(posted(request))
    if request.method == "POST" and form.is_valid():
        actions.call_no_go(request.user, found, **form.cleaned_data)
        return done(request, found.get_absolute_url(), "Closed as a no-go.")
    return form_response(
        request, form, title="Call a no-go", submit="Close as no-go", tone="danger",
        cancel_url=found.get_absolute_url(),
        intro="A deal that cannot be won technically is best closed early; the figures show it as healthy.",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    """A manager gives the deal to an SE, whoever has it now."""
    found = visible_opportunity(request, pk)
    require(request.user, "deals.assign_se", found)
    form = AssignForm(posted(request), opportunity=found)
    page, status = _origin(request, found.get_absolute_url()), None
    if request.method == "POST" and form.is_valid():
        try:
            actions.assign_se(request.user, found, **form.cleaned_data)
            return done(request, page, f"{found} is with {form.cleaned_data['se']} now.")
        except WantsConfirmation as refused:
            if wants_json(request):
                raise
            form.add_error(None, refused.message)
            status = 409
    elif form.is_bound and wants_json(request):
        raise Conflict(first_error(form))
    title = f"Give {found} to another SE" if found.se_id else f"Assign an SE to {found}"
    return form_response(
        request, form, title=title, submit="Assign", cancel_url=page, status=status,
        intro="The best match first; who is away comes last.", context={"suggestions": form.suggestions},
        template="deals/queue/_assign_form.html",
    )  # fmt: skip
