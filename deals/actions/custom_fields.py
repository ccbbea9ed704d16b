"""Filling in the custom fields of a deal, in the lane of each."""

from django.utils import timezone

from deals.models import Opportunity
from deals.probability import mark_stale
from leads.custom_values import changed
from leads.models import CustomField, RecordKind
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version


@action
def edit_deal_fields(
    actor: User, opportunity: Opportunity, *, lane: str, version: int, custom: dict[str, object]
) -> Opportunity:
    """Save values of the fields of `lane`, by key.

    Raises:
        NotAllowed: not the actor's lane.
        Conflict: a field of another lane, or a value that its definition does not allow.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    locked = Opportunity.objects.select_for_update(of=("self",)).get(pk=opportunity.pk)
    require(actor, f"deals.work_{lane}", locked)
    fields = CustomField.objects.of(RecordKind.OPPORTUNITY).active().filter(lane=lane)
    locked.custom = changed(locked.custom, custom, fields)
    locked.last_activity_at = timezone.now()
    save_version(locked, ["custom", "last_activity_at"], version)
    mark_stale([locked.pk])
    return locked
