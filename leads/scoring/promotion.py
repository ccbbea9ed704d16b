"""Leads whose score reaches their team's threshold become MQLs.

Promotion is a transaction of its own after the scores are written, because it locks teams before leads. So
that a worker killed in between loses nobody, the range of every candidate is marked in the transaction
that wrote the score, and the sweep looks through marked ranges again.
"""

from django.db.models import F, Min, QuerySet
from django.db.models.functions import Coalesce

from leads.models import Lead, LeadStage, TeamPolicy
from leads.models.scoring import ScoreRange
from leads.scoring.rules import DEFAULT_THRESHOLD

BATCH = 1_000


def candidates() -> QuerySet[Lead]:
    """Leads that may become MQLs and whose score reaches the threshold of their team."""
    threshold = Coalesce("team__lead_policy__mql_threshold", DEFAULT_THRESHOLD)
    # Annotated, because a filter alone would join teams without a policy away.
    return Lead.objects.may_become_mql().annotate(threshold=threshold).filter(score__total__gte=F("threshold"))


def lowest_threshold() -> int:
    """The least score that makes an MQL anywhere."""
    found = TeamPolicy.objects.aggregate(lowest=Min("mql_threshold"))["lowest"]
    return DEFAULT_THRESHOLD if found is None else min(found, DEFAULT_THRESHOLD)


def promote(lead_ids: list[int]) -> int:
    """Make MQLs of those of `lead_ids` that have reached their threshold; how many."""
    from leads.actions.stages import make_mql

    made = 0
    for start in range(0, len(lead_ids), BATCH):
        ids = list(candidates().filter(pk__in=lead_ids[start : start + BATCH]).values_list("pk", flat=True))
        if ids:
            made += make_mql(None, ids, reason="The score reached the team's threshold.")
    return made


def promote_range(first: int, size: int, risen: list[int] | None = None) -> int:
    """Promote all candidates of a range of lead ids, or of `risen` where no other may be one, and note that it is done;
    how many."""
    if risen is None:
        risen = list(candidates().filter(pk__gte=first, pk__lt=first + size).values_list("pk", flat=True))
    made = promote(risen)
    ScoreRange.objects.filter(pk=first, promoted=False).update(promoted=True)
    return made


def promote_nurtured() -> int:
    """Promote nurtured leads whose day has come: nothing about their score had to change; how many."""
    return promote(list(candidates().filter(stage=LeadStage.NURTURE).values_list("pk", flat=True)))


def mark_for_promotion(lead_ids: list[int], size: int) -> None:
    """Have the sweep look at these leads' ranges, should this worker not live to promote them."""
    ScoreRange.objects.filter(pk__in={lead_id - lead_id % size for lead_id in lead_ids}).update(promoted=False)


def mark_all_for_promotion() -> None:
    """After thresholds changed: look at every range again."""
    ScoreRange.objects.update(promoted=False)
