"""What a stage wants before a deal leaves it. Each gate is a small named function that answers with what is missing."""

from collections.abc import Callable

from django.urls import reverse

from deals.models import Opportunity, Stage
from presales.errors import Missing
from qualification.gates import meets_policy

Gate = Callable[[Opportunity], list[Missing]]


def dossier_qualified(opportunity: Opportunity) -> list[Missing]:
    """The team's framework is met, by evidence that is not stale."""
    return meets_policy(opportunity.dossier)


def has_se(opportunity: Opportunity) -> list[Missing]:
    """An SE has claimed the deal."""
    if opportunity.se_id:
        return []
    return [Missing("An SE has to claim the deal", reverse("deals:request_help", args=[opportunity.pk]))]


def has_next_step(opportunity: Opportunity) -> list[Missing]:
    """The next step is agreed and dated (advisory)."""
    if opportunity.next_step and opportunity.next_step_on:
        return []
    url = reverse("deals:edit_opportunity", args=[opportunity.pk])
    return [Missing("No dated next step is agreed", url, advisory=True)]


# Slug of the stage that is left -> its gates.
LEAVING: dict[str, list[Gate]] = {
    "qualification": [dossier_qualified, has_next_step],
    "discovery": [has_se, has_next_step],
}


def missing_for(opportunity: Opportunity, target: Stage) -> list[Missing]:
    """What is missing to go forwards to `target`: the gates of every open stage that is left on the way."""
    left = Stage.objects.filter(
        pipeline=opportunity.pipeline_id, order__gte=opportunity.stage.order, order__lt=target.order, outcome="open"
    ).order_by("order")
    return [item for stage in left for gate in LEAVING.get(stage.slug, []) for item in gate(opportunity)]
