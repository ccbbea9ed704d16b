"""What a fit rule may ask about a lead and its company. Nothing else can get into a rule's SQL.

To add a field, add a line to FIELDS: a key (stored in rules, so it never changes), a label, its kind and
an SQL expression over `l` (leads_lead) and `c` (leads_company, all NULL for a lead without company).

Custom fields of leads and companies can be asked too, as `custom.<record>.<kind>.<key>`: the name alone says how to
ask, so that compiling rules reads no definitions. Their labels and choices are known to pages (`asked_by_rules`).
"""

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache

from leads.models.custom_fields import CustomField, FieldKind, RecordKind
from leads.models.leads import Consent, Source
from leads.models.scoring import ScoringRule
from leads.titles import FUNCTIONS, SENIORITIES

Operator = ScoringRule.Operator

# Mail boxes that anybody can open: an address there says nothing about the company.
FREE_MAIL = (
    "gmail.com", "googlemail.com", "yahoo.com", "hotmail.com", "outlook.com", "live.com", "msn.com", "icloud.com",
    "me.com", "aol.com", "proton.me", "protonmail.com", "gmx.de", "gmx.net", "web.de", "mail.com", "mail.ru",
    "yandex.ru", "qq.com", "163.com",
)  # fmt: skip


class Kind(Enum):
    """What values a field has, which decides the operators that fit it."""

    TEXT = "text"
    NUMBER = "number"
    LIST = "list"
    YES_NO = "yes_no"
    DATE = "date"


PRESENCE = (Operator.IS_FILLED, Operator.IS_EMPTY)
OPERATORS: dict[Kind, tuple[str, ...]] = {
    Kind.TEXT: (Operator.IS_ANY, Operator.IS_NONE, Operator.CONTAINS, *PRESENCE),
    Kind.NUMBER: (Operator.AT_LEAST, Operator.AT_MOST, *PRESENCE),
    Kind.LIST: (Operator.IS_ANY, Operator.IS_NONE, Operator.CONTAINS, *PRESENCE),
    Kind.YES_NO: (Operator.IS_FILLED, Operator.IS_EMPTY),
    Kind.DATE: (Operator.AT_LEAST, Operator.AT_MOST, *PRESENCE),
}


@dataclass(frozen=True)
class Field:
    """One thing a rule may ask. `choices` maps stored values to labels where only those are possible."""

    label: str
    kind: Kind
    sql: str
    choices: Callable[[], dict[str, str]] = field(default=dict)


def _words(values: dict) -> dict[str, str]:
    return {value: {"vp": "VP", "it": "IT"}.get(value, value.replace("_", " ").capitalize()) for value in values}


# The names hold nothing but letters, digits and dots.
_FREE_MAIL = ", ".join(f"'{domain}'" for domain in FREE_MAIL)

FIELDS: dict[str, Field] = {
    "job_title": Field("Job title", Kind.TEXT, "l.job_title"),
    "seniority": Field("Seniority", Kind.TEXT, "l.seniority", lambda: _words(SENIORITIES)),
    "function": Field("Function", Kind.TEXT, "l.function", lambda: _words(FUNCTIONS)),
    "source": Field("Source", Kind.TEXT, "l.source", lambda: dict(Source.choices)),
    "campaign": Field("Campaign", Kind.TEXT, "l.campaign"),
    "consent": Field("Consent", Kind.TEXT, "l.consent", lambda: dict(Consent.choices)),
    "phone": Field("Phone number", Kind.YES_NO, "(l.phone <> '')"),
    "business_email": Field(
        "Business e-mail",
        Kind.YES_NO,
        f"(l.email_key <> '' AND split_part(l.email_key, '@', -1) <> ALL (ARRAY[{_FREE_MAIL}]))",
    ),
    "company": Field("Company known", Kind.YES_NO, "(l.company_id IS NOT NULL)"),
    "industry": Field("Industry", Kind.TEXT, "c.industry"),
    "employees": Field("Employees", Kind.NUMBER, "c.employees"),
    "annual_revenue": Field("Annual revenue", Kind.NUMBER, "c.annual_revenue"),
    "country": Field("Country", Kind.TEXT, "c.country"),
    "region": Field("Region", Kind.TEXT, "c.region"),
    "technologies": Field("Technologies", Kind.LIST, "c.technologies"),
}


CUSTOM = re.compile(r"custom\.(lead|company)\.(text|number|choice|yes_no|date)\.([a-z][a-z0-9_]{0,39})", re.ASCII)


def custom_name(definition: CustomField) -> str:
    """How rules name a custom field."""
    return f"custom.{definition.record}.{definition.kind}.{definition.key}"


@cache
def _custom(name: str) -> Field | None:
    """A custom field by the name that rules have for it; its label is made of the key."""
    found = CUSTOM.fullmatch(name)
    if found is None:
        return None
    record, kind, key = found.groups()
    column = f"{'l' if record == RecordKind.LEAD else 'c'}.custom"
    entry = f"({column} ->> '{key}')"
    label = key.replace("_", " ").capitalize()
    if kind == FieldKind.NUMBER:
        # What is no number there is nothing.
        number = f"(CASE WHEN jsonb_typeof({column} -> '{key}') = 'number' THEN {entry}::numeric END)"
        return Field(label, Kind.NUMBER, number)
    if kind == FieldKind.DATE:
        return Field(label, Kind.DATE, entry)
    if kind == FieldKind.YES_NO:
        return Field(label, Kind.TEXT, f"(CASE {entry} WHEN 'true' THEN 'yes' WHEN 'false' THEN 'no' END)")
    return Field(label, Kind.TEXT, entry)


def lookup(name: str) -> Field | None:
    """The field that a rule calls `name`; None for what no rule may ask."""
    return FIELDS.get(name) or _custom(name)


def asked_by_rules(also: set[str] = frozenset()) -> dict[str, Field]:
    """Everything that rules may ask, custom fields with their labels and choices; one query.

    Archived ones are left out, except those in `also`, which rules ask already.
    """
    found = dict(FIELDS)
    definitions = CustomField.objects.filter(record__in=(RecordKind.LEAD, RecordKind.COMPANY))
    for definition in definitions.order_by("-record", "position", "pk"):
        name = custom_name(definition)
        if not definition.is_archived or name in also:
            choices = {choice: choice for choice in definition.choices}
            if definition.kind == FieldKind.YES_NO:
                choices = {"yes": "yes", "no": "no"}
            label = definition.name if definition.record == RecordKind.LEAD else f"{definition.name} (company)"
            found[name] = replace(_custom(name), label=label, choices=choices.copy)
    return found


class BadCondition(ValueError):
    """A condition that no field and operator allow, with a sentence for the person who wrote it."""


def check(field_key: str, operator: str, values: list[str], known: dict[str, Field] | None = None) -> None:
    """Refuse what could not be compiled, and with `known` (of `asked_by_rules`) what no lead could be.

    Raises:
        BadCondition: unknown field, an operator that does not suit it, missing or unsuitable values.
    """
    asked = known.get(field_key) if known is not None else lookup(field_key)
    if asked is None:
        raise BadCondition("Choose what the rule looks at.")
    if operator not in OPERATORS[asked.kind]:
        raise (
            BadCondition(f"“{Operator(operator).label}” does not suit {asked.label.lower()}.")
            if (operator in Operator.values)
            else BadCondition("Choose how the rule compares.")
        )
    if operator in PRESENCE:
        return
    if not values:
        raise BadCondition("Give at least one value.")
    if asked.kind is Kind.NUMBER:
        if len(values) != 1:
            raise BadCondition("Give one number.")
        number(values[0])
    if asked.kind is Kind.DATE:
        if len(values) != 1:
            raise BadCondition("Give one day, as 2026-03-04.")
        day(values[0])
    choices = asked.choices()
    if choices and operator != Operator.CONTAINS and (unknown := [value for value in values if value not in choices]):
        raise BadCondition(f"{asked.label} has no “{unknown[0]}”. Possible: {', '.join(choices)}.")


def number(text: str) -> Decimal:
    """A plain number of at most 14 digits before the point.

    Raises:
        BadCondition: anything else, NaN and infinity included.
    """
    try:
        value = Decimal(text.strip().replace(",", ""))
    except InvalidOperation as error:
        raise BadCondition(f"“{text}” is not a number.") from error
    if not value.is_finite() or abs(value) >= Decimal(10) ** 14:
        raise BadCondition(f"“{text}” is not a number that fits here.")
    return value


def day(text: str) -> str:
    """A day as it is stored, between 1990 and 2100.

    Raises:
        BadCondition: anything else.
    """
    try:
        found = datetime.date.fromisoformat(text.strip())
    except ValueError as error:
        raise BadCondition(f"“{text}” is not a day. Write it as 2026-03-04.") from error
    if not 1990 <= found.year <= 2100:
        raise BadCondition("A day is between 1990 and 2100.")
    return found.isoformat()


def condition(field_key: str, operator: str, values: list[str]) -> tuple[str, list[object]]:
    """`(sql, parameters)` of a condition; the SQL is never NULL.

    Missing is a value of its own: no comparison, "is none of" included, holds for an empty field.
    Texts compare without regard to case.
    """
    check(field_key, operator, values)
    asked = lookup(field_key)
    if asked.choices() and operator in (Operator.IS_ANY, Operator.IS_NONE):
        sql, parameters = _choice(asked.sql, operator, values)
    else:
        sql, parameters = _CONDITIONS[asked.kind](asked.sql, operator, values)
    return f"coalesce({sql}, false)", parameters


def _text(sql: str, operator: str, values: list[str]) -> tuple[str, list[object]]:
    match operator:
        case Operator.IS_FILLED:
            return f"{sql} <> ''", []
        case Operator.IS_EMPTY:
            return f"coalesce({sql}, '') = ''", []
        case Operator.IS_ANY:
            return f"lower({sql}) = ANY({_lowered(values)})", list(values)
        case Operator.IS_NONE:
            return f"{sql} <> '' AND lower({sql}) <> ALL({_lowered(values)})", list(values)
        case _:
            anywhere = " OR ".join([f"position(lower(%s) in lower({sql})) > 0"] * len(values))
            return f"({anywhere})", list(values)


def _choice(sql: str, operator: str, values: list[str]) -> tuple[str, list[object]]:
    """Stored values are compared as they are: quicker, and they are never typed."""
    if operator == Operator.IS_ANY:
        return f"{sql} = ANY(%s)", [list(values)]
    return f"{sql} <> '' AND {sql} <> ALL(%s)", [list(values)]


def _number(sql: str, operator: str, values: list[str]) -> tuple[str, list[object]]:
    match operator:
        case Operator.IS_FILLED:
            return f"{sql} IS NOT NULL", []
        case Operator.IS_EMPTY:
            return f"{sql} IS NULL", []
        case Operator.AT_LEAST:
            return f"{sql} >= %s", [number(values[0])]
        case _:
            return f"{sql} <= %s", [number(values[0])]


def _date(sql: str, operator: str, values: list[str]) -> tuple[str, list[object]]:
    # Stored as 2026-03-04: such texts have the order of the days.
    match operator:
        case Operator.IS_FILLED:
            return f"{sql} IS NOT NULL", []
        case Operator.IS_EMPTY:
            return f"{sql} IS NULL", []
        case Operator.AT_LEAST:
            return f'{sql} COLLATE "C" >= %s', [day(values[0])]
        case _:
            return f'{sql} COLLATE "C" <= %s', [day(values[0])]


# Between the items of a list; CleanInput keeps it out of every text.
_BREAK = "E'\\x1f'"


def joined(sql: str) -> str:
    """SQL of a list as one lower-case text with a break before, between and after its items."""
    return f"({_BREAK} || lower(array_to_string({sql}, {_BREAK})) || {_BREAK})"


def _list(sql: str, operator: str, values: list[str]) -> tuple[str, list[object]]:
    # Items are compared as an array made once, not one by one: rules that ask lists are evaluated for every lead.
    has_any = f"string_to_array(lower(array_to_string({sql}, {_BREAK})), {_BREAK}) && {_lowered(values)}"
    match operator:
        case Operator.IS_FILLED:
            return f"cardinality({sql}) > 0", []
        case Operator.IS_EMPTY:
            return f"coalesce(cardinality({sql}), 0) = 0", []
        case Operator.IS_ANY:
            return has_any, list(values)
        case Operator.IS_NONE:
            return f"cardinality({sql}) > 0 AND NOT ({has_any})", list(values)
        case _:
            return "(" + " OR ".join([f"position(lower(%s) in {joined(sql)}) > 0"] * len(values)) + ")", list(values)


def _yes_no(sql: str, operator: str, values: list[str]) -> tuple[str, list[object]]:
    return (sql, []) if operator == Operator.IS_FILLED else (f"NOT {sql}", [])


def _lowered(values: list[str]) -> str:
    return "ARRAY[" + ", ".join(["lower(%s)"] * len(values)) + "]"


_CONDITIONS = {Kind.TEXT: _text, Kind.NUMBER: _number, Kind.LIST: _list, Kind.YES_NO: _yes_no, Kind.DATE: _date}
