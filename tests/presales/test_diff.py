"""Comparing two texts: nothing is lost, nothing is invented, and it ends soon."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presales.diff import MOST_LINES, compare, compare_words

LINES = st.lists(st.sampled_from(["", "a", "a hub", "a hub and a queue", "a queue", "b"]), max_size=12)


def side(lines, kind):
    """One of both texts again, from the comparison; None for lines that were left out."""
    told = []
    for line in lines:
        if line.kind == "skipped":
            told += [None] * line.count
        elif line.kind in ("same", "changed", kind):
            told.append("".join(words for which, words in line.pieces if which in ("same", kind)))
    return told


@given(LINES, LINES)
def test_both_texts_can_be_read_from_it(old, new):
    lines = compare("\n".join(old), "\n".join(new))
    for kind, text in (("gone", "\n".join(old)), ("new", "\n".join(new))):
        told = side(lines, kind)
        given_lines = text.splitlines()
        assert len(told) == len(given_lines)
        assert all(one is None or one == other for one, other in zip(told, given_lines, strict=True))


@given(LINES)
def test_the_same_text_has_no_change(lines):
    text = "\n".join(lines)
    assert {line.kind for line in compare(text, text)} <= {"same", "skipped"}


def test_what_changed_within_a_line_is_told_by_words():
    [line] = compare("One hub between both systems.", "One hub between three systems.")
    assert line.kind == "changed"
    assert [words for kind, words in line.pieces if kind == "gone"] == ["both"]
    assert [words for kind, words in line.pieces if kind == "new"] == ["three"]


def test_lines_without_anything_in_common_stand_one_after_the_other():
    assert [line.kind for line in compare("Batch at night", "Events, at once, everywhere")] == ["gone", "new"]
    assert compare_words("Batch", "Events") is None


def test_long_runs_of_the_same_are_left_out_and_counted():
    old = [f"Line {number}" for number in range(50)]
    new = [*old[:25], "Something else", *old[26:]]
    kinds = [line.kind for line in compare("\n".join(old), "\n".join(new))]
    assert kinds[0] == "skipped"
    assert kinds[-1] == "skipped"
    assert kinds.count("same") <= 5


@pytest.mark.parametrize("unit", ["a\n", "a b\n"])
def test_the_most_tedious_texts_are_compared_in_a_moment(unit):
    begun = time.perf_counter()
    compare(unit * MOST_LINES, f"{unit}x\n" * (MOST_LINES // 2))
    compare("a b " * 5000, "b a " * 5000)
    compare("\n".join(["a b " * 37] * 60), "\n".join(["b c " * 37] * 60))
    assert time.perf_counter() - begun < 10
