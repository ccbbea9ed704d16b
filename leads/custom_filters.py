"""Lists narrowed by custom fields.

In an address a field is `f-<key>`: a choice, `yes`, `no`, a part of a text, or `-` for nothing said; of numbers and
days `f-<key>-from` and `f-<key>-to`, inclusive. What is not understood is left out.
"""

import json
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from django.db.models import BooleanField, F, Q, QuerySet, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.lookups import IContains
from django.http import QueryDict
from django.utils.dateparse import parse_date

from leads.custom_values import LARGEST, as_number
from leads.models import CustomField, FieldKind
from presales.fields import FIRST_DAY, LAST_DAY
from presales.sql import Template
from presales.text import squeeze

NOTHING = "-"
RANGED = (FieldKind.NUMBER, FieldKind.DATE)


@dataclass(frozen=True)
class Filter:
    """One field, and what the address asks of it."""

    key: str
    name: str
    kind: str
    choices: list[str] = field(default_factory=list)
    value: str = ""
    start: str = ""
    end: str = ""

    @property
    def is_on(self) -> bool:
        """Whether it narrows anything."""
        return bool(self.value or self.start or self.end)

    @property
    def is_range(self) -> bool:
        """Whether it is asked by a lowest and a highest value."""
        return self.kind in RANGED

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What can be chosen, with labels."""
        named = (
            [("yes", "Yes"), ("no", "No")] if self.kind == FieldKind.YES_NO else [(one, one) for one in self.choices]
        )
        return [*named, (NOTHING, "Nothing said")]

    def apply(self, records: QuerySet) -> QuerySet:
        """`records` that have what is asked."""
        if self.is_range:
            return records.filter(self._between()) if self.is_on else records
        if not self.value:
            return records
        if self.kind == FieldKind.TEXT:
            return records.filter(IContains(KeyTextTransform(self.key, "custom"), self.value))
        if self.value == NOTHING:
            return records.filter(~Q(custom__has_key=self.key))
        wanted = self.value == "yes" if self.kind == FieldKind.YES_NO else self.value
        return records.filter(custom__contains={self.key: wanted})

    def _between(self) -> Template:
        # A path compares numbers with numbers and texts with texts, and anything else is simply not there.
        limits = {name: self._limit(text) for name, text in (("from", self.start), ("to", self.end)) if text}
        tests = {"from": "@ >= $from", "to": "@ <= $to"}
        path = f'$."{self.key}" ? ({" && ".join(tests[name] for name in limits)})'
        return Template(
            "jsonb_path_exists({0}, {1}::jsonpath, {2}::jsonb)", F("custom"), Value(path), Value(json.dumps(limits)),
            output_field=BooleanField(),
        )  # fmt: skip

    def _limit(self, text: str) -> object:
        return as_number(Decimal(text)) if self.kind == FieldKind.NUMBER else text


@dataclass
class Filters:
    """The custom fields of one kind of record, as filters of its list."""

    fields: list[Filter]

    @classmethod
    def read(cls, record: str, query: QueryDict) -> "Filters":
        """The filters of `record` with what `query` asks; one query."""
        known = CustomField.objects.of(record).active().values_list("key", "name", "kind", "choices")
        return cls([_read(key, name, kind, choices, query) for key, name, kind, choices in known])

    @property
    def on(self) -> list[Filter]:
        """Those that narrow the list."""
        return [one for one in self.fields if one.is_on]

    def apply(self, records: QuerySet) -> QuerySet:
        """`records` narrowed by all of them."""
        for one in self.on:
            records = one.apply(records)
        return records


def _read(key: str, name: str, kind: str, choices: list[str], query: QueryDict) -> Filter:
    if kind in RANGED:
        read = _number if kind == FieldKind.NUMBER else _day
        start, end = (read(query.get(f"f-{key}-{part}", "")) for part in ("from", "to"))
        return Filter(key, name, kind, start=start, end=end)
    value = squeeze(query.get(f"f-{key}", ""))[:200]
    if kind == FieldKind.YES_NO:
        choices = []
        value = value if value in ("yes", "no", NOTHING) else ""
    elif kind == FieldKind.CHOICE and value not in (*choices, NOTHING):
        value = ""
    return Filter(key, name, kind, choices, value)


def _number(text: str) -> str:
    try:
        number = Decimal(text.strip()[:40])
    except InvalidOperation:
        return ""
    return str(as_number(number)) if number.is_finite() and abs(number) < LARGEST else ""


def _day(text: str) -> str:
    try:
        day = parse_date(text[:10])
    except ValueError:
        return ""
    return day.isoformat() if day and FIRST_DAY <= day <= LAST_DAY else ""
