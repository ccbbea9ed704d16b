"""What may be learned from: SQL over a lead (`l`), its company (`c`) and its score row (`s`), by a lasting key.

Only what is known before the outcome is here. Stages and their dates, reasons for disqualifying or returning a lead,
its dossier and its opportunity come with or after the outcome, so they are not offered at all; RECORDED_AFTER names
them for people. Custom fields are offered as they are; training finds out which of them know the outcome already.

A custom field's key says all that its SQL needs (`custom.lead.number.visits`), so a stored version can always be
computed, whatever became of the definition.
"""

import re
from dataclasses import dataclass

from leads.learning.table import Kind
from leads.models.custom_fields import CustomField, FieldKind, RecordKind
from leads.models.engagements import EngagementKind
from leads.scoring.fields import FIELDS
from leads.scoring.masses import SLOTS

POINTS = "points"
CUSTOM = re.compile(r"^custom\.(lead|company)\.(text|number|choice|yes_no|date)\.([a-z][a-z0-9_]*)$")
TABLES = {"lead": "l", "company": "c"}
# Longer texts differ in nearly every lead, and are found to number the rows.
LONGEST = 120

RECORDED_AFTER = (
    "stage and its dates", "reason for disqualifying", "reason for returning", "nurture date", "qualification dossier",
    "opportunity", "notes and comments",
)  # fmt: skip


@dataclass(frozen=True)
class Known:
    """One thing that may be learned from. `off` says why it is not, unless somebody switches it on.

    `condition` is the SQL of whether it holds, where it can only be yes or no.
    """

    key: str
    label: str
    group: str
    kind: Kind
    sql: str
    off: str = ""
    condition: str = ""


def _text(expression: str) -> str:
    # Lower-casing ASCII alone takes a fifth of the time, and other letters are hardly ever all that differs.
    return f"nullif(left(lower({expression} COLLATE \"C\"), {LONGEST}), '')"


def _yes_no(condition: str) -> str:
    return f"CASE WHEN {condition} THEN 'yes' ELSE 'no' END"


OWNER = "Says who works the lead, not what it is worth; a percentage that rests on it makes itself come true."
CALENDAR = "Says when, not who; what held in one season rarely holds in the next."
DATE = "Counts as the days from then until the lead came in. What lay later is not known yet and counts as missing."


def _field(key: str, group: str, kind: Kind) -> Known:
    asked = FIELDS[key]
    sql = {Kind.CATEGORY: _text(asked.sql), Kind.NUMBER: f"{asked.sql}::float8", Kind.ITEMS: asked.sql}[kind]
    return Known(key, asked.label, group, kind, sql)


def _choice(key: str, group: str) -> Known:
    """A field whose values are never typed."""
    return Known(key, FIELDS[key].label, group, Kind.CATEGORY, f"nullif({FIELDS[key].sql}, '')")


def _truth(key: str, label: str, group: str, condition: str) -> Known:
    return Known(key, label, group, Kind.CATEGORY, _yes_no(condition), condition=condition)


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
        Known(
            "owner", "Owner", "People and dates", Kind.CATEGORY,
            "coalesce(l.owner_id::text, nullif('named ' || l.owner_name, 'named '))", OWNER,
        ),
        Known("team", "Team", "People and dates", Kind.CATEGORY, "l.team_id::text", OWNER),
        Known(
            "month", "Month it came in", "People and dates", Kind.CATEGORY,
            "to_char(l.created_at AT TIME ZONE 'UTC', 'MM')", CALENDAR,
        ),
        Known(
            "weekday", "Day of the week it came in", "People and dates", Kind.CATEGORY,
            "to_char(l.created_at AT TIME ZONE 'UTC', 'ID')", CALENDAR,
        ),
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
    core, sql, off = _custom(f"{TABLES[record]}.custom", kind, name)
    return Known(key, label or name.replace("_", " ").capitalize(), group, core, sql, off)


def _custom(column: str, kind: str, name: str) -> tuple[Kind, str, str]:
    text = f"({column} ->> '{name}')"
    match kind:
        case FieldKind.NUMBER:
            # A number field holds nothing else; asking for the kind of each value would double what reading it costs.
            return Kind.NUMBER, f"{text}::float8", ""
        case FieldKind.YES_NO:
            return Kind.CATEGORY, f"CASE {text} WHEN 'true' THEN 'yes' WHEN 'false' THEN 'no' END", ""
        case FieldKind.DATE:
            day = f"CASE WHEN {text} ~ '^\\d{{4}}-\\d\\d-\\d\\d$' THEN {text}::date END"
            age = f"((l.created_at AT TIME ZONE 'UTC')::date - ({day}))"
            return Kind.NUMBER, f"CASE WHEN {age} >= 0 THEN {age}::float8 END", DATE
        case _:
            return Kind.CATEGORY, _text(text), ""


def all_known() -> dict[str, Known]:
    """Everything that may be learned from, by key: the built-in fields and the custom ones in use."""
    found = dict(BUILT_IN)
    records = (RecordKind.LEAD, RecordKind.COMPANY)
    for field in CustomField.objects.active().filter(record__in=records).order_by("record", "position", "pk"):
        key = f"custom.{field.record}.{field.kind}.{field.key}"
        known = known_by(key, field.name)
        if known is not None:
            found[key] = known
    return found


def used(known: dict[str, Known], switched_on: list[str], switched_off: list[str]) -> list[Known]:
    """Those to learn from: on unless usually off, and as people switched them."""
    return [
        one
        for one in known.values()
        if one.key == POINTS or (one.key not in switched_off and (not one.off or one.key in switched_on))
    ]
