"""Defining, archiving and removing custom fields."""

from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from leads.models import CustomField, FieldKind, RecordKind, ScoringRule
from leads.models.custom_fields import MAX_FIELDS, key_for
from leads.scoring.fields import custom_name
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict
from presales.text import squeeze

EDITABLE = ["name", "choices", "lane", "help_text"]
# Opportunities are a room above: all that is known of them here is where their values are.
RECORDS = {
    RecordKind.LEAD: "leads.Lead",
    RecordKind.COMPANY: "leads.Company",
    RecordKind.OPPORTUNITY: "deals.Opportunity",
}


def is_used(field: CustomField) -> bool:
    """Whether any record has a value in the field. The first one found ends the search; for none, all are read."""
    table = apps.get_model(RECORDS[field.record])._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS (SELECT 1 FROM {table} WHERE custom -> %s IS NOT NULL)",  # noqa: S608
            [field.key],
        )
        return cursor.fetchone()[0]


@action
def add_field(
    actor: User,
    *,
    record: str,
    name: str,
    kind: str,
    choices: list[str] | None = None,
    lane: str = "",
    help_text: str = "",
    reason: str = "",
) -> CustomField:
    """Define a field of one kind of record; it comes last.

    Raises:
        Conflict: another field has this name, or there are too many.
    """
    require(actor, "leads.define_fields", record)
    known = list(CustomField.objects.of(record).select_for_update())
    if len(known) >= MAX_FIELDS:
        raise Conflict(f"There are {MAX_FIELDS} fields already. Remove one that nobody uses.")
    field = CustomField(
        record=record, name=squeeze(name), kind=kind, help_text=squeeze(help_text), created_by=actor,
        choices=list(choices or []) if kind == FieldKind.CHOICE else [],
        lane=lane if record == RecordKind.OPPORTUNITY else "",
        key=key_for(name, {one.key for one in known}),
        position=max((one.position for one in known), default=-1) + 1,
    )  # fmt: skip
    return _saved(field, field.save)


@action
def update_field(actor: User, field: CustomField, *, version: int, reason: str = "", **changes: object) -> CustomField:
    """Change some of EDITABLE if nobody did since `version`. Values that records have stay as they are.

    Raises:
        StaleEdit: somebody saved in between; nothing was written.
        Conflict: another field has this name.
    """
    locked = _lock(actor, field)
    names = [name for name in EDITABLE if name in changes]
    if locked.kind != FieldKind.CHOICE:
        names = [name for name in names if name != "choices"]
    if locked.record != RecordKind.OPPORTUNITY:
        names = [name for name in names if name != "lane"]
    for name in names:
        setattr(locked, name, changes[name])
    return _saved(locked, lambda: save_version(locked, names, version))


def _saved(field: CustomField, save: object) -> CustomField:
    try:
        with transaction.atomic():
            save()
    except IntegrityError:
        raise Conflict(f"Another field is called “{field.name}”, perhaps an archived one.") from None
    return field


def _lock(actor: User, field: CustomField) -> CustomField:
    locked = CustomField.objects.select_for_update(of=("self",)).filter(pk=field.pk).first()
    if locked is None:
        raise Conflict("This field is not there any more.")
    require(actor, "leads.define_fields", locked.record)
    return locked


@action
def archive_field(actor: User, field: CustomField, *, reason: str = "") -> CustomField:
    """Ask for the field nowhere any more. Its values stay, and rules that use it go on doing so."""
    locked = _lock(actor, field)
    if locked.archived_at is None:
        locked.archived_at = timezone.now()
        save_version(locked, ["archived_at"], locked.version)
    return locked


@action
def restore_field(actor: User, field: CustomField, *, reason: str = "") -> CustomField:
    """Ask for an archived field again, with the values it had."""
    locked = _lock(actor, field)
    if locked.archived_at is not None:
        locked.archived_at = None
        save_version(locked, ["archived_at"], locked.version)
    return locked


@action
def remove_field(actor: User, field: CustomField, *, reason: str = "") -> None:
    """Remove a definition that nothing rests on.

    Raises:
        Conflict: records have values in it, or a scoring rule asks for it.
    """
    locked = _lock(actor, field)
    if ScoringRule.objects.filter(field=custom_name(locked)).exists():
        raise Conflict("A scoring rule looks at this field. Change the rule first, or archive the field.")
    if is_used(locked):
        raise Conflict(
            "Records have values in this field. Archive it: then nobody is asked for it, and nothing is lost."
        )
    locked.delete()


@action
def move_field(actor: User, field: CustomField, *, up: bool, reason: str = "") -> CustomField:
    """Let the field change places with the one before it, or after it."""
    locked = _lock(actor, field)
    order = list(CustomField.objects.of(locked.record).filter(archived_at=None).select_for_update())
    place = next((number for number, one in enumerate(order) if one.pk == locked.pk), None)
    if place is None:
        return locked
    other = place + (-1 if up else 1)
    if 0 <= other < len(order):
        order[place], order[other] = order[other], order[place]
        for position, one in enumerate(order):
            if one.position != position:
                CustomField.objects.filter(pk=one.pk).update(position=position)
    return locked
