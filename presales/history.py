"""Reading the history that the database's triggers write: who changed what, when, from what, to what."""

import datetime
from dataclasses import dataclass, field
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.db.models import Model
from django.utils import timezone


@dataclass
class Change:
    """One field's change, in words."""

    label: str
    before: str
    after: str
    field: str = ""


@dataclass
class Entry:
    """One line of a timeline."""

    at: datetime.datetime
    kind: str
    title: str
    who: str = ""
    reason: str = ""
    channel: str = ""
    text: str = ""
    url: str = ""
    icon: str = "history"
    action: str = ""
    changes: list[Change] = field(default_factory=list)


HIDDEN = {
    "version",
    "pgh_id",
    "pgh_created_at",
    "pgh_until",
    "pgh_label",
    "pgh_obj",
    "pgh_context",
    "pgh_context_id",
    "id",
}


def events_of(record: Model, limit: int = 200) -> list[Model]:
    """The newest event rows of one record, newest first; one query."""
    return list(_event_model(type(record)).objects.filter(pgh_obj_id=record.pk).order_by("-pgh_id")[:limit])


def version_of(record: Model, version: int) -> Model | None:
    """The newest row of the history that shows `record` at `version`; None where there is none."""
    events = _event_model(type(record))
    return events and events.objects.filter(pgh_obj_id=record.pk, version=version).order_by("-pgh_id").first()


def who_saved(record: Model) -> str:
    """Who made the version that is stored, by name; "" for a job or where the history does not tell."""
    events = _event_model(type(record))
    if events is None:
        return ""
    made = events.objects.filter(pgh_obj_id=record.pk, version=record.version).order_by("pgh_id").first()
    key = (getattr(made, "pgh_context", None) or {}).get("user")
    person = key and get_user_model()._base_manager.filter(pk=key).first()
    return str(person) if person else ""


def changes_of(
    record: Model,
    limit: int = 100,
    events: list[Model] | None = None,
    known: dict[type[Model], dict[int, str]] | None = None,
) -> list[Entry]:
    """The newest `limit` changes of one record, newest first, in few queries whatever their number.

    Fields excluded from tracking never appear, nor those that the model keeps in PRIVATE_FIELDS: who may read them is a
    question that the history cannot answer. Choices are shown by their labels, relations by name: one query for
    each related model whose rows are not in `known`. `events` are those of `events_of`, if they are read already.
    """
    model = type(record)
    events = (events_of(record, limit + 1) if events is None else events)[: limit + 1]
    pairs = list(zip(events, [*events[1:], None], strict=True))
    names = _names(events, pairs, known or {})
    people = names.get(get_user_model(), {})
    parts = _parts(model, pairs)
    entries = []
    for event, older in pairs[:limit]:
        context = event.pgh_context or {}
        changes = _changes(model, older, event, names, parts) if older is not None else []
        if older is not None and not changes and event.pgh_label != "delete":
            continue
        action = str(context.get("action") or event.pgh_label)
        entries.append(
            Entry(
                at=event.pgh_created_at,
                kind=event.pgh_label,
                title=in_words(action),
                action=action,
                who=people.get(context.get("user"), "Presales"),
                reason=str(context.get("reason") or ""),
                channel=str(context.get("channel") or "job"),
                changes=changes,
            )
        )
    return entries


# Verbs whose past is not made by adding "ed", and what the database's own labels mean.
PAST = {
    "insert": "created this", "update": "changed this", "delete": "removed this", "begin": "began", "bring": "brought",
    "choose": "chose", "find": "found", "give": "gave", "hand": "handed", "hold": "held", "keep": "kept",
    "lose": "lost", "make": "made", "put": "put", "read": "read", "run": "ran", "send": "sent", "set": "set",
    "take": "took", "win": "won", "withdraw": "withdrew", "write": "wrote", "log": "logged", "drop": "dropped",
    "submit": "submitted", "undo": "undid", "no": "called no", "let": "let", "split": "split", "stop": "stopped",
}  # fmt: skip


def in_words(action: str) -> str:
    """An action's name as something that happened: `accept_lead` gives `accepted lead`."""
    verb, *rest = action.split("_")
    if verb in PAST:
        past = PAST[verb]
    elif verb.endswith("e"):
        past = f"{verb}d"
    elif verb.endswith("y") and verb[-2:-1] not in "aeiou":
        past = f"{verb[:-1]}ied"
    else:
        past = f"{verb}ed"
    return " ".join([past, *rest])


def _event_model(model: type[Model]) -> type[Model] | None:
    found = (
        relation.related_model
        for relation in model._meta.related_objects
        if relation.field.name == "pgh_obj" and relation.related_model._meta.model_name.endswith("event")
    )
    return next(found, None)


def _names(events: list[Model], pairs: list[tuple], known: dict) -> dict[type[Model], dict[int, str]]:
    """The names of everything that the changes refer to, and of the people who made them."""
    wanted: dict[type[Model], set[int]] = {}
    wanted[get_user_model()] = {(event.pgh_context or {}).get("user") for event in events}
    for newer, older in pairs:
        for event_field in newer._meta.concrete_fields if older is not None else []:
            if event_field.is_relation and event_field.name not in HIDDEN:
                values = {getattr(newer, event_field.attname), getattr(older, event_field.attname)}
                if len(values) > 1:
                    wanted.setdefault(event_field.related_model, set()).update(values)
    names = {model: dict(rows) for model, rows in known.items()}
    for model, ids in wanted.items():
        missing = ids - {None} - set(names.get(model, {}))
        if missing:
            found = {row.pk: str(row) for row in model._base_manager.filter(pk__in=missing)}
            names.setdefault(model, {}).update(found)
    return names


def _parts(model: type[Model], pairs: list[tuple]) -> dict[str, dict]:
    """What the entries of a column that holds several facts are called and how they read, where such a column changed.

    A model says so in HISTORY_PARTS: by column, a function that gives (label, value in words) for each key.
    """
    return {
        name: load()
        for name, load in getattr(model, "HISTORY_PARTS", {}).items()
        if any(older is not None and getattr(newer, name) != getattr(older, name) for newer, older in pairs)
    }


def _changes_of_parts(name: str, before: dict, after: dict, known: dict) -> list[Change]:
    changes = []
    for key in [*known, *sorted((before.keys() | after.keys()) - known.keys())]:
        if before.get(key) != after.get(key):
            label, words = known.get(key, (key, str))
            was, is_now = (words(value) if value is not None else "–" for value in (before.get(key), after.get(key)))
            changes.append(Change(label, was, is_now, f"{name}.{key}"))
    return changes


def _changes(model: type[Model], older: Model, newer: Model, names: dict, parts: dict[str, dict]) -> list[Change]:
    changes = []
    for event_field in newer._meta.concrete_fields:
        name = event_field.name
        if name in HIDDEN or name in getattr(model, "PRIVATE_FIELDS", ()):
            continue
        before, after = getattr(older, event_field.attname), getattr(newer, event_field.attname)
        if name in parts:
            changes += _changes_of_parts(name, before or {}, after or {}, parts[name])
        elif before != after:
            label = model._meta.get_field(name).verbose_name
            before, after = _show(older, event_field, names), _show(newer, event_field, names)
            changes.append(Change(str(label), before, after, name))
    return changes


def _show(event: Model, event_field: object, names: dict) -> str:
    value = getattr(event, event_field.attname)
    if value is None or value == "" or value == []:
        return "–"
    if event_field.is_relation:
        return names.get(event_field.related_model, {}).get(value, f"#{value}")
    display = getattr(event, f"get_{event_field.name}_display", None)
    if display:
        return str(display())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return in_plain(value)


def in_plain(value: object) -> str:
    """A stored value as people write it: `4 Mar 2026, 14:05`, `12,000`, `yes`."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime.datetime):
        return timezone.localtime(value).strftime("%-d %b %Y, %H:%M")
    if isinstance(value, datetime.date):
        return value.strftime("%-d %b %Y")
    if isinstance(value, Decimal):
        return f"{value:,.0f}" if value == value.to_integral_value() else f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
