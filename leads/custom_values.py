"""Values of custom fields: what a definition allows, how a value is stored, and how people read it.

| kind | stored as | allowed |
| --- | --- | --- |
| text | text | up to 2,000 characters |
| number | number | 15 significant digits, 6 of them after the point |
| choice | text | one of the choices; one that was taken off the list stays where it is |
| yes or no | true, false | |
| date | text, `2026-03-04` | 1990 to 2100 |

A field that is empty has no entry at all.
"""

import datetime
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from leads.models.custom_fields import CHOICE_LENGTH, TEXT_LENGTH, CustomField, FieldKind
from presales.errors import Conflict
from presales.fields import FIRST_DAY, LAST_DAY

LARGEST = Decimal(10) ** 15


def as_number(value: Decimal | float) -> int | float:
    """A number as it is stored.

    Raises:
        ValueError: not finite, or too large.
    """
    try:
        number = Decimal(str(value))
        if not number.is_finite() or abs(number) >= LARGEST:
            raise ValueError("A number has at most 15 digits.")
        number = round(number, 6)
    except InvalidOperation:
        raise ValueError("That is not a number.") from None
    return int(number) if number == number.to_integral_value() else float(number)


def as_stored(field: CustomField, value: object, before: object = None) -> object:
    """`value` as it is stored; None for nothing. `before` is what the record has: a former choice may stay.

    Raises:
        Conflict: the definition does not allow the value.
    """
    if value is None or value == "":
        return None
    try:
        return _STORED[field.kind](field, value, before)
    except (ValueError, TypeError, InvalidOperation) as error:
        raise Conflict(f"{field.name}: {error}") from None


def _text(field: CustomField, value: object, before: object) -> str:
    text = str(value)
    if len(text) > TEXT_LENGTH:
        raise ValueError(f"At most {TEXT_LENGTH:,} characters.")
    return text


def _number(field: CustomField, value: object, before: object) -> int | float:
    if isinstance(value, bool):
        raise ValueError("That is not a number.")
    return as_number(value if isinstance(value, Decimal | float | int) else Decimal(str(value)))


def _choice(field: CustomField, value: object, before: object) -> str:
    if value != before and value not in field.choices:
        raise ValueError(f"“{str(value)[:CHOICE_LENGTH]}” is not one of the choices.")
    return str(value)


def _yes_no(field: CustomField, value: object, before: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("Say yes or no.")
    return value


def _date(field: CustomField, value: object, before: object) -> str:
    day = value if isinstance(value, datetime.date) else datetime.date.fromisoformat(str(value))
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError("A day is between 1990 and 2100.")
    return day.isoformat()[:10]


_STORED = {
    FieldKind.TEXT: _text,
    FieldKind.NUMBER: _number,
    FieldKind.CHOICE: _choice,
    FieldKind.YES_NO: _yes_no,
    FieldKind.DATE: _date,
}


def changed(custom: dict, changes: dict[str, object], fields: Iterable[CustomField]) -> dict:
    """The values of a record after `changes` (by key); what is not named stays, archived fields included.

    Raises:
        Conflict: an unknown key, or a value that its definition does not allow.
    """
    known = {field.key: field for field in fields}
    after = dict(custom)
    for key, value in changes.items():
        if key not in known:
            raise Conflict("This field is not there any more. Open the form again.")
        stored = as_stored(known[key], value, custom.get(key))
        if stored is None:
            after.pop(key, None)
        else:
            after[key] = stored
    return after


def as_value(kind: str, stored: object) -> object:
    """A stored value as Python has it: days as dates, fractions as decimals; None for nothing."""
    if stored is None:
        return None
    if kind == FieldKind.DATE and isinstance(stored, str):
        try:
            return datetime.date.fromisoformat(stored)
        except ValueError:
            return stored
    if kind == FieldKind.NUMBER and isinstance(stored, float):
        return Decimal(repr(stored))
    return stored


def in_words(kind: str, stored: object) -> str:
    """A stored value as people read it; "" for nothing."""
    value = as_value(kind, stored)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Decimal):
        return f"{value:,f}"
    if isinstance(value, datetime.date):
        return value.strftime("%-d %b %Y")
    return str(value)
