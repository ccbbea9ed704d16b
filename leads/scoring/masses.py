"""What leads did, kept as decaying masses, so that a rescore never reads the events again.

For each lead and kind of engagement, `mass = Σ weight · 2^((day − epoch) / half-life)` over the lead's events. On
any day the events are worth `mass · 2^-((day − epoch) / half-life)`: one multiplication, whatever their number.

- Time goes by whole days in UTC, as scores do. An event counts from the day it happened, or from the day
  it was entered if that is earlier, so one dated into the future never counts above its weight.
- Masses are whole numbers of 2^-24. Sums of whole numbers do not depend on their order, so a mass kept up
  event by event equals one summed afresh to the last bit, and scores can be verified by equality.
- They grow as the epoch recedes. After EPOCH_HALF_LIVES half-lives `move_epoch` takes a new one; rows whose
  `mass_rev` is older than the settings' are summed afresh before they are scored.
"""

import datetime

from django.db import connection, transaction
from django.db.models import F

from leads.models.engagements import Engagement, EngagementKind
from leads.models.scoring import ScoringSettings
from leads.scoring.rules import Ruleset, settings_row

UNIT = 1 << 24
CAP = 1 << 62
EPOCH_HALF_LIVES = 16

# Where each kind's mass stands in the array. Only ever add at the end.
SLOTS: dict[str, int] = {
    EngagementKind.DEMO_REQUEST: 1,
    EngagementKind.TRIAL_SIGNUP: 2,
    EngagementKind.WEBINAR_ATTENDED: 3,
    EngagementKind.CONTENT_DOWNLOADED: 4,
    EngagementKind.EMAIL_OPENED: 5,
    EngagementKind.EMAIL_CLICKED: 6,
    EngagementKind.EMAIL_REPLIED: 7,
    EngagementKind.PAGE_VISIT: 8,
    EngagementKind.MEETING: 9,
}

# Events more than 60 half-lives before the epoch are worth nothing; the upper bound keeps power() in range.
_EXPONENT = """(((least({e}.occurred_at, {e}.created_at) AT TIME ZONE 'UTC')::date - {epoch})::float8 / {half_life})"""
_CONTRIBUTION = f"""
    CASE WHEN {_EXPONENT} < -60 THEN 0
    ELSE round({{e}}.weight * power(2.0::float8, least({_EXPONENT}, 30.0)) * {UNIT})::bigint END
"""


def contribution(event: str, epoch: str, half_life: str) -> str:
    """SQL of what one event adds to its mass. The arguments are an alias and SQL expressions, never user text."""
    return _CONTRIBUTION.format(e=event, epoch=f"({epoch})::date", half_life=f"({half_life})::float8")


def sums(event: str, epoch: str, half_life: str) -> str:
    """SQL of the array of masses over a group of events."""
    one = contribution(event, epoch, half_life)
    return (
        "ARRAY["
        + ", ".join(
            f"least(coalesce(sum({one}) FILTER (WHERE {event}.kind = '{kind}'), 0), {CAP})::bigint" for kind in SLOTS
        )
        + "]"
    )


def add(engagement: Engagement) -> None:
    """Add a new event to its lead's masses and mark the score stale. Call it in the transaction that made the event."""
    slot = SLOTS[engagement.kind]
    elements = [f"coalesce(s.masses[{number}], 0)" for number in range(1, len(SLOTS) + 1)]
    more = contribution("e", "g.mass_epoch", "g.half_life_days")
    elements[slot - 1] = f"least({elements[slot - 1]}::numeric + ({more}), {CAP})::bigint"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE leads_leadscore s
            SET masses = ARRAY[{", ".join(elements)}], input_rev = s.input_rev + 1, attempts = 0, set_aside_at = NULL
            FROM leads_scoringsettings g, leads_engagement e
            WHERE g.id = 1 AND e.id = %s AND s.lead_id = e.lead_id AND s.mass_rev = g.mass_rev
            """,  # noqa: S608  the parts come from this file
            [engagement.pk],
        )
        if cursor.rowcount == 0:
            rebuild([engagement.lead_id])


def rebuild(lead_ids: list[int]) -> None:
    """Sum the masses of these leads afresh and mark their scores stale.

    For everything but a single new event: imports, merges, changed and deleted events. Call it in the same
    transaction, after the events have changed.
    """
    from leads.scoring import stale

    if not lead_ids:
        return
    with transaction.atomic():
        stale.mark_leads(lead_ids)  # locks the rows, so that nobody adds to a mass between reading and writing
        recompute(Ruleset.of_settings(settings_row(lock=True), ()), "s.lead_id = ANY(%s)", [list(lead_ids)])


def recompute(rules: Ruleset, scope: str, parameters: list[object]) -> int:
    """Sum afresh the masses of the rows in `scope` (SQL over `s`); how many rows that wrote.

    A row that an action changes meanwhile is left as it is: the action has marked it stale.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE leads_leadscore t SET masses = n.masses, mass_rev = %s
            FROM (
                SELECT s.lead_id, s.input_rev, coalesce(f.masses, '{{}}') AS masses
                FROM leads_leadscore s LEFT JOIN ({fresh()}) f ON f.lead_id = s.lead_id
                WHERE {scope}
            ) n
            WHERE t.lead_id = n.lead_id AND t.input_rev = n.input_rev
            """.replace("/*scope*/", f"WHERE e.lead_id IN (SELECT s.lead_id FROM leads_leadscore s WHERE {scope})"),  # noqa: S608
            [rules.mass_rev, *fresh_parameters(rules), *parameters, *parameters],
        )
        return cursor.rowcount


def fresh() -> str:
    """SQL of `(lead_id, masses)` summed from the events; `/*scope*/` stands where a WHERE clause may go."""
    return f"""
        SELECT e.lead_id, {sums("e", "k.epoch", "k.half_life")} AS masses
        FROM leads_engagement e, (SELECT %s::date AS epoch, %s::float8 AS half_life) k
        /*scope*/
        GROUP BY e.lead_id
    """  # noqa: S608


def fresh_parameters(rules: Ruleset) -> list[object]:
    """The parameters of `fresh`, in order."""
    return [rules.mass_epoch, float(rules.half_life_days)]


def move_epoch(today: datetime.date) -> bool:
    """Take `today` as the epoch of masses where the old one is too far away to count from; whether it did."""
    row = settings_row()
    if -2 * row.half_life_days <= (today - row.mass_epoch).days <= EPOCH_HALF_LIVES * row.half_life_days:
        return False
    return bool(
        ScoringSettings.objects.filter(pk=1, mass_rev=row.mass_rev).update(mass_epoch=today, mass_rev=F("mass_rev") + 1)
    )
