"""The history of imported leads, as their dates tell it."""

import json

from leads.models import ImportBatch, Lead
from presales.validity import NOON, execute_without

EVENT = Lead.pgh_event_model
COLUMNS = [one.column for one in EVENT._meta.concrete_fields if not one.name.startswith("pgh_")]
ENDS_FORMER = "leads.LeadEvent:ends_former"
INSERT = f"""
INSERT INTO {EVENT._meta.db_table} (pgh_created_at, pgh_until, pgh_label, pgh_obj_id, pgh_context, {", ".join(COLUMNS)})
SELECT"""
ENDED = "l.stage IN ('converted', 'disqualified') AND l.stage_since > l.created_at"
# As a lead came that has ended since: who was converted had been an SQL, by the file's word.
CAME_AS = {
    "stage": f"CASE WHEN NOT ({ENDED}) THEN l.stage WHEN l.stage = 'converted' THEN 'sql' ELSE 'new' END",
    "stage_since": "l.created_at", "converted_at": f"CASE WHEN NOT ({ENDED}) THEN l.converted_at END",
    "disqualify_reason": f"CASE WHEN {ENDED} THEN '' ELSE l.disqualify_reason END",
}  # fmt: skip


def insert_without_events(statement: str, parameters: dict) -> int:
    """Run an INSERT of leads that writes no events of its own; how many rows. `date_history` writes them."""
    return execute_without("leads.Lead:insert_insert", statement, parameters)


def date_history(batch: ImportBatch) -> None:
    """Write the events of the batch's leads at the times their dates say. Call it after `insert_without_events`.

    A lead of two years ago came then, and was converted or lost when the file says so; every figure as of a past day
    reads these events. A file knows days, not hours: they stand at noon, by UTC, as those of deals do. All name the
    importing person, the file and the channel, so that the timeline says where they come from.
    """
    parameters = {"batch": batch.pk, "context": json.dumps(_context(batch))}
    came = NOON.format("l.created_at")
    ended = f"greatest({came}, {NOON.format('l.stage_since')})"
    then = ", ".join(CAME_AS.get(name, f"l.{name}") for name in COLUMNS)
    now_is = ", ".join(f"l.{name}" for name in COLUMNS)
    execute_without(
        ENDS_FORMER,
        f"{INSERT} {came}, CASE WHEN {ENDED} THEN {ended} END, 'insert', l.id, %(context)s::jsonb, {then} "
        "FROM leads_lead l WHERE l.import_batch_id = %(batch)s ORDER BY l.id",
        parameters,
    )
    execute_without(
        ENDS_FORMER,
        f"{INSERT} {ended}, NULL, 'update', l.id, %(context)s::jsonb, {now_is} "
        f"FROM leads_lead l WHERE l.import_batch_id = %(batch)s AND {ENDED} ORDER BY l.id",
        parameters,
    )


def date_conversions(batch: ImportBatch, statement: str, leads: str, parameters: dict) -> int:
    """Run an UPDATE by which imported deals convert leads, and write what it changes at the time the file says.

    `leads` selects their ids after the update. A lead is converted on its `converted_at`, never before it came; what
    its history says of later days ends there, since the file says that it was a deal by then.
    """
    converted = execute_without("leads.Lead:update_update", statement, parameters)
    if converted:
        came = f"(SELECT min(told.pgh_created_at) FROM {EVENT._meta.db_table} told WHERE told.pgh_obj_id = l.id)"  # noqa: S608
        now_is = ", ".join(f"l.{name}" for name in COLUMNS)
        parameters = parameters | {"context": json.dumps(_context(batch))}
        # A file of leads that names no day told them converted from the start.
        until_then = {"stage": "'sql'", "stage_since": "held.stage_since", "converted_at": "NULL"}
        before = ", ".join(until_then.get(name, f"l.{name}") for name in COLUMNS)
        execute_without(
            "leads.Lead:update_update",
            f"{INSERT} held.pgh_created_at, NULL, 'update', l.id, %(context)s::jsonb, {before} FROM leads_lead l "  # noqa: S608
            f"JOIN LATERAL (SELECT * FROM {EVENT._meta.db_table} told WHERE told.pgh_obj_id = l.id "
            "AND told.converted_at < l.converted_at ORDER BY told.pgh_id LIMIT 1) held ON TRUE "
            f"WHERE l.id IN ({leads}) ORDER BY l.id",
            parameters,
        )
        # Its trigger ends what was told before, row by row: these leads have a history already.
        execute_without(
            "leads.Lead:update_update",
            f"{INSERT} greatest({NOON.format('l.converted_at')}, {came}), NULL, 'update', l.id, %(context)s::jsonb, "
            f"{now_is} FROM leads_lead l WHERE l.id IN ({leads}) ORDER BY l.id",
            parameters,
        )
    return converted


def _context(batch: ImportBatch) -> dict[str, object]:
    return {"user": batch.created_by_id, "action": "import", "channel": "import", "import": batch.pk}
