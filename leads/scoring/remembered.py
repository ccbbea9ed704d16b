"""What leads were found to be, remembered by range, so that new rules and new versions read only what is new to them.

Rules and versions ask *questions*: whether a fit rule's condition holds, what a field's value is. Each is a piece of
SQL over a lead, its company and its masses, known by that SQL itself, and its answer is good as long as nothing about
the lead changed: whoever changes something adds one to `input_rev`. So, for a range of leads,

- a question that was never asked is asked of every lead,
- of a lead whose `input_rev` is another one than then, everything is asked anew,
- all else is remembered. Points, ceilings and weights are no part of a question, so changing them reads no lead at all.

Nothing is remembered for longer than DAYS: what was deleted is gone by then, and a change that nobody marked found.
"""

import datetime
import hashlib
import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from django.db import connection

from leads.models.scoring import ScoreInputs
from leads.scoring import compile as sql
from leads.scoring.rules import Ruleset
from presales import binary_copy
from presales.columns import Column, pack, unpack
from presales.sql import Sql, numbers

logger = logging.getLogger(__name__)

DAYS = 30
# Of how many leads answers may be old before they are kept anew; until then those few are asked every time.
FEW = 0.02
# From this share on a whole range is read at once.
MANY = 0.25
AT_ONCE = 5_000
# How many answers are kept that nobody asks for now, as for rules that are tried out, or a version that may come back.
SPARE = 100
# How many truths one whole number holds.
BITS = 60

Range = tuple[int, int]


@dataclass(frozen=True)
class Question:
    """SQL over `l`, `c` and `s`: whether something holds, None being no; a number, or None; or any other value."""

    sql: Sql
    kind: Literal["truth", "number", "other"] = "other"

    @property
    def key(self) -> str:
        """The same for the same SQL."""
        return hashlib.blake2b(repr((self.sql, self.kind)).encode(), digest_size=12).hexdigest()


@dataclass
class Inputs:
    """The leads of a range in the order of their ids, the revisions that they were read at, and answers by key."""

    ids: np.ndarray
    revs: np.ndarray
    columns: dict[str, Column] = field(default_factory=dict)

    def of(self, question: Question) -> Column:
        """Its answers, in the order of the ids."""
        return self.columns[question.key]

    def take(self, rows: np.ndarray) -> "Inputs":
        """The same for these rows, told by place or by truth."""
        columns = {key: column.take(rows) for key, column in self.columns.items()}
        return Inputs(self.ids[rows], self.revs[rows], columns)

    def find(self, others: "Inputs") -> tuple[np.ndarray, np.ndarray]:
        """Which of `others` are here with the same revision, and their places here."""
        if not len(self.ids):
            return np.zeros(len(others.ids), bool), np.zeros(0, np.int64)
        places = np.searchsorted(self.ids, others.ids).clip(max=len(self.ids) - 1)
        same = (self.ids[places] == others.ids) & (self.revs[places] == others.revs)
        return same, places[same]

    def plus(self, more: "Inputs") -> "Inputs":
        """The leads of both, which have none in common, with the answers that both have."""
        ids, revs = np.concatenate([self.ids, more.ids]), np.concatenate([self.revs, more.revs])
        both = {key: column.plus(more.columns[key]) for key, column in self.columns.items() if key in more.columns}
        return Inputs(ids, revs, both).take(np.argsort(ids))


NOTHING = Inputs(np.zeros(0, np.int64), np.zeros(0, np.int64))


def inputs(bounds: Range, rules: Ruleset, questions: Iterable[Question], now: datetime.datetime) -> Inputs:
    """Answers to `questions` for all leads within `bounds` whose masses are by `rules`; remembered for the next time.

    Leads come with the `input_rev` they had before they were read, so that an answer is never older than that.
    """
    wanted = {question.key: question for question in questions}
    kept, begun = _kept(bounds, rules, now)
    current = _current(bounds, rules)
    same, places = kept.find(current)
    if (~same).sum() > MANY * len(same):
        found = _ask(bounds, rules, wanted)
        _keep(bounds, rules, found, now, wanted)
        return found
    known = kept if same.all() and len(same) == len(kept.ids) else kept.take(places)
    unknown = {key: question for key, question in wanted.items() if key not in kept.columns}
    if unknown:
        asked = _ask(bounds, rules, unknown)
        same, places = asked.find(known)
        known = known.take(same)
        known.columns |= asked.take(places).columns
    changed = np.setdiff1d(current.ids, known.ids, assume_unique=True)
    found = known.plus(_ask(bounds, rules, wanted, changed)) if len(changed) else known
    if unknown or len(changed) > FEW * len(current.ids):
        _keep(bounds, rules, found, begun, wanted)
    return found


def _kept(bounds: Range, rules: Ruleset, now: datetime.datetime) -> tuple[Inputs, datetime.datetime]:
    """What is remembered of the range, and since when."""
    oldest = now - datetime.timedelta(days=DAYS)
    told = ScoreInputs.objects.filter(pk=bounds[0], mass_rev=rules.mass_rev, begun_at__range=(oldest, now))
    begun = told.values_list("begun_at", flat=True).first()
    if begun is None:
        return NOTHING, now
    data = binary_copy.read_one(f"SELECT data FROM leads_scoreinputs WHERE first = {bounds[0]:d}")  # noqa: S608
    try:
        arrays, columns = unpack(data)
    except ValueError:
        logger.info("what another release remembered of leads from %d on is not used", bounds[0])
        return NOTHING, now
    return Inputs(arrays["ids"], arrays["revs"], columns), begun


def _keep(bounds: Range, rules: Ruleset, found: Inputs, begun: datetime.datetime, wanted: Collection[str]) -> None:
    if len(found.columns) > len(wanted) + SPARE:
        found.columns = {key: found.columns[key] for key in wanted}
    found.columns = {key: column.compact() for key, column in found.columns.items()}
    data = pack({"ids": found.ids, "revs": found.revs}, found.columns)
    ScoreInputs.objects.update_or_create(
        pk=bounds[0], defaults={"mass_rev": rules.mass_rev, "begun_at": begun, "data": data}
    )


def forget(now: datetime.datetime) -> None:
    """Remove what is too old to be used."""
    ScoreInputs.objects.filter(begun_at__lt=now - datetime.timedelta(days=DAYS)).delete()


def _current(bounds: Range, rules: Ruleset) -> Inputs:
    """The leads of the range whose masses are by `rules`, with their revisions."""
    found = binary_copy.read(
        f"""SELECT lead_id, input_rev FROM leads_leadscore WHERE lead_id >= {bounds[0]:d} AND lead_id < {bounds[1]:d}
            AND mass_rev = {rules.mass_rev:d} ORDER BY lead_id""",  # noqa: S608
        {"ids": ">i8", "revs": ">i8"},
    )
    return Inputs(**found)


def _ask(bounds: Range, rules: Ruleset, questions: dict[str, Question], ids: np.ndarray | None = None) -> Inputs:
    """Answers of all leads of the range whose masses are by `rules`, or of `ids` among them, read now."""
    # The bounds of `l` say nothing new, but let the planner read both tables in step.
    only, parameters = "s.lead_id >= %s AND s.lead_id < %s AND l.id >= %s AND l.id < %s", [*bounds, *bounds]
    if ids is not None:
        only, parameters = "s.lead_id = ANY(%s)", [numbers(ids.tolist())]
    # Truths are read as the bits of a few whole numbers: most of the time goes into making values of what is read.
    truths = [question for question in questions.values() if question.kind == "truth"]
    groups = [truths[start : start + BITS] for start in range(0, len(truths), BITS)]
    others = [question for question in questions.values() if question.kind != "truth"]
    values = [_bits(group) for group in groups] + [question.sql for question in others]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT s.lead_id, s.input_rev{"".join(f", {value.text}" for value in values)}
                FROM leads_leadscore s {sql.LEADS_AND_COMPANIES}
                WHERE {only} AND s.mass_rev = %s ORDER BY s.lead_id""",  # noqa: S608
            [parameter for value in values for parameter in value.parameters] + [*parameters, rules.mass_rev],
        )
        found: Inputs | None = None
        while rows := cursor.fetchmany(AT_ONCE):
            part = _part(rows, groups, others)
            found = part if found is None else found.plus(part)
    return found or _part([], groups, others)


def _bits(truths: list[Question]) -> Sql:
    """Many truths as one whole number."""
    bits = (f"CASE WHEN {truth.sql.text} THEN {1 << place}::bigint ELSE 0 END" for place, truth in enumerate(truths))
    return Sql(" | ".join(bits), tuple(parameter for truth in truths for parameter in truth.sql.parameters))


def _part(rows: list[tuple], groups: list[list[Question]], others: list[Question]) -> Inputs:
    ids, revs, *answers = zip(*rows, strict=True) if rows else [()] * (2 + len(groups) + len(others))
    columns = {}
    for truths, values in zip(groups, answers[: len(groups)], strict=True):
        bits = np.array(values, np.int64)
        for place, question in enumerate(truths):
            columns[question.key] = Column([False, True], (bits >> place & 1).astype(np.uint32))
    for question, values in zip(others, answers[len(groups) :], strict=True):
        columns[question.key] = Column.of(values, number=question.kind == "number")
    return Inputs(np.array(ids, np.int64), np.array(revs, np.int64), columns)
