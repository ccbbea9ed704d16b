"""The proposal's pages: the version in work, its texts and prices, what changed, and what the customer reads."""

from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deals.actions import custom_work
from deals.actions import proposals as actions
from deals.actions.proposal_states import missing_to_send
from deals.custom_work import is_behind
from deals.forms.proposals import PricingForm, SectionForm, line_rows, lines_of
from deals.models import Opportunity, Proposal, ProposalSection, SectionKind
from deals.proposal_diff import compare as difference_of
from people.permissions import require
from presales.errors import Missing, StaleEdit
from presales.forms import done, form_response, posted, save_or_show
from presales.history import Entry, changes_of
from qualification.policy import thresholds_for

SHOWN = 50
TOLD = {
    "start_proposal": "began this version",
    "price_proposal": "changed the price",
    "carry_work": "took over the custom work",
    "ask_approval": "asked for approval",
    "approve_proposal": "approved the discounts",
    "send_back_proposal": "sent it back",
    "redraft_proposal": "made it a draft again",
    "send_proposal": "sent it to the customer",
    "accept_proposal": "recorded that the customer accepts",
    "decline_proposal": "recorded that the customer declines",
    "take_back_answer": "took the answer back",
    "expire_proposals": "let it expire",
}
IMPLIED = {"state", "asked_by", "asked_at", "asked_note", "decided_by", "decided_at", "decision_reason", "sent_by"}
READ_ALONG = ("opportunity__company", "opportunity__owner", "opportunity__se", "opportunity__stage")


def visible_deal(request: HttpRequest, pk: int) -> Opportunity:
    """The opportunity, or 404 where the person may not know of it."""
    return get_object_or_404(
        Opportunity.objects.visible_to(request.user).select_related("company", "se", "owner"), pk=pk
    )


def visible_proposal(request: HttpRequest, pk: int, *related: str) -> Proposal:
    """The version with its deal, or 404 where the person may not know of it."""
    return get_object_or_404(Proposal.objects.visible_to(request.user).select_related(*READ_ALONG, *related), pk=pk)


@require_safe
def proposals(request: HttpRequest, pk: int) -> HttpResponse:
    """The deal's newest version, or how to begin."""
    found = visible_deal(request, pk)
    newest = found.proposals.only("pk").first()
    if newest is not None:
        return _page(request, visible_proposal(request, newest.pk, "asked_by", "decided_by", "sent_by"))
    return render(request, "deals/proposals/none.html", {"opportunity": found})


@require_safe
def proposal(request: HttpRequest, pk: int) -> HttpResponse:
    """One version."""
    return _page(request, visible_proposal(request, pk, "asked_by", "decided_by", "sent_by"))


def _page(request: HttpRequest, found: Proposal) -> HttpResponse:
    sections = {section.kind: section for section in found.sections.all()}
    for section in sections.values():
        section.proposal = found
    lines, versions = list(found.lines.all()), list(found.opportunity.proposals.all()[:SHOWN])
    work = list(found.work.all())
    found._prefetched_objects_cache = {"lines": lines, "sections": list(sections.values()), "work": work}
    totals, limit = found.totals(), thresholds_for(found.opportunity.team_id).discount_limit
    context = {
        "opportunity": found.opportunity,
        "proposal": found,
        "sections": [(sections[kind], actions.LANES[kind]) for kind in SectionKind],
        "lines": lines,
        "work": work,
        "behind": found.is_unsent and is_behind(found, work),
        "totals": totals,
        "limit": limit,
        "over_limit": totals.highest_discount > limit,
        "missing": _missing(request, found, sections) if found.is_unsent else [],
        "versions": versions,
        "earlier": next((version for version in versions if version.number < found.number), None),
        "entries": _told(changes_of(found, limit=30)),
    }
    return render(request, "deals/proposals/proposal.html", context)


def _missing(request: HttpRequest, found: Proposal, sections: dict) -> list[tuple[Missing, bool]]:
    """What it lacks before it can go out, each with whether it is in the lane of who reads."""
    lanes = {reverse("deals:price_proposal", args=[found.pk]): "deals.work_commercial"}
    for kind, section in sections.items():
        lanes[reverse("deals:write_proposal_section", args=[section.pk])] = actions.LANES[kind]
    return [
        (item, request.user.has_perm(lanes.get(item.url, "deals.write_proposal"), found.opportunity))
        for item in missing_to_send(found)
    ]


def _told(entries: list[Entry]) -> list[Entry]:
    """What happened to a version in plain words, without what the sentence says already."""
    for entry in entries:
        entry.title = TOLD.get(entry.action, entry.title)
        entry.changes = [change for change in entry.changes if change.field not in IMPLIED]
    return entries


@require_POST
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin a version: the first, or the next after the last."""
    made = actions.start_proposal(request.user, visible_deal(request, pk))
    return done(request, made.get_absolute_url(), f"{made} is a draft now.")


@require_http_methods(["GET", "HEAD", "POST"])
def write_section(request: HttpRequest, pk: int) -> HttpResponse:
    """Write one text, in its lane."""
    visible = ProposalSection.objects.visible_to(request.user).select_related("proposal__opportunity")
    found = get_object_or_404(visible, pk=pk)
    require(request.user, actions.LANES[found.kind], found.proposal.opportunity)
    page = found.proposal.get_absolute_url()
    form = SectionForm(posted(request), instance=found)
    return save_or_show(request, form, actions.write_section, page, title=str(found))


@require_POST
def carry_work(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the custom work of the requirements over into the statement of work."""
    found = visible_proposal(request, pk)
    custom_work.carry_work(request.user, found)
    return done(request, f"{found.get_absolute_url()}#work", "The statement of work says what the requirements say.")


@require_http_methods(["GET", "HEAD", "POST"])
def price(request: HttpRequest, pk: int) -> HttpResponse:
    """Title, validity, term and the lines of the price: the AE's page."""
    found = visible_proposal(request, pk)
    require(request.user, "deals.work_commercial", found.opportunity)
    page = found.get_absolute_url()
    if not found.is_draft and request.method != "POST":
        return redirect(page)
    form, rows = PricingForm(posted(request), instance=found), line_rows(posted(request), found)
    status, theirs = None, []
    if request.method == "POST":
        whole = all([form.is_valid(), rows.is_valid()])
        status = None if whole else 422
        if whole:
            try:
                actions.price_proposal(request.user, form.instance, lines_of(rows), form.cleaned_data["version"])
                return done(request, page, "Saved.")
            except StaleEdit:
                form.show_conflict()
                status, theirs = 409, list(found.lines.all())
    context = {
        "rows": rows, "theirs": theirs, "proposal": found, "currency": found.opportunity.currency,
        "limit": thresholds_for(found.opportunity.team_id).discount_limit,
    }  # fmt: skip
    return form_response(
        request, form, title=f"Price of proposal {found.number}", submit="Save", cancel_url=page,
        status=status, context=context, template="deals/proposals/_pricing_form.html",
    )  # fmt: skip


@require_safe
def compare(request: HttpRequest, pk: int) -> HttpResponse:
    """What changed since an earlier version: `?with=` its number, by default the one before."""
    found = visible_proposal(request, pk)
    others = list(found.opportunity.proposals.exclude(pk=found.pk)[:SHOWN])
    asked = request.GET.get("with", "")
    other = next((version for version in others if str(version.number) == asked), None)
    other = other or next((version for version in others if version.number < found.number), None)
    if other:
        prefetch_related_objects([found, other], "lines", "sections", "work")
    context = {
        "opportunity": found.opportunity,
        "proposal": found,
        "others": others,
        "difference": difference_of(*sorted((other, found), key=lambda version: version.number)) if other else None,
        "other": other,
    }
    return render(request, "deals/proposals/compare.html", context)


@require_safe
def print_page(request: HttpRequest, pk: int) -> HttpResponse:
    """What the customer reads, on paper or as PDF: nothing internal, no navigation."""
    found = visible_proposal(request, pk, "sent_by")
    context = {
        "proposal": found,
        "opportunity": found.opportunity,
        "sections": {section.kind: section for section in found.sections.all()},
        "lines": list(found.lines.all()),
        "work": list(found.work.all()),
        "contact": found.sent_by or found.opportunity.owner,
        "day": found.sent_on or timezone.localdate(),
    }
    context["totals"] = found.totals()
    return render(request, "deals/proposals/print.html", context)
