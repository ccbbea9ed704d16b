"""The list, the board and the page of opportunities."""

from dataclasses import replace
from decimal import Decimal

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BigIntegerField, Count, OuterRef, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from deals import filters
from deals.actions import opportunities as actions
from deals.charter import with_charter
from deals.committee import committee
from deals.forms.opportunities import CommercialForm, ConvertForm, CreateForm, OwnerForm
from deals.meeting_panel import meeting_panel
from deals.models import Opportunity, OpportunityType, Outcome, Stage, Stakeholder
from deals.models.competitors import competitors_of, with_competitors
from deals.models.rates import MONEY, with_value
from deals.pair_panel import pair_panel
from deals.parts_story import parts_story
from deals.permissions import commercial_lane
from deals.probability import FIGURES, LEARNED, reasons
from deals.risk import HAPPY_EARS, risks_of, with_risks
from deals.technical_story import technical_story
from deals.timeline import offers_of, overrides_of, pocs_of, stage_times
from deals.timeline import timeline as timeline_of
from leads.custom_filters import Filters
from leads.models import Lead, Source
from people.models import Role, Team, User
from people.permissions import require
from people.viewers import Viewer, viewer_of
from presales.errors import WantsConfirmation
from presales.forms import done, form_response, posted, save_or_show
from presales.history import events_of
from presales.paging import Sort, capped_count, paginate
from presales.prepared import Given, prepared
from qualification.panels import dossier_panel

SORTS = {
    "name": Sort("name"),
    "amount": Sort("worth", like="amount"),
    "close_date": Sort("close_date"),
    "created_at": Sort("created_at"),
    "stage_since": Sort("stage_since"),
}
CARDS = 20
# What a line of the list and a card of the board tell.
SHOWN = [
    "pk", "name", "outcome", "amount", "currency", "stage_id", "stage__name", "stage_since", "created_at", "close_date",
    "closed_on", "owner_id", "owner_name", "owner__name", "se_id", "se__name", "team_id", "company__name",
    "probability", "overrides_count", "evidence_probability__percent", "risks",
]  # fmt: skip


def chosen_sort(text: str, default: str = "-created_at") -> tuple[str, Sort]:
    """The sort an address asks for, by an allow-list."""
    name = text.removeprefix("-")
    if name not in SORTS:
        text, name = default, default.removeprefix("-")
    return text, replace(SORTS[name], descending=text.startswith("-"))


def attention(opportunity: Opportunity) -> list[str]:
    """Why an open deal wants attention, worst first; nothing for a closed one."""
    return [risk.label for risk in risks_of(opportunity)] if opportunity.is_open else []


def listed(asked: QueryDict) -> QueryDict:
    """The filters of the list: open deals, unless the address asks for others."""
    query = asked.copy()
    if "outcome" not in query and not any(name.startswith("closed_") for name in query):
        query["outcome"] = Outcome.OPEN
    return query


def shown(deals: QuerySet, *more: str) -> QuerySet:
    """`deals` as rows of SHOWN: a list or a board of a hundred has no use for the whole records."""
    return with_risks(deals.with_probability().with_overrides()).values_list(*SHOWN, *more, named=True)


def sortable(deals: QuerySet, sort: Sort) -> QuerySet:
    """`deals` as rows that `sort` can order: amounts by what they are worth in the company's currency, if anything."""
    if sort.field != "worth":
        return shown(deals)
    worth = Coalesce("value", Value(Decimal(0)), output_field=MONEY)
    return shown(with_value(deals).annotate(worth=worth), "worth")


@require_safe
def opportunities(request: HttpRequest) -> HttpResponse:
    """The list: filtered, sorted, paged by key."""
    visible = Opportunity.objects.visible_to(request.user)
    query = listed(request.GET)
    custom = Filters.read("opportunity", request.GET)
    found = custom.apply(filters.apply(visible, query))
    sort_name, sort = chosen_sort(request.GET.get("sort", ""))
    page = paginate(sortable(found, sort), sort, request.GET.get("cursor", ""))
    count, more = capped_count(found)
    people = User.objects.visible_to(request.user).in_role(Role.AE, Role.SE).order_by("name")
    people = list(people.values_list("pk", "name", "role"))
    context = {
        "page": page,
        "count": count,
        "more": more,
        "sort": sort_name,
        "query": query,
        "custom": custom,
        "risks_of": risks_of,
        "happy_ears": HAPPY_EARS,
        "stages": Stage.objects.order_by("pipeline", "order").values_list("pk", "name"),
        "teams": list(Team.objects.visible_to(request.user).values_list("pk", "name")),
        "aes": [(pk, name) for pk, name, role in people if role == Role.AE],
        "ses": [("none", "No SE"), *((pk, name) for pk, name, role in people if role == Role.SE)],
        "outcomes": Outcome.choices,
        "types": OpportunityType.choices,
        "sources": Source.choices,
        "narrowed": any(value for name, value in request.GET.items() if name not in ("sort", "cursor")),
    }
    return render(request, "deals/opportunities/list.html", context)


@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """Open deals by stage, the newest of each; dragging a card moves the deal through the gates."""
    visible = Opportunity.objects.visible_to(request.user).open()
    mine = request.GET.get("view") == "mine"
    if mine:
        visible = visible.filter(owner=request.user) | visible.filter(se=request.user)
    newest = visible.filter(stage=OuterRef("pk")).order_by("-created_at", "-pk").values("pk")[:CARDS]
    stages = list(
        Stage.objects.filter(pipeline=actions.default_pipeline(), outcome=Outcome.OPEN)
        .order_by("order")
        .annotate(newest=ArraySubquery(newest))
    )
    sums = {
        row["stage"]: row
        for row in with_value(visible).order_by().values("stage").annotate(n=Count("pk"), amount=Sum("value"))
    }
    keys = [pk for stage in stages for pk in stage.newest or ()]  # None for who sees no deals at all
    cards: dict[int, list[tuple]] = {}
    for card in shown(Opportunity.objects.filter(pk__in=keys)).order_by("-created_at", "-pk"):
        cards.setdefault(card.stage_id, []).append(card)
    columns = [(stage, sums.get(stage.pk, {"n": 0, "amount": 0}), cards.get(stage.pk, [])) for stage in stages]
    # Whose deals the person may move: asked once for each owner and team, not for each card.
    lanes = {(card.owner_id, card.team_id): card for row in cards.values() for card in row}
    movable = {lane for lane, card in lanes.items() if commercial_lane(request.user, card)}
    context = {"columns": columns, "mine": mine, "movable": movable, "risks_of": risks_of}
    return render(request, "deals/opportunities/board.html", context)


RELATED = [
    "company", "stage", "pipeline", "owner", "se", "team", "lead", "dossier__framework", "dossier__derived",
    "dossier__team__qualification_policy",
]  # fmt: skip
# What the page reads of the deal and of others; of people and companies hardly more than the name.
PAGE = [
    *(field.name for field in Opportunity._meta.concrete_fields),
    "company__name", "team__name", "lead__name", "stage__name", "stage__order", "stage__outcome", "stage__probability",
    "technical_win__state", "technical_win__decided_on",
    *(f"{person}__{field}" for person in ("owner", "se", "next_step_owner") for field in ("name", "email")),
    *(f"evidence_probability__{figure}" for figure in (*FIGURES, *LEARNED)),
]  # fmt: skip
DEAL = Given("deal", BigIntegerField())
PERSON = [*(field.name for field in Stakeholder._meta.concrete_fields), "known_by__name"]


def visible_opportunity(request: HttpRequest, pk: int) -> Opportunity:
    """The opportunity, or 404 where the person may not know of it."""
    visible = Opportunity.objects.visible_to(request.user).with_probability()
    return get_object_or_404(visible.select_related(*RELATED), pk=pk)


@prepared
def _shared(viewer: Viewer) -> QuerySet:
    """The opportunity `deal` with everything that its page tells of it, in one query."""
    visible = Opportunity.objects.visible_to(viewer.user).with_probability().with_overrides()
    found = with_competitors(with_charter(with_risks(with_value(visible.filter(pk=DEAL)))))
    more = ("evidence_probability", "next_step_owner", "technical_win")
    related = [name for name in RELATED if name != "pipeline"]
    return found.select_related(*related, *more).only(*PAGE)


@prepared
def _people() -> QuerySet:
    return Stakeholder.objects.filter(opportunity=DEAL).select_related("known_by").only(*PERSON)


@require_safe
def opportunity(request: HttpRequest, pk: int) -> HttpResponse:
    """The pair's shared page of one deal."""
    found = _shared(viewer_of(request.user)).first(deal=pk)
    if found is None:
        raise Http404
    stages = Stage.objects.filter(pipeline=found.pipeline_id).order_by("order")
    panel = dossier_panel(found.dossier, request.user)
    people = _people().rows(deal=pk)
    known = [(row.criterion, row.entry, row.level) for row in panel.rows]
    context = {
        "opportunity": found,
        "attention": attention(found),
        "flags": {risk.name for risk in risks_of(found)},
        "why": reasons(found),
        "path": stages.filter(Q(outcome=Outcome.OPEN) | Q(pk=found.stage_id)).values_list("pk", "name", "order"),
        "panel": panel,
        "pair": pair_panel(found, known, people),
        "meetings": meeting_panel(found),
        "overrides": overrides_of(found) if found.overrides_count else [],
        "committee": committee(found, people),
        # What has its SE waits for none.
        "waiting": [] if found.se_id else list(found.queue_entries.waiting()),
        "competitors": competitors_of(found),
    }
    return render(request, "deals/opportunities/opportunity.html", context)


@require_safe
def timeline(request: HttpRequest, pk: int) -> HttpResponse:
    """What happened, and how long the deal was in each stage: a fragment of its page, or a page of its own."""
    found = visible_opportunity(request, pk)
    stages = list(found.pipeline.stages.order_by("order"))
    events = events_of(found)
    claims = list(found.claims.select_related("se", "assigned_by"))
    offers = [*offers_of(found), *pocs_of(found), *technical_story(found), *parts_story(found)]
    context = {
        "opportunity": found,
        "entries": timeline_of(found, events, claims, stages, overrides_of(found), offers),
        "stage_times": stage_times(found, events, stages),
    }
    template = "deals/opportunities/_timeline.html" if request.htmx else "deals/opportunities/timeline.html"
    return render(request, template, context)


@require_http_methods(["GET", "HEAD", "POST"])
def convert(request: HttpRequest, pk: int) -> HttpResponse:
    """Make an opportunity of an SQL."""
    lead = get_object_or_404(Lead.objects.visible_to(request.user).select_related("company"), pk=pk)
    require(request.user, "deals.convert", lead)
    already = Opportunity.objects.filter(lead=lead).first()
    if already is not None:
        return done(request, already.get_absolute_url())
    initial = {"name": f"{lead.company or lead.name}: new business"[:200]}
    budget = lead.dossier and lead.dossier.evidence.current().exclude(amount=None).first()
    if budget:
        initial["amount"] = budget.amount
    decision = lead.dossier and lead.dossier.evidence.current().exclude(decision_on=None).first()
    if decision:
        initial["close_date"] = decision.decision_on
    form = ConvertForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        made = actions.convert_lead(request.user, lead, **form.cleaned_data)
        return done(request, made.get_absolute_url(), "Converted. The qualification came along.")
    return form_response(
        request, form, title=f"Convert {lead.name}", submit="Make the opportunity", cancel_url=lead.get_absolute_url(),
        intro="The opportunity takes over the company, the owner and everything recorded in the qualification.",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """An opportunity that did not come from a lead."""
    require(request.user, "deals.add_opportunity")
    form = CreateForm(posted(request), user=request.user)
    if request.method == "POST" and form.is_valid():
        made = actions.create_opportunity(request.user, **form.cleaned_data)
        return done(request, made.get_absolute_url(), "Opportunity added.")
    return form_response(
        request, form, title="Add an opportunity", submit="Add", cancel_url=reverse("deals:opportunities")
    )


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The commercial facts, in the AE's lane."""
    found = visible_opportunity(request, pk)
    require(request.user, "deals.work_commercial", found)
    form = CommercialForm(posted(request), instance=found)
    return save_or_show(
        request, form, actions.update_commercial, found.get_absolute_url(), title="Commercial facts",
        template="deals/opportunities/_commercial_form.html",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def reassign(request: HttpRequest, pk: int) -> HttpResponse:
    """A manager gives the commercial lane to another AE."""
    found = visible_opportunity(request, pk)
    require(request.user, "deals.reassign_owner", found)
    form, status = OwnerForm(posted(request), opportunity=found), None
    if request.method == "POST" and form.is_valid():
        try:
            actions.reassign_owner(request.user, found, **form.cleaned_data)
            return done(request, found.get_absolute_url(), "Reassigned.")
        except WantsConfirmation as refused:
            form.add_error(None, refused.message)
            status = 409
    return form_response(
        request, form, title="Change the owner", submit="Reassign", cancel_url=found.get_absolute_url(), status=status
    )
