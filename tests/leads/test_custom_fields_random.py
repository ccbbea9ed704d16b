"""Custom fields with values of all kinds at random: nothing is lost between export and import, and filters find exactly
what plain Python finds."""

import datetime
import random
from urllib.parse import urlencode

import pytest
from django.http import QueryDict

from leads.custom_filters import Filters
from leads.custom_values import as_number, as_stored, as_value, changed, in_words
from leads.imports import values
from leads.imports.custom import _yes_no
from leads.models import CustomField, Lead
from presales.csv import csv_cell, csv_text
from tests.factories import LeadFactory

CHOICES = ["S", "Large, or so", "=1+1", "é"]
READ = {
    "number": lambda cell: values.number(cell, "point"),
    "date": lambda cell: values.moment(cell).date().isoformat(),
    "yes_no": _yes_no,
    "text": csv_text,
    "choice": csv_text,
}
LETTERS = "abc ÄÖ=+-@|%\"',;{}<>\\0129"


def anything(dice, kind):
    """A stored value of the kind."""
    if kind == "number":
        return as_number(dice.choice([
            dice.randrange(-(10**15) + 1, 10**15), round(dice.uniform(-1000, 1000), dice.randrange(7)),
            dice.choice([0, 0.000001, -0.5, 1e14]),
        ]))  # fmt: skip
    if kind == "date":
        return (datetime.date(1990, 1, 1) + datetime.timedelta(days=dice.randrange(40541))).isoformat()
    if kind == "yes_no":
        return dice.random() < 0.5
    if kind == "choice":
        return dice.choice(CHOICES)
    return "".join(dice.choice(LETTERS) for _ in range(dice.randrange(1, 30))).strip() or "x"


@pytest.mark.parametrize("kind", READ)
def test_what_is_exported_comes_back_as_it_was(kind):
    dice = random.Random(kind)
    field = CustomField(name="F", kind=kind, choices=CHOICES)
    for _ in range(500):
        stored = anything(dice, kind)
        assert as_stored(field, as_value(kind, stored)) == stored
        assert READ[kind](csv_cell(as_value(kind, stored))) == stored
        assert in_words(kind, stored)


def test_changes_touch_nothing_else():
    dice = random.Random(7)
    fields = [CustomField(name=kind, key=kind, kind=kind, choices=CHOICES) for kind in READ]
    for _ in range(200):
        before = {kind: anything(dice, kind) for kind in READ if dice.random() < 0.6} | {"put_away": 1}
        changes = {kind: anything(dice, kind) if dice.random() < 0.7 else None for kind in READ if dice.random() < 0.5}
        after = changed(before, {key: as_value(key, value) for key, value in changes.items()}, fields)
        expected = {key: value for key, value in (before | changes).items() if value is not None}
        assert after == expected


@pytest.mark.django_db
def test_filters_find_what_plain_python_finds():
    dice = random.Random(11)
    for kind in READ:
        CustomField.objects.create(record="lead", name=kind, key=kind, kind=kind, choices=CHOICES)
    leads = {}
    for _ in range(60):
        # Values of another kind, as an older import might have left them, are found by nothing and break nothing.
        custom = {kind: anything(dice, dice.choice(list(READ)) if dice.random() < 0.1 else kind) for kind in READ
                  if dice.random() < 0.7}  # fmt: skip
        leads[LeadFactory(custom=custom).pk] = custom
    for _ in range(80):
        low, high = sorted(anything(dice, "number") for _ in range(2))
        first, last = sorted(anything(dice, "date") for _ in range(2))
        letter = dice.choice("abc0Ä")
        checks = {
            "number": ({"f-number-from": low, "f-number-to": high},
                       lambda v, a=low, b=high: type(v) in (int, float) and a <= v <= b),
            "date": ({"f-date-from": first, "f-date-to": last},
                     lambda v, a=first, b=last: isinstance(v, str) and a <= v <= b),
            "yes_no": ({"f-yes_no": "yes"}, lambda v: v is True),
            "choice": ({"f-choice": "Large, or so"}, lambda v: v == "Large, or so"),
            "text": ({"f-text": letter}, lambda v, x=letter: v is not None and x.casefold() in as_text(v).casefold()),
        }  # fmt: skip
        asked = dice.sample(sorted(checks), dice.randrange(1, 3))
        query = QueryDict(urlencode({name: value for kind in asked for name, value in checks[kind][0].items()}))
        found = set(Filters.read("lead", query).apply(Lead.objects.all()).values_list("pk", flat=True))
        assert found == {
            pk for pk, custom in leads.items()
            if all(kind in custom and checks[kind][1](custom[kind]) for kind in asked)
        }, (asked, query)  # fmt: skip


def as_text(value):
    """A value as PostgreSQL writes it as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
