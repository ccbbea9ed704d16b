"""What changed between two texts, for people: line by line, and word by word within a line that was changed."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

MOST_LINES = 400
"""Longer texts take too long to compare; forms of texts that are compared refuse them."""
MOST_WORDS = 150
CONTEXT = 2
ALIKE = 0.4
WORD = re.compile(r"\s+|\w+|[^\w\s]")

Pieces = list[tuple[str, str]]
"""Parts of a line in reading order: `same`, `gone` or `new`, each with its words."""


@dataclass(frozen=True)
class Line:
    """One line of a comparison: `same`, `gone`, `new` or `changed`; `skipped` stands for so many of the same."""

    kind: str
    pieces: Pieces
    count: int = 0


def compare(before: str, after: str) -> list[Line]:
    """The lines of both texts in reading order; long runs of unchanged ones are left out, and counted."""
    old, new = before.splitlines(), after.splitlines()
    lines: list[Line] = []
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for number, (tag, i1, i2, j1, j2) in enumerate(codes):
        if tag == "equal":
            lines += _same(old[i1:i2], first=number == 0, last=number == len(codes) - 1)
        else:
            lines += _changed(old[i1:i2], new[j1:j2])
    return lines


def _same(lines: list[str], *, first: bool, last: bool) -> Iterator[Line]:
    """Unchanged lines: those next to a change, and how many others there are."""
    head, tail = (0 if first else CONTEXT), (0 if last else CONTEXT)
    between = len(lines) - head - tail
    if between < 2:  # to say that one line is left out takes a line
        head, tail, between = len(lines), 0, 0
    yield from (Line("same", [("same", line)]) for line in lines[:head])
    if between:
        yield Line("skipped", [], between)
    yield from (Line("same", [("same", line)]) for line in lines[len(lines) - tail :])


def _changed(old: list[str], new: list[str]) -> Iterator[Line]:
    """Lines that stand in each other's place: word by word where they are alike, else the old ones, then the new."""
    gone: list[Line] = []
    come: list[Line] = []
    for before, after in zip(old, new, strict=False):
        pieces = compare_words(before, after)
        if pieces is None:
            gone.append(Line("gone", [("gone", before)]))
            come.append(Line("new", [("new", after)]))
            continue
        yield from [*gone, *come, Line("changed", pieces)]
        gone, come = [], []
    both = min(len(old), len(new))
    gone += [Line("gone", [("gone", line)]) for line in old[both:]]
    come += [Line("new", [("new", line)]) for line in new[both:]]
    yield from [*gone, *come]


def compare_words(before: str, after: str) -> Pieces | None:
    """The words of both lines in reading order; None where the lines have too little in common, or too many words."""
    old, new = WORD.findall(before), WORD.findall(after)
    if not old or not new or max(len(old), len(new)) > MOST_WORDS:
        return None
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    # White space is in every line and makes none like another.
    alike = sum(1 for tag, i1, i2, *_ in codes if tag == "equal" for word in old[i1:i2] if not word.isspace())
    if 2 * alike < ALIKE * sum(not word.isspace() for word in [*old, *new]):
        return None
    pieces: Pieces = []
    for tag, i1, i2, j1, j2 in codes:
        if tag == "equal":
            pieces.append(("same", "".join(old[i1:i2])))
            continue
        if i2 > i1:
            pieces.append(("gone", "".join(old[i1:i2])))
        if j2 > j1:
            pieces.append(("new", "".join(new[j1:j2])))
    return pieces
