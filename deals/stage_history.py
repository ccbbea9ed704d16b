"""The story of a stage: its figures and its exit criteria, read from the history's event tables."""

from django.contrib.auth import get_user_model

from deals.gates import GATES
from deals.models import ExitCriterion, Stage
from presales.history import Entry, changes_of

LIMIT = 40


def label_of(gate: str) -> str:
    """A gate's label; its bare name where this version does not know it."""
    return GATES[gate].label if gate in GATES else gate


def stage_history(stage: Stage) -> list[Entry]:
    """Changes of the stage and of what it wants, newest first; four queries whatever their number."""
    entries = changes_of(stage, limit=LIMIT)
    for entry in entries:
        entry.title = "changed the stage" if entry.changes else "added the stage"
        entry.icon = "pencil" if entry.changes else "plus"
    entries += _of_criteria(stage)
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:LIMIT]


def _of_criteria(stage: Stage) -> list[Entry]:
    events = list(ExitCriterion.pgh_event_model.objects.filter(stage_id=stage.pk).order_by("-pgh_id")[:200])
    ids = {(event.pgh_context or {}).get("user") for event in events} - {None}
    people = get_user_model().objects.in_bulk(ids)
    entries, before = [], {}
    for event in reversed(events):
        told = _told(event, before.get(event.pgh_obj_id))
        before[event.pgh_obj_id] = event
        if told:
            title, icon = told
            context = event.pgh_context or {}
            who = people.get(context.get("user"))
            entries.append(
                Entry(
                    at=event.pgh_created_at,
                    kind=event.pgh_label,
                    title=title,
                    icon=icon,
                    who=str(who) if who else "Presales",
                    channel=str(context.get("channel") or "job"),
                )
            )
    return entries


def _told(event: object, older: object | None) -> tuple[str, str] | None:
    """The event as a sentence with its icon; None for a mere change of place in the list."""
    name, strength = f"“{label_of(event.gate)}”", "required" if event.is_required else "advisory"
    if event.pgh_label == "insert":
        return f"added {name}, {strength}", "plus"
    if event.pgh_label == "delete":
        return f"removed {name}", "trash"
    if older is not None and older.is_required != event.is_required:
        return f"made {name} {strength}", "pencil"
    return None
