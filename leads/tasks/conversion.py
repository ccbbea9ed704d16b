"""Learning in the background. What a lost message would have started, the next sweep does."""

from celery import shared_task

from leads.conversion.versions import LEARNER


@shared_task(name="leads.train_conversion", time_limit=1200, soft_time_limit=1140)
def train_conversion() -> None:
    """Train where somebody asked for it, or where many outcomes became known since the last time."""
    LEARNER.want_after_many_outcomes()
    LEARNER.train_if_due()


@shared_task(name="leads.learn_nightly")
def learn_nightly() -> None:
    """Every night: what ended yesterday is learned from, and the version in use is looked at."""
    LEARNER.want()
