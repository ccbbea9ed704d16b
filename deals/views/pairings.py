"""Pairings, and the charter by which each works."""

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.forms import model_to_dict
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deals.actions import pairings as actions
from deals.alignment import alignment
from deals.forms.pairings import CharterForm, EndPairingForm, PairingForm
from deals.models import AlignmentCheck, Charter, CharterException, DealTask, Opportunity, Outcome, Pairing
from deals.scrubs import scrubs_of, shared_deals
from people.permissions import require
from presales.errors import StaleEdit
from presales.forms import done, form_response, posted
from presales.paging import Sort, paginate

EXCEPTIONS = 20
TASKS = 50
VERSIONS = 50


def _counted(rows: QuerySet, together: dict[str, OuterRef]) -> Coalesce:
    """How many of `rows` belong to the two of a pairing."""
    counted = rows.filter(**together).order_by().values(*together).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)


@require_safe
def pairings(request: HttpRequest) -> HttpResponse:
    """The own pairings; for managers those of their teams."""
    require(request.user, "deals.start_pairing")
    visible = Pairing.objects.visible_to(request.user).select_related("ae", "se")
    ended = request.GET.get("view") == "ended"
    found = visible.exclude(ended_on=None) if ended else visible.active()
    charters = Charter.objects.filter(pairing=OuterRef("pk")).order_by("-number")
    deals = Opportunity.objects.filter(outcome=Outcome.OPEN)
    checks = AlignmentCheck.objects.visible_to(request.user).filter(pairing=OuterRef("pk")).order_by("-rated_on")
    found = found.with_due().annotate(
        ae_score=Subquery(checks.filter(author=OuterRef("ae")).values("score")[:1]),
        se_score=Subquery(checks.filter(author=OuterRef("se")).values("score")[:1]),
        in_force=Subquery(charters.accepted().values("number")[:1]),
        newest=Subquery(charters.values("number")[:1]),
        ae_accepted=Subquery(charters.values("accepted_by_ae_at")[:1]),
        se_accepted=Subquery(charters.values("accepted_by_se_at")[:1]),
        open_deals=_counted(deals, {"owner": OuterRef("ae"), "se": OuterRef("se")}),
        exceptions=_counted(
            CharterException.objects.all(), {"opportunity__owner": OuterRef("ae"), "opportunity__se": OuterRef("se")}
        ),
    )
    page = paginate(found, Sort("active_since", descending=True), request.GET.get("cursor", ""))
    return render(request, "deals/pairings/list.html", {"page": page, "ended": ended, "today": timezone.localdate()})


def visible_pairing(request: HttpRequest, pk: int) -> Pairing:
    """The pairing with what falls due when, or 404 where the person may not know of it."""
    return get_object_or_404(
        Pairing.objects.visible_to(request.user).with_due(request.user).select_related("ae", "se"), pk=pk
    )


@require_safe
def pairing(request: HttpRequest, pk: int) -> HttpResponse:
    """One pairing: the charter in force, the version proposed, the earlier ones, the exceptions."""
    found = visible_pairing(request, pk)
    charters = list(found.charters.select_related("proposed_by").order_by("-number")[:VERSIONS])
    for charter in charters:
        charter.pairing = found
    newest = charters[0] if charters else None
    in_force = next((charter for charter in charters if charter.is_accepted), None)
    exceptions = CharterException.objects.visible_to(request.user).filter(
        opportunity__owner=found.ae_id, opportunity__se=found.se_id
    )
    proposal = newest if newest is not None and not newest.is_accepted else None
    is_one = request.user.pk in (found.ae_id, found.se_id)
    today = timezone.localdate()
    under_way, done_ones = scrubs_of(found, in_force, request.user)
    context = {
        "pairing": found,
        "alignment": alignment(found, request.user),
        "may_rate": is_one and found.ended_on is None,
        "alignment_late": found.alignment_due_on <= today,
        "under_way": under_way,
        "scrubs": done_ones,
        "scrub_late": found.scrub_due_on < today,
        "tasks": list(
            DealTask.objects.visible_to(request.user)
            .to_do()
            .filter(opportunity__in=shared_deals(found))
            .select_related("opportunity", "assignee")[:TASKS]
        ),
        "in_force": in_force,
        "proposal": proposal,
        "changed": {label for label, text in proposal.terms if (label, text) not in in_force.terms}
        if proposal and in_force
        else set(),
        "may_accept": proposal and is_one and proposal.accepted_at(request.user) is None and found.ended_on is None,
        "earlier": [charter for charter in charters if charter not in (in_force, proposal)],
        "exceptions": list(exceptions.select_related("opportunity", "by")[:EXCEPTIONS]),
    }
    return render(request, "deals/pairings/pairing.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Pair an AE with an SE."""
    require(request.user, "deals.start_pairing")
    form = PairingForm(posted(request), user=request.user)
    if request.method == "POST" and form.is_valid():
        made = actions.start_pairing(request.user, form.cleaned_data["ae"], form.cleaned_data["se"])
        return done(request, made.get_absolute_url(), "Paired. The charter counts when both have accepted it.")
    return form_response(
        request, form, title="Start a pairing", submit="Pair", cancel_url=reverse("deals:pairings"),
        intro="Two who work deals together. A charter with your team's defaults is proposed for you to accept or change.",  # noqa: E501
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a new version of the charter."""
    found = visible_pairing(request, pk)
    require(request.user, "deals.work_pairing", found)
    newest = found.charters.order_by("-number").first()
    initial = model_to_dict(newest or Charter(), fields=actions.TERMS) | {"based_on": newest.number if newest else 0}
    form = CharterForm(posted(request), initial=initial)
    status = None
    if request.method == "POST" and form.is_valid():
        terms = {name: form.cleaned_data[name] for name in actions.TERMS}
        try:
            actions.propose_charter(request.user, found, terms, based_on=form.cleaned_data["based_on"])
            return done(request, found.get_absolute_url(), "Proposed. It counts when both have accepted it.")
        except StaleEdit as error:
            form.show_newer(newest.number, error.theirs)
            status = 409
    return form_response(
        request, form, title="Propose a charter", submit="Propose", cancel_url=found.get_absolute_url(), status=status,
        intro="Until both have accepted the new version, the one in force goes on.",
    )  # fmt: skip


@require_POST
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """One of the two accepts a version."""
    charters = Charter.objects.visible_to(request.user).select_related("pairing__ae", "pairing__se")
    charter = get_object_or_404(charters, pk=pk)
    charter = actions.accept_charter(request.user, charter)
    told = "Accepted. The charter is in force." if charter.is_accepted else "Accepted. It waits for the other one."
    return done(request, charter.pairing.get_absolute_url(), told)


@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a pairing."""
    found = visible_pairing(request, pk)
    require(request.user, "deals.work_pairing", found)
    form = EndPairingForm(posted(request))
    if request.method == "POST" and form.is_valid():
        actions.end_pairing(request.user, found, reason=form.cleaned_data["reason"])
        return done(request, reverse("deals:pairings"), "Ended. Deals go by the team's default charter now.")
    return form_response(
        request, form, title=f"End the pairing of {found}", submit="End it", tone="danger",
        cancel_url=found.get_absolute_url(), intro="Its charters and exceptions stay on record.",
    )  # fmt: skip
