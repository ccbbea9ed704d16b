"""What the buying committee, competitors, steps to signature, reviews and tasks add to the story of a deal."""

import json
from dataclasses import dataclass

from django.db import connection
from django.db.models import Model

from deals.models import ClosingStep, Competitor, DealReview, DealTask, Opportunity, Stakeholder
from people.models import User
from presales.history import HIDDEN, Change, Entry, in_plain

SHOWN = 100


@dataclass(frozen=True)
class Part:
    """One subject: its model, its icon, and what to say when one is added, changed or removed."""

    model: type[Model]
    icon: str
    added: str
    changed: str
    removed: str


PARTS = {
    "stakeholder": Part(
        Stakeholder, "users", "put {name} on the buying committee as {role}", "changed {name} of the buying committee",
        "took {name} off the buying committee",
    ),
    "competitor": Part(
        Competitor, "swords", "named {name} as a competitor", "changed what is known of {name}",
        "took {name} off the competitors",
    ),
    "step": Part(
        ClosingStep, "signature", "", "", "took the step “{what}” off the list",
    ),
    "review": Part(
        DealReview, "checkup-list", "went through the deal", "changed what came of the review", "removed a review",
    ),
    "task": Part(
        DealTask, "checks", "set the task “{what}”", "did the task “{what}”", "removed the task “{what}”",
    ),
}  # fmt: skip
# Fields that only repeat what the sentence says, or are nobody's to read.
IMPLIED = HIDDEN | {
    "opportunity", "created_at", "created_by", "done_at", "done_by", "by", "on", "at", "claimed", "evidenced",
}  # fmt: skip
_ONE = """
  SELECT pgh_id AS place, pgh_created_at AS at, %s AS subject, pgh_label AS label, pgh_context AS context,
         to_jsonb(event) AS now, lag(to_jsonb(event)) OVER (PARTITION BY pgh_obj_id ORDER BY pgh_id) AS before
    FROM {table} event WHERE opportunity_id = %s
"""
_STORY = """
SELECT part.at, part.subject, part.label, part.now, part.before, part.context FROM ({parts}) part
 ORDER BY part.at DESC, part.place DESC LIMIT %s
"""


def parts_story(opportunity: Opportunity) -> list[Entry]:
    """The newest changes of these parts, newest first: two queries, however many there are."""
    parts = " UNION ALL ".join(_ONE.format(table=part.model.pgh_event_model._meta.db_table) for part in PARTS.values())
    values = [value for subject in PARTS for value in (subject, opportunity.pk)]
    with connection.cursor() as cursor:
        cursor.execute(_STORY.format(parts=parts), [*values, SHOWN])
        rows = [[_read(value) for value in row] for row in cursor.fetchall()]
    names = _names(rows)
    return [entry for row in rows if (entry := _told(row, names)) is not None]


def _read(value: object) -> object:
    """The driver leaves JSON as text where Django has not asked for it."""
    return json.loads(value) if isinstance(value, str) and value.startswith("{") else value


def _people(part: Part) -> list[str]:
    return [field.attname for field in part.model._meta.concrete_fields if field.related_model is User]


def _names(rows: list[list]) -> dict[int, str]:
    """The names of those who did it, and of those whom the changes speak of."""
    wanted = set()
    for _, subject, _, now, before, context in rows:
        wanted.add((context or {}).get("user"))
        wanted |= {(row or {}).get(column) for column in _people(PARTS[subject]) for row in (now, before)}
    return dict(User.objects.filter(pk__in=wanted - {None}).values_list("pk", "name"))


def _told(row: list, names: dict[int, str]) -> Entry | None:
    at, subject, label, now, before, context = row
    part, context = PARTS[subject], context or {}
    changes = _changes(part, before, now, names) if label == "update" and before else []
    title = {"insert": part.added, "update": part.changed, "delete": part.removed}[label].format(
        **{name: _words(part, name, now[name], names).lower() if name == "role" else now[name]
           for name in ("name", "role", "what") if name in now}
    )  # fmt: skip
    if subject == "step" and label != "delete":
        # That one was listed or dated is on the page of the steps; here it would drown what happened.
        if not before or (now["done_at"] is None) == (before["done_at"] is None):
            return None
        title = f"said that “{now['what']}” is {'done' if now['done_at'] else 'not done after all'}"
    elif subject == "task" and label == "update":
        if now["done_at"] is None or before is None or before["done_at"] is not None:
            return None
    elif label == "update" and not changes:
        return None
    said = now["note"] if subject == "review" and label == "insert" else context.get("reason")
    return Entry(
        at=at, kind=subject, icon=part.icon, channel=str(context.get("channel") or "job"), title=title, changes=changes,
        who=names.get(context.get("user"), "Presales"), reason=str(said or ""),
    )  # fmt: skip


def _changes(part: Part, before: dict, now: dict, names: dict[int, str]) -> list[Change]:
    fields = [field for field in part.model._meta.concrete_fields if field.name not in IMPLIED]
    return [
        Change(
            str(field.verbose_name), _words(part, field.attname, before[field.attname], names),
            _words(part, field.attname, now[field.attname], names), field.name,
        )
        for field in fields
        if before[field.attname] != now[field.attname]
    ]  # fmt: skip


def _words(part: Part, column: str, value: object, names: dict[int, str]) -> str:
    field = next(field for field in part.model._meta.concrete_fields if field.attname == column)
    if value in (None, ""):
        return "–"
    if field.related_model is User:
        return names.get(value, f"#{value}")
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    return in_plain(field.to_python(value))
