"""Columns of values, each value kept once."""

import numpy as np
import pytest

from presales.columns import Column, pack, unpack

NUMBERS = [3.5, None, -1.0, 3.5, 1e300, None]
OTHERS = ["red", None, "", "red", ("aws", "kafka"), ()]


def shown(column):
    values = [column.levels[code] for code in column.codes]
    return [None if isinstance(value, float) and np.isnan(value) else value for value in values]


@pytest.mark.parametrize(("values", "number"), [(NUMBERS, True), (OTHERS, False), ([True, False, None] * 2, False)])
def test_they_come_back_as_they_were(values, number):
    column = Column.of(values, number=number)
    arrays, columns = unpack(pack({"ids": np.array([5, 2**40])}, {"one": column}))
    assert arrays["ids"].tolist() == [5, 2**40]
    assert shown(columns["one"]) == values
    assert shown(columns["one"].take(np.array([4, 0]))) == [values[4], values[0]]


@pytest.mark.parametrize(("values", "number"), [(NUMBERS, True), (OTHERS, False)])
def test_two_become_one_with_every_value_once(values, number):
    one, other = Column.of(values[:4], number=number), Column.of(values, number=number)
    both = one.plus(unpack(pack({}, {"": other}))[1][""])
    assert shown(both) == values[:4] + values
    assert shown(both.compact()) == shown(both)
    assert len(both.compact().levels) == len(other.levels)
    assert shown(both.take(np.array([0, 3])).compact()) == [values[0], values[3]]
    assert len(both.take(np.array([0, 3])).compact().levels) == 1


def test_lists_are_compared_by_what_they_hold():
    column = Column.of([["aws"], ["aws"], []], number=False)
    assert column.levels == [("aws",), ()]


def test_many_values_are_packed_as_well():
    column = Column.of([f"value {number}" for number in range(70_000)], number=False)
    assert unpack(pack({}, {"": column}))[1][""].codes.tolist() == list(range(70_000))


def test_nothing_is_packed_too():
    arrays, columns = unpack(pack({"ids": np.zeros(0, int)}, {"": Column.of([], number=True)}))
    assert not len(arrays["ids"])
    assert not len(columns[""].codes)
