"""What a pair walks through in its pipeline scrub: its open deals, the worst evidence first.

The evidence of a deal is the worse, the further its claim exceeds its probability by evidence (deals/probability.py);
where that is equal, the one with less evidence comes first. A deal that was kept until a day rests until then.
"""

from dataclasses import dataclass, field

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from deals.models import Charter, DealTask, Decision, Opportunity, Pairing, Scrub, ScrubDecision
from deals.probability import Reason, reasons
from deals.risk import Risk, risks_of, with_risks
from people.models import User
from presales import stepping

MOST = 200
"""So many deals of a pair are walked at most; beyond that, the first scrub should kill some."""
SHOWN = 26
"""So many scrubs are shown of a pair: a year of them."""


@dataclass
class Step:
    """One deal of the walk, with what was decided in this scrub."""

    deal: Opportunity
    claimed: int
    evidenced: int | None
    decision: ScrubDecision | None = None
    tasks: list[DealTask] = field(default_factory=list)

    @property
    def gap(self) -> int:
        """By how many points the claim exceeds the evidence."""
        return self.claimed - (self.evidenced or 0)

    @property
    def risks(self) -> list[Risk]:
        """What puts the deal at risk, worst first."""
        return risks_of(self.deal)

    @property
    def reasons(self) -> list[Reason]:
        """What the figure by evidence is made of."""
        return reasons(self.deal)


@dataclass
class Walk:
    """A pair's scrub: the one under way, or the one that would begin now."""

    scrub: Scrub | None
    to_do: list[Step]
    decided: list[Step]
    resting: list[Step]
    killed: list[ScrubDecision]

    def step(self, pk: int | None) -> Step | None:
        """The step of that deal; without one the first to do."""
        if pk is None:
            return self.to_do[0] if self.to_do else None
        return next((step for step in [*self.to_do, *self.decided, *self.resting] if step.deal.pk == pk), None)

    def after(self, step: Step | None) -> Step | None:
        """The one to do after `step`, from the top again at the end; None where there is no other."""
        return stepping.after(self.to_do, step)


def scrubs_of(pairing: Pairing, charter: Charter | None, user: User) -> tuple[Scrub | None, list[Scrub]]:
    """The scrub under way, and the last ones with how many days each came after the one before; one query.

    `is_late` where that is longer than the charter in force wants.
    """
    weeks = (charter or Charter()).scrub_weeks
    found = list(Scrub.objects.filter(pairing=pairing).counted(user).order_by("-started_at", "-pk")[:SHOWN])
    under_way = next((scrub for scrub in found if scrub.finished_at is None), None)
    finished = [scrub for scrub in found if scrub.finished_at is not None]
    for scrub, before in zip(finished, [*finished[1:], None], strict=False):
        scrub.days_after = (scrub.finished_at.date() - before.finished_at.date()).days if before else None
        scrub.is_late = before is not None and scrub.days_after > weeks * 7
    return under_way, finished


def shared_deals(pairing: Pairing) -> QuerySet:
    """The open deals of the two."""
    return Opportunity.objects.open().filter(owner=pairing.ae_id, se=pairing.se_id)


def _with_rest(deals: QuerySet) -> QuerySet:
    """Adds `rests_until`: the day until which the last finished scrub kept the deal."""
    last = ScrubDecision.objects.filter(opportunity=OuterRef("pk"), scrub__finished_at__isnull=False)
    return deals.annotate(rests_until=Subquery(last.order_by("-at", "-pk").values("look_again_on")[:1]))


def undecided(pairing: Pairing, scrub: Scrub) -> QuerySet:
    """The deals of the two on which `scrub` has no decision, without those that rest."""
    awake = _with_rest(shared_deals(pairing)).filter(
        Q(rests_until=None) | Q(rests_until__lte=timezone.localdate())
    )  # fmt: skip
    return awake.exclude(pk__in=scrub.decisions.values("opportunity"))


def claim_and_evidence(deal: Opportunity) -> tuple[int, int | None]:
    """The two probabilities of a deal with its stage, in percent; None where the evidence is not computed yet."""
    claimed = deal.stage.probability if deal.claimed_probability is None else deal.claimed_probability
    row = getattr(deal, "evidence_probability", None)
    return claimed, row.percent if row else None


def walk(pairing: Pairing, user: User) -> Walk:
    """The walk as `user` sees it; four queries, however many deals."""
    scrub = Scrub.objects.filter(pairing=pairing, finished_at=None).select_related("started_by").first()
    deals = _with_rest(with_risks(shared_deals(pairing).filter(pk__in=Opportunity.objects.visible_to(user))))
    deals = deals.select_related(
        "stage", "company", "next_step_owner", "evidence_probability", "dossier__derived__weakest"
    ).order_by("-amount", "pk")[:MOST]
    steps = sorted((Step(deal, *claim_and_evidence(deal)) for deal in deals), key=_badness)
    decided: dict[int, ScrubDecision] = {}
    if scrub is not None:
        found = scrub.decisions.visible_to(user).select_related("by", "task__assignee", "opportunity")
        decided = {decision.opportunity_id: decision for decision in found}
    by_deal = {step.deal.pk: step for step in steps}
    for task in DealTask.objects.to_do().filter(opportunity__in=list(by_deal)).select_related("assignee"):
        by_deal[task.opportunity_id].tasks.append(task)
    for step in steps:
        step.decision = decided.get(step.deal.pk)
    today = timezone.localdate()
    resting = [step for step in steps if not step.decision and step.deal.rests_until and step.deal.rests_until > today]
    return Walk(
        scrub=scrub,
        to_do=[step for step in steps if not step.decision and step not in resting],
        decided=[step for step in steps if step.decision],
        resting=resting,
        killed=[
            decision for pk, decision in decided.items() if decision.decision == Decision.KILL and pk not in by_deal
        ],
    )


def _badness(step: Step) -> tuple:
    return (-step.gap, step.evidenced or 0, -step.deal.amount, step.deal.pk)
