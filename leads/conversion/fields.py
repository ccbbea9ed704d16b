"""What may be learned from: SQL over a lead (`l`), its company (`c`) and its score row (`s`), by a lasting key.

Only what is known before the outcome is here. Stages and their dates, reasons for disqualifying or returning a lead,
its dossier and its opportunity come with or after the outcome, so they are not offered at all; RECORDED_AFTER names
them for people. Custom fields are offered as they are; training finds out which of them know the outcome already.

A custom field's key says all that its SQL needs (`custom.lead.number.visits`), so a stored version can always be
computed, whatever became of the definition.
"""

import re
from collections.abc import Callable, Iterable

from leads.models.custom_fields import CustomField, RecordKind
from leads.models.engagements import EngagementKind
from leads.scoring.fields import FIELDS
from leads.scoring.masses import SLOTS
from presales.learning.fields import CALENDAR, OWNER, POINTS, Known, custom_sql, text_sql, yes_no_sql
from presales.learning.table import Kind

CUSTOM = re.compile(r"^custom\.(lead|company)\.(text|number|choice|yes_no|date)\.([a-z][a-z0-9_]*)$")
TABLES = {"lead": "l", "company": "c"}
DAY = "(l.created_at AT TIME ZONE 'UTC')::date"

RECORDED_AFTER = (
    "stage and its dates", "reason for disqualifying", "reason for returning", "nurture date", "qualification dossier",
    "opportunity", "notes and comments",
)  # fmt: skip


def people_and_dates(held: str, came_in: str, one: str) -> list[Known]:
    """Who has it and when it came in, kept out by default: `held` has the columns of who, `came_in` the moment."""
    owned, group = OWNER.format(one=one), "People and dates"
    owner = f"coalesce({held}.owner_id::text, nullif('named ' || {held}.owner_name, 'named '))"
    month, weekday = (f"to_char({came_in}.created_at AT TIME ZONE 'UTC', '{part}')" for part in ("MM", "ID"))
    return [
        Known("owner", "Owner", group, Kind.CATEGORY, owner, owned),
        Known("team", "Team", group, Kind.CATEGORY, f"{held}.team_id::text", owned),
        Known("month", "Month it came in", group, Kind.CATEGORY, month, CALENDAR),
        Known("weekday", "Day of the week it came in", group, Kind.CATEGORY, weekday, CALENDAR),
    ]


def _field(key: str, group: str, kind: Kind) -> Known:
    asked = FIELDS[key]
    sql = {Kind.CATEGORY: text_sql(asked.sql), Kind.NUMBER: f"{asked.sql}::float8", Kind.ITEMS: asked.sql}[kind]
    return Known(key, asked.label, group, kind, sql, choices=asked.choices)


def _choice(key: str, group: str) -> Known:
    """A field whose values are never typed."""
    asked = FIELDS[key]
    return Known(key, asked.label, group, Kind.CATEGORY, f"nullif({asked.sql}, '')", choices=asked.choices)


def _truth(key: str, label: str, group: str, condition: str) -> Known:
    return Known(key, label, group, Kind.CATEGORY, yes_no_sql(condition), condition=condition)


BUILT_IN: dict[str, Known] = {
    known.key: known
    for known in (
        Known(POINTS, "Score by the rules", "Score", Kind.POINTS, "NULL::float8"),
        *(_choice(key, "Lead") for key in ("source", "seniority", "function", "consent")),
        *(_field(key, "Lead", Kind.CATEGORY) for key in ("job_title", "campaign")),
        *(_truth(key, FIELDS[key].label, "Lead", FIELDS[key].sql) for key in ("phone", "business_email", "company")),
        *(_field(key, "Company", Kind.CATEGORY) for key in ("industry", "country", "region")),
        *(_field(key, "Company", Kind.NUMBER) for key in ("employees", "annual_revenue")),
        _field("technologies", "Company", Kind.ITEMS),
        *(
            _truth(f"did.{kind}", EngagementKind(kind).label, "Engagement", f"coalesce(s.masses[{slot}] > 0, false)")
            for kind, slot in SLOTS.items()
        ),
        Known(
            "did", "Kinds of engagement", "Engagement", Kind.NUMBER,
            "(" + " + ".join(f"coalesce((s.masses[{slot}] > 0)::int, 0)" for slot in SLOTS.values()) + ")::float8",
        ),
        *people_and_dates("l", "l", "lead"),
    )
}  # fmt: skip


def known_by(key: str, label: str = "") -> Known | None:
    """The field of this key, built in or custom; None for a key that no field ever had."""
    if key in BUILT_IN:
        return BUILT_IN[key]
    found = CUSTOM.match(key)
    if found is None:
        return None
    record, kind, name = found.groups()
    group = "Custom fields of the company" if record == RecordKind.COMPANY else "Custom fields of the lead"
    core, sql, shown, off = custom_sql(f"{TABLES[record]}.custom", kind, name, DAY)
    off = off.format(one="lead")
    return Known(key, label or name.replace("_", " ").capitalize(), group, core, sql, off, shown=shown)


def all_known() -> dict[str, Known]:
    """Everything that may be learned from, by key: the built-in fields and the custom ones in use."""
    fields = CustomField.objects.active().filter(record__in=(RecordKind.LEAD, RecordKind.COMPANY))
    return BUILT_IN | known_customs(fields.order_by("record", "position", "pk"), known_by)


def known_customs(fields: Iterable[CustomField], known_by: Callable[[str, str], Known | None]) -> dict[str, Known]:
    """Those of the custom `fields` that can be learned from, by key."""
    named = {f"custom.{field.record}.{field.kind}.{field.key}": field.name for field in fields}
    found = {key: known_by(key, name) for key, name in named.items()}
    return {key: known for key, known in found.items() if known is not None}
