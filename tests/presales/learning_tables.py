"""Tables to learn from: read from a file as they are, or made up."""

import csv

import numpy as np

from presales.learning.table import Column, Kind


def column(values):
    """Numbers where all filled values are some, else texts."""
    try:
        return Column.of_numbers(
            [float(value.replace("$", "").replace(",", "")) if value else None for value in values]
        )
    except ValueError:
        return Column.of_texts(values)


def from_file(path, outcome, won, lost):
    """`(table, outcomes)` of the rows whose `outcome` is `won` or `lost`; every other column is used."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row[outcome] in (won, lost)]
    names = [name for name in rows[0] if name != outcome]
    table = {name: column([row[name].strip() for row in rows]) for name in names}
    return table, np.array([row[outcome] == won for row in rows], float)


def take(table, rows):
    return {key: one.take(rows) for key, one in table.items()}


def made_up(size=600, seed=1, points=True):
    """Leads whose industry and visits matter, and other things that do not; a tenth of the values are missing."""
    random = np.random.default_rng(seed)
    industry = random.choice(["bank", "retail", "school", "farm"], size)
    visits = random.gamma(2.0, 3.0, size).round()
    logit = -1.5 + 1.6 * (industry == "bank") - 1.0 * (industry == "farm") + 0.25 * np.minimum(visits, 12)
    outcomes = (random.random(size) < 1 / (1 + np.exp(-logit))).astype(float)
    gone = random.random(size) < 0.1
    table = {
        "industry": Column.of_texts([None if lost else text for text, lost in zip(industry, gone, strict=True)]),
        "visits": Column.of_numbers(np.where(random.random(size) < 0.1, np.nan, visits)),
        "colour": Column.of_texts(random.choice(["red", "green", "blue"], size)),
        "height": Column.of_numbers(random.normal(size=size)),
        "systems": Column.of_items([random.choice(["sap", "aws", "jira"], random.integers(0, 3)) for _ in range(size)]),
    }
    if points:
        scored = np.clip(np.round(40 + 8 * logit + random.normal(0, 15, size)), 0, 100)
        table["points"] = Column.of_numbers(scored, Kind.POINTS)
    return table, outcomes
