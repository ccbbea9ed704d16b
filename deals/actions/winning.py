"""What people decide about the learned win probability: when to train, from which fields, which version is in use."""

from deals.models.winning import WinModel
from deals.winning.versions import LEARNER
from people.models import User
from people.permissions import require
from presales.actions import action


@action
def train_now(actor: User, *, reason: str = "") -> None:
    """Have the worker train, in the name of this person."""
    require(actor, "deals.change_winning")
    LEARNER.decide_to_train(actor)


@action
def choose_fields(
    actor: User, *, version: int, used: set[str], leaks: set[str], horizon_days: int, reason: str = ""
) -> None:
    """Learn from `used` alone, and count open deals as lost after `horizon_days`; a training follows.

    `leaks` are fields that know the ending: left alone they stay out, used they are trusted from now on.

    Raises:
        StaleEdit: somebody saved since the page was opened.
    """
    require(actor, "deals.change_winning")
    LEARNER.decide_fields(actor, version, used, leaks, horizon_days)


@action
def use_version(actor: User, version: WinModel, *, reason: str = "") -> None:
    """Take a kept version into use and hold it there: trainings go on, but replace it no more.

    Raises:
        Conflict: it rests on fields that were switched off since.
    """
    require(actor, "deals.change_winning")
    LEARNER.decide_version(version)


@action
def release(actor: User, *, reason: str = "") -> None:
    """Let trainings replace the version in use again, beginning with one now."""
    require(actor, "deals.change_winning")
    LEARNER.decide_to_release(actor)
