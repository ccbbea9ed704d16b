"""Changing stages."""

from deals.models import Stage
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version


@action
def save_stage(actor: User, stage: Stage, version: int) -> Stage:
    """Save a stage's name, figures and order.

    Raises:
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.change_stages")
    save_version(stage, ["name", "probability", "se_part", "rotting_days", "load_weight", "order"], version)
    return stage
