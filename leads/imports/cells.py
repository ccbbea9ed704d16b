"""Cells as values of a field: one parser for each column, made once per run."""

import datetime
import functools
import json
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from leads.imports import values
from leads.imports.problems import copy_text
from leads.imports.targets import Field
from presales.spreadsheets import BrokenText

Parser = Callable[[str], object]


def parser(item: Field, column: str, options: dict) -> Parser:
    """What turns a cell of `column` into a value of the field `item`; it raises `BadValue` for a cell that is none."""
    meanings: dict[str, str] = options.get("values", {}).get(column, {})
    empty = meanings.get("") or None
    parse = _parse(item, column, options, meanings)

    def cell(text: str) -> object:
        if not text:
            return empty
        if isinstance(text, BrokenText):
            raise values.BadValue("holds control characters")
        return parse(text)

    return cell


def _parse(item: Field, column: str, options: dict, meanings: dict[str, str]) -> Parser:
    if item.kind == "choice":
        # Guessing may ask the database for the choices: once for each distinct value, not for each row.
        guess = functools.lru_cache(maxsize=1024)(lambda text: item.guess(text) or None)
        if item.every_value:
            return lambda text: meanings.get(text) or guess(text) or _no_meaning()
        return lambda text: (meanings[text] or None) if text in meanings else guess(text)
    if item.kind == "money":
        # One mark for the whole column: a cell that does not fit it is reported, never read the other way.
        mark = options.get("mark", {}).get(column) or "point"
        return lambda text: values.decimal(text, 16, mark)
    if item.kind == "whole":
        return lambda text: values.whole(text, mark=options.get("mark", {}).get(column) or "")
    if item.kind in ("day", "moment"):
        order = options.get("order", {}).get(column, "dmy")
        moment = functools.lru_cache(maxsize=4096)(lambda text: values.moment(text, order))
        return moment if item.kind == "moment" else lambda text: moment(text).date()
    if item.kind == "words":
        return _words
    return functools.partial(_email if item.kind == "email" else _text, item.max_length)


def _no_meaning() -> str:
    raise values.BadValue("says nothing we know; say in the matching what it means")


def _words(text: str) -> list[str]:
    return [word.strip()[:60] for word in text.replace(";", ",").split(",") if word.strip()][:30]


def _text(longest: int, text: str) -> str:
    if len(text) > longest:
        raise values.BadValue(f"longer than {longest} characters")
    return text


def _email(longest: int, text: str) -> str:
    _text(longest, text)
    try:
        validate_email(text)
    except ValidationError:
        raise values.BadValue("not an e-mail address") from None
    return text


def as_copied(value: object) -> str:
    """`value` as a cell of COPY's text format; nothing is NULL."""
    if value is None or value == "":
        return "\\N"
    if isinstance(value, str):
        return value if value.isalnum() else copy_text(value)
    if isinstance(value, list):
        quoted = ('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in value)
        return copy_text("{" + ",".join(quoted) + "}")
    if isinstance(value, dict):
        return copy_text(json.dumps(value, ensure_ascii=False)) if value else "\\N"
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    return str(value)
