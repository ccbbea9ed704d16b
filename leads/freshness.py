"""Telling the worker that something about a lead changed."""

from collections.abc import Iterable

from celery import current_app

from leads.models import LeadScore
from presales.jobs import nudge

SCORE_TASK = "leads.score_lead"
NUDGED_AT_ONCE = 20


def scores_stale(lead_ids: Iterable[int]) -> None:
    """Mark the scores of these leads stale, making the rows that are missing, and wake the worker.

    Call it in the transaction that changes the leads. A large change wakes nobody: the sweep takes it.
    """
    ids = sorted(set(lead_ids))
    LeadScore.objects.bulk_create([LeadScore(lead_id=pk) for pk in ids], ignore_conflicts=True)
    LeadScore.objects.filter(lead__in=ids).mark_stale()
    task = current_app.tasks.get(SCORE_TASK)
    if task is not None and len(ids) <= NUDGED_AT_ONCE:
        for pk in ids:
            nudge(task, pk)
