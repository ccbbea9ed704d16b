"""Changing stages."""

from deals.models import Stage
from people.models import User
from people.permissions import require
from presales.actions import action


@action
def save_stage(actor: User, stage: Stage) -> Stage:
    """Save a stage's name, figures and order."""
    require(actor, "deals.change_stages")
    stage.save(update_fields=["name", "probability", "se_part", "rotting_days", "load_weight", "order"])
    return stage
