"""The deals worth asking about, the worst first: one query for the walk, a fixed number for the deal it stands at."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum, Window
from django.utils import timezone

from deals.coaching import Topic, flags_of, topics, with_flags
from deals.models import DealReview, DealTask, Opportunity, Poc, QueueEntry
from deals.models.pocs import PocState
from deals.models.reviews import RESTS
from deals.risk import Risk
from deals.scrubs import Step, claim_and_evidence
from insights.filters import Reviewed
from insights.queries.book import ZERO, in_company_currency
from presales import stepping
from qualification.panels import dossier_panel

MOST = 50
"""So many deals are walked at most: more than anybody goes through in a meeting."""
LAST = 5
"""So many past reviews of a deal are shown."""
STOP = ["pk", "name", "amount", "currency", "value", "severity", "risks", "flags", "reviewed_on", "count", "stake"]
RELATED = [
    "stage", "company", "owner", "se", "team", "next_step_owner", "evidence_probability", "technical_win",
    "dossier__framework", "dossier__derived__weakest", "dossier__team__qualification_policy",
]  # fmt: skip


@dataclass(frozen=True)
class Walk:
    """The deals to ask about, and those that were reviewed lately."""

    to_do: list[tuple]
    lately: list[tuple]
    count: int = 0
    """How many deals are worth asking about, walked or not."""
    at_stake: Decimal = ZERO
    """Their amounts in the company's currency."""

    def stop(self, pk: int | None) -> tuple | None:
        """The stop at that deal; without one the first to do."""
        if pk is None:
            return self.to_do[0] if self.to_do else None
        return next((stop for stop in [*self.to_do, *self.lately] if stop.pk == pk), None)

    def place(self, pk: int) -> int | None:
        """Where the deal stands among those to do, from 1."""
        return next((place for place, stop in enumerate(self.to_do, 1) if stop.pk == pk), None)

    def after(self, stop: tuple | None) -> tuple | None:
        """The one to do after `stop`."""
        return stepping.after(self.to_do, stop)

    def before(self, stop: tuple | None) -> tuple | None:
        """The one to do before `stop`."""
        return stepping.before(self.to_do, stop)


def walk(filters: Reviewed) -> Walk:
    """The deals in the filters that carry a risk or a flag, by the sum of their weights, then by amount."""
    last = DealReview.objects.filter(opportunity=OuterRef("pk")).order_by("-on", "-pk").values("on")[:1]
    deals = with_flags(in_company_currency(filters.open_deals(), filters.day))
    found = deals.filter(Q(risks__gt=0) | Q(flags__gt=0)).annotate(
        reviewed_on=Subquery(last), count=Window(Count("pk")), stake=Window(Sum("value"))
    )
    rows = list(found.order_by("-severity", "-value", "pk").values_list(*STOP, named=True)[:MOST])
    since = filters.day - RESTS
    lately = [row for row in rows if row.reviewed_on is not None and row.reviewed_on >= since]
    to_do = [row for row in rows if row not in lately]
    return Walk(to_do, lately, rows[0].count if rows else 0, rows[0].stake if rows else ZERO)


@dataclass
class Stop:
    """The deal that the walk stands at, with all that its review wants."""

    step: Step
    flags: list[Risk]
    topics: list[Topic]
    reviews: list[DealReview]

    @property
    def deal(self) -> Opportunity:
        """The deal itself."""
        return self.step.deal

    @property
    def days_in_stage(self) -> int:
        """How many calendar days it has been where it is."""
        return (timezone.localdate() - timezone.localdate(self.deal.stage_since)).days

    @property
    def technical_lane(self) -> str:
        """Who holds its technical lane, and how far the POC has come."""
        deal = self.deal
        if deal.se_id is None:
            waits = deal.waiting_since
            return f"no SE, waiting since {timezone.localdate(waits):%-d %b}" if waits else "no SE"
        return f"{deal.se.name}, POC {PocState(deal.poc_state).label.lower()}" if deal.poc_state else deal.se.name


def stop_at(filters: Reviewed, pk: int) -> Stop | None:
    """One open deal that the user sees, whether the walk has it or not; None where there is none."""
    waiting = QueueEntry.objects.waiting().filter(opportunity=OuterRef("pk")).order_by("entered_at")
    pocs = Poc.objects.filter(opportunity=OuterRef("pk")).order_by("-number")
    visible: QuerySet = Opportunity.objects.visible_to(filters.user).open()
    if not filters.of_anybody:
        visible = visible.filter(Q(owner=filters.user) | Q(se=filters.user))
    deal = (
        with_flags(visible.filter(pk=pk))
        .annotate(
            waiting_since=Subquery(waiting.values("entered_at")[:1]), poc_state=Subquery(pocs.values("state")[:1])
        )
        .select_related(*RELATED)
        .first()
    )
    if deal is None:
        return None
    tasks = DealTask.objects.to_do().filter(opportunity=deal).select_related("assignee")
    step = Step(deal, *claim_and_evidence(deal), tasks=list(tasks))
    asked = topics(deal, dossier_panel(deal.dossier, filters.user))
    reviews = DealReview.objects.filter(opportunity=deal).select_related("by")[:LAST]
    return Stop(step, flags_of(deal), asked, list(reviews))
