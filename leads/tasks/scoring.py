"""Scoring in the background. Messages are only nudges: what one would have done, the sweep does too."""

from celery import shared_task
from django.utils import timezone

from leads.scoring import engine, sweep
from leads.scoring.rules import Ruleset
from presales.jobs import nudge


@shared_task(name="leads.score_lead", time_limit=60, soft_time_limit=50)
def score_lead(lead_id: int) -> None:
    """Score one lead that somebody changed."""
    engine.score_stale(lead_ids=[lead_id], limit=1)


@shared_task(name="leads.score_range", time_limit=600, soft_time_limit=570)
def score_range(first: int) -> None:
    """Bring one range of leads up to date."""
    engine.score_range(first)


@shared_task(name="leads.score_all")
def score_all() -> None:
    """Hand out every range that is behind, each as a task of its own, so that more workers make it faster."""
    now = timezone.now()
    engine.prepare(now)
    for first in engine.behind(now, Ruleset.load()):
        nudge(score_range, first)


@shared_task(name="leads.sweep_scores", time_limit=300, soft_time_limit=280)
def sweep_scores() -> None:
    """Score whatever is stale."""
    sweep.sweep(seconds=50)
