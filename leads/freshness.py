"""Telling the worker that something about a lead changed."""

from collections.abc import Iterable

from leads.scoring import stale
from presales.jobs import nudge

NUDGED_AT_ONCE = 20


def scores_stale(lead_ids: Iterable[int]) -> None:
    """Mark the scores of these leads stale, making the rows that are missing, and wake the worker.

    Call it in the transaction that changes the leads. A large change wakes nobody: the sweep takes it.
    """
    from leads.tasks.scoring import score_lead

    ids = sorted(set(lead_ids))
    stale.mark_leads(ids)
    if len(ids) <= NUDGED_AT_ONCE:
        for pk in ids:
            nudge(score_lead, pk)
