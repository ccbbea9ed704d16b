"""Background jobs of the room."""

from celery import shared_task
from django.utils import timezone

from deals import probability
from deals.actions.proposal_states import expire_proposals as expire
from deals.actions.queue import fill_queue as fill
from deals.winning.versions import LEARNER


@shared_task
def fill_queue() -> None:
    """Enter what is qualified, open and unclaimed but, after a lost message, not in the queue."""
    fill()


@shared_task
def derive_probability(opportunity_id: int) -> None:
    """Compute one deal's evidence-based probability, right after something it rests on changed."""
    probability.derive([opportunity_id], timezone.now())


@shared_task
def sweep_probabilities() -> None:
    """Compute what is missing, stale or due."""
    probability.sweep_probabilities(timezone.now())


@shared_task
def repair_probabilities() -> None:
    """Once a night: learn anew how deals end, and put every figure right."""
    probability.repair(timezone.now())


@shared_task(name="deals.train_winning", time_limit=1200, soft_time_limit=1140)
def train_winning() -> None:
    """Train where somebody asked for it, or where many deals ended since the last time."""
    LEARNER.want_after_many_outcomes()
    LEARNER.train_if_due()


@shared_task(name="deals.learn_nightly")
def learn_nightly() -> None:
    """Every night: what ended yesterday is learned from, and the version in use is looked at."""
    LEARNER.want()


@shared_task
def expire_proposals() -> None:
    """What is with a customer and no longer valid has expired."""
    expire(None, timezone.localdate())
