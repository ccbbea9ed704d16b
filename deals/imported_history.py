"""The history of imported opportunities, as their dates tell it."""

import json

from deals.models import Opportunity, Stage
from leads.models import ImportBatch
from presales.validity import NOON, execute_without


def insert_without_events(statement: str, parameters: dict) -> int:
    """Run an INSERT of opportunities that writes no events of its own; how many rows. `date_history` writes them."""
    return execute_without("deals.Opportunity:insert_insert", statement, parameters)


def date_history(batch: ImportBatch, first: Stage) -> None:
    """Write the events of the batch's opportunities at the times their dates say. Call it after inserting them
    by `insert_without_events`.

    The trigger would say that a deal of 2017 came into being today, already closed; every figure as of a past day
    reads these events. So each deal gets those that a CRM in use at the time would have written: its creation in
    the `first` stage, on the day it was created; and, where it is in another stage, the move there: on the day it
    closed, or, for an open deal, of whose moves no file tells, together with its creation. Both name the
    importing person, the file and the channel, so that the timeline says where they come from.

    A file knows days, not hours. They stand at noon, by UTC: whoever asks for a past day, wherever they are between
    Honolulu and Auckland, finds the deal begun or closed on the day that the file says.
    """
    event = Opportunity.pgh_event_model
    table = event._meta.db_table
    columns = [one.column for one in event._meta.concrete_fields if not one.name.startswith("pgh_")]
    now_is = {column: f"o.{column}" for column in columns}
    began_as = now_is | {
        "stage_id": "%(first)s", "outcome": "'open'", "stage_since": "o.created_at", "closed_on": "NULL",
        "lost_reason": "''", "no_go_reason": "''",
    }  # fmt: skip
    context = {"user": batch.created_by_id, "action": "import", "channel": "import", "import": batch.pk}
    parameters = {"first": first.pk, "batch": batch.pk, "context": json.dumps(context)}
    began = NOON.format("o.created_at")
    moved = f"greatest({began}, {NOON.format('o.stage_since')})"
    names = ", ".join(columns)
    insert = f"INSERT INTO {table} (pgh_created_at, pgh_until, pgh_label, pgh_obj_id, pgh_context, {names}) SELECT"
    ends_former = "deals.OpportunityEvent:ends_former"  # both rows come with their ends
    execute_without(
        ends_former,
        f"{insert} {began}, CASE WHEN o.stage_id <> %(first)s THEN {moved} END, 'insert', o.id, %(context)s::jsonb, "
        f"{', '.join(began_as[name] for name in columns)} FROM deals_opportunity o "
        "WHERE o.import_batch_id = %(batch)s ORDER BY o.id",
        parameters,
    )
    execute_without(
        ends_former,
        f"{insert} {moved}, NULL, 'update', o.id, %(context)s::jsonb, "
        f"{', '.join(now_is[name] for name in columns)} FROM deals_opportunity o "
        "WHERE o.import_batch_id = %(batch)s AND o.stage_id <> %(first)s ORDER BY o.id",
        parameters,
    )
