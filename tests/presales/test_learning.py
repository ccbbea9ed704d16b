"""The learned probability, apart from any database: what it promises whatever the columns are."""

import json
import math
import random
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from presales.learning import calibration
from presales.learning.bins import fitted
from presales.learning.leaks import Cause
from presales.learning.logistic import sigmoid
from presales.learning.model import Model
from presales.learning.table import Column, Kind
from presales.learning.training import LEAST_OUTCOMES, State, train
from tests.presales.learning_tables import made_up, take

FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def learned():
    table, outcomes = made_up()
    return table, outcomes, train(table, outcomes)


# -- the three states -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wins", "losses"), [(0, 0), (0, 300), (LEAST_OUTCOMES - 1, 300), (300, LEAST_OUTCOMES - 1)])
def test_too_few_of_either_outcome_leaves_it_to_the_rules(wins, losses):
    outcomes = np.array([1.0] * wins + [0.0] * losses)
    trained = train({"size": Column.of_numbers(range(wins + losses))}, outcomes)
    assert trained.report.state is State.RULES_ONLY
    assert trained.model is None
    assert (trained.report.wins, trained.report.losses) == (wins, losses)


def test_a_real_pattern_makes_it_active(learned):
    _, _, trained = learned
    assert trained.report.state is State.ACTIVE
    assert trained.report.auc > 0.7
    assert trained.report.shortfalls == ()


@pytest.mark.parametrize("size", [60, 200, 600, 2000])
def test_shuffled_outcomes_never_make_it_active(size):
    table, outcomes = made_up(size=size, seed=size)
    table.pop("points")
    for seed in range(15):
        shuffled = np.random.default_rng(seed).permutation(outcomes)
        report = train(table, shuffled).report
        assert report.state is not State.ACTIVE, f"size {size}, seed {seed}: {report}"


def test_nothing_to_learn_from_leaves_the_base_rate():
    outcomes = np.array([1.0] * 30 + [0.0] * 90)
    trained = train({"same": Column.of_texts(["yes"] * 120)}, outcomes)
    assert trained.report.state is State.LEARNING
    assert trained.model.chances({"same": Column.of_texts(["yes", "no"])}) == pytest.approx([0.25, 0.25], abs=0.01)
    assert trained.findings["same"].cause is Cause.SAME


# -- what it predicts -------------------------------------------------------------------------------------


def test_predictions_hold_on_rows_it_never_saw(learned):
    _, _, trained = learned
    table, outcomes = made_up(size=4000, seed=77)
    logits = trained.model.logits(table)
    assert calibration.auc(outcomes, logits) > 0.7
    assert calibration.error(outcomes, sigmoid(logits)) < 0.05


@pytest.mark.parametrize("helpful", [0.3, 0.8, 1.5])
def test_with_twenty_wins_the_ranking_is_never_much_worse_than_the_rules(helpful):
    """A table of nothing but noise beside the points: the worst case for a model of few outcomes."""
    worst = 0.0
    for seed in range(12):
        draw = np.random.default_rng(seed)
        outcomes = np.array([1.0] * 20 + [0.0] * 45 + [1.0] * 1500 + [0.0] * 3500)
        size = len(outcomes)
        points = np.clip(np.round(50 + 12 * (helpful * outcomes + draw.normal(size=size))), 0, 100)
        table = {f"n{i}": Column.of_numbers(draw.normal(size=size)) for i in range(6)}
        table |= {f"t{i}": Column.of_texts(draw.choice(list("abcde"), size)) for i in range(6)}
        table["points"] = Column.of_numbers(points, Kind.POINTS)
        known, unseen = np.arange(65), np.arange(65, size)
        logits = train(take(table, known), outcomes[known]).model.logits(take(table, unseen))
        by_rules = calibration.auc(outcomes[unseen], points[unseen])
        worst = min(worst, calibration.auc(outcomes[unseen], logits) - by_rules)
    assert worst >= -0.02


def test_missing_is_a_value_of_its_own():
    draw = np.random.default_rng(5)
    outcomes = (draw.random(800) < 0.4).astype(float)
    # Who does not say whether they have a budget wins far more often than who says no.
    chances = {1: [0.6, 0.2, 0.2], 0: [0.1, 0.3, 0.6]}
    said = [draw.choice(["", "yes", "no"], p=chances[won]) for won in outcomes]
    model = train({"budget": Column.of_texts(said)}, outcomes).model
    missing, yes, no = model.chances({"budget": Column.of_texts(["", "yes", "no"])})
    assert missing > yes > no


def test_a_level_never_seen_counts_as_a_rare_one():
    table, outcomes = made_up()
    model = train(table, outcomes).model
    rows = take(table, np.zeros(2, int))
    rows["industry"] = Column.of_texts(["never seen", "nor this"])
    first, second = model.logits(rows)
    assert first == second


def test_numbers_beyond_all_that_was_seen_are_in_the_outermost_bins(learned):
    table, _, trained = learned
    rows = take(table, np.zeros(4, int))
    high, low = np.nanmax(table["visits"].numbers), np.nanmin(table["visits"].numbers)
    rows["visits"] = Column.of_numbers([high, 1e300, low, -1e300])
    logits = trained.model.logits(rows)
    assert logits[0] == logits[1]
    assert logits[2] == logits[3]


# -- reasons ----------------------------------------------------------------------------------------------


def test_reasons_add_up_to_the_logit(learned):
    table, _, trained = learned
    parts = trained.model.parts(table)
    assert set(parts) == set(table)
    added = trained.model.start + sum(parts.values())
    assert np.abs(added - trained.model.logits(table)).max() < 1e-6
    assert sigmoid(added) == pytest.approx(trained.model.chances(table), abs=1e-9)


def test_reasons_are_zero_on_average(learned):
    """So each says how a row differs from the average one, and the start is the average row."""
    table, _, trained = learned
    for part in trained.model.parts(table).values():
        assert abs(part.mean()) < 1e-9


def test_a_stored_model_is_the_same_to_the_last_bit(learned):
    table, _, trained = learned
    again = Model.from_data(json.loads(json.dumps(trained.model.to_data())))
    assert (again.logits(table) == trained.model.logits(table)).all()


# -- order and names have no part in it -------------------------------------------------------------------


@FEW
@given(seed=st.integers(0, 10_000), size=st.integers(80, 250))
def test_order_of_rows_and_columns_and_names_change_nothing(seed, size):
    table, outcomes = made_up(size=size, seed=seed)
    if min(outcomes.sum(), size - outcomes.sum()) < LEAST_OUTCOMES:
        return
    shuffle = random.Random(seed)
    rows = np.array(shuffle.sample(range(size), size))
    keys = shuffle.sample(sorted(table), len(table))
    renamed = {key: f"column {shuffle.random()}" for key in keys}
    one = train(table, outcomes)
    other = train({renamed[key]: table[key].take(rows) for key in keys}, outcomes[rows])
    assert one.report == other.report
    assert (one.left_out[rows] == other.left_out).all()
    mine, theirs = one.model.logits(table), other.model.logits({renamed[key]: table[key] for key in keys})
    assert np.abs(mine - theirs).max() < 1e-9
    assert {renamed[key]: found.cause for key, found in one.findings.items()} == {
        key: found.cause for key, found in other.findings.items()
    }


def test_training_twice_gives_the_same_model():
    table, outcomes = made_up(seed=9)
    assert train(table, outcomes).model.to_data() == train(table, outcomes).model.to_data()


@settings(FEW, max_examples=8)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "a", "b", "Ü", "a b"]),
            st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)),
            st.sampled_from([[], ["x"], ["x", "y"], None]),
            st.booleans(),
        ),
        min_size=2 * LEAST_OUTCOMES,
        max_size=60,
    )
)
def test_any_values_give_finite_predictions_that_add_up(rows):
    outcomes = np.array([index % 2 for index in range(len(rows))], float)
    if min(outcomes.sum(), len(rows) - outcomes.sum()) < LEAST_OUTCOMES:
        return
    texts, numbers, items, flags = zip(*rows, strict=True)
    table = {
        "text": Column.of_texts(texts),
        "number": Column.of_numbers(numbers),
        "items": Column.of_items(items),
        "flag": Column.of_texts(flags),
    }
    trained = train(table, outcomes)
    logits = trained.model.logits(table)
    assert np.isfinite(logits).all()
    assert np.abs(trained.model.start + sum(trained.model.parts(table).values()) - logits).max(initial=0) < 1e-6


# -- leaks ------------------------------------------------------------------------------------------------


def leak(values, table=None):
    table, outcomes = table or made_up(size=900, seed=3)
    trained = train({**table, "asked": values(outcomes, np.random.default_rng(4))}, outcomes)
    return trained, trained.findings.get("asked")


def test_a_reason_filled_only_for_lost_ones_is_found():
    """Though most of the lost have none, so it hardly ranks at all."""

    def values(outcomes, draw):
        return Column.of_texts(
            [draw.choice(["price", "silence"]) if not won and draw.random() < 0.3 else "" for won in outcomes]
        )

    trained, found = leak(values)
    assert found.cause is Cause.FILLED_AFTER
    assert found.wins == 0
    assert found.losses == pytest.approx(0.3, abs=0.06)
    assert "asked" not in trained.model.encoders


def test_a_closing_value_is_found():
    def values(outcomes, draw):
        return Column.of_numbers([draw.gamma(2, 900) if won else 0 for won in outcomes])

    _, found = leak(values)
    assert found.cause is Cause.TOO_GOOD
    assert found.auc == pytest.approx(1)


def test_tags_set_after_talking_to_them_are_found():
    """Two in three of the won carry a tag that hardly any other has; a third of all carry none."""

    def values(outcomes, draw):
        won, lost = ["will sign", ""], ["ringing", "student", ""]
        return Column.of_texts([draw.choice(won, p=[0.7, 0.3]) if one else draw.choice(lost) for one in outcomes])

    _, found = leak(values)
    assert found.cause is Cause.TOO_GOOD


def test_what_is_merely_strong_is_used():
    def values(outcomes, draw):
        return Column.of_numbers(draw.normal(size=len(outcomes)) + 1.8 * outcomes)

    trained, found = leak(values)
    assert found is None
    assert "asked" in trained.model.encoders


@pytest.mark.parametrize(
    "values",
    [
        lambda outcomes, draw: Column.of_texts([f"EXT{number}" for number in range(len(outcomes))]),
        lambda outcomes, draw: Column.of_numbers(580_000 + draw.permutation(len(outcomes)) * 7),
        lambda outcomes, draw: Column.of_numbers(draw.permutation(10**7)[: len(outcomes)] + 40_000_000),
    ],
    ids=["codes", "running numbers", "long numbers"],
)
def test_identifiers_are_found(values):
    trained, found = leak(values)
    assert found.cause is Cause.NUMBERING
    assert not found.is_leak
    assert "asked" not in trained.model.encoders


def test_amounts_are_not_taken_for_identifiers():
    trained, found = leak(lambda outcomes, draw: Column.of_numbers(draw.lognormal(11, 1.5, len(outcomes)).round()))
    assert found is None
    assert "asked" in trained.model.encoders


def test_a_column_that_people_trust_is_used_all_the_same():
    table, outcomes = made_up(size=900, seed=3)
    table["budget"] = Column.of_numbers(np.where(outcomes == 1, 100.0, 0.0))
    assert "budget" not in train(table, outcomes).model.encoders
    trained = train(table, outcomes, trusted={"budget"})
    assert "budget" in trained.model.encoders
    assert trained.findings["budget"].is_leak


def test_an_identifier_more_or_less_changes_no_prediction():
    table, outcomes = made_up(seed=11)
    with_number = {"number": Column.of_texts([f"#{row}" for row in range(len(outcomes))]), **table}
    assert train(with_number, outcomes).model.to_data() == train(table, outcomes).model.to_data()


# -- figures ----------------------------------------------------------------------------------------------


def test_figures_are_defined_as_usual():
    outcomes, scores = np.array([1.0, 0, 1, 0, 0, 1]), np.array([3.0, 1, 2, 2, 0, 2])
    assert calibration.auc(outcomes, scores) == pytest.approx((3 + 2.5 + 2.5) / 9)
    assert math.isnan(calibration.auc(np.ones(3), np.arange(3.0)))
    assert calibration.lift(np.array([1.0] * 5 + [0.0] * 45), np.arange(50.0)[::-1]) == pytest.approx(10)
    assert calibration.lift(outcomes, np.ones(6)) == pytest.approx(1)


def test_a_tie_is_never_split_between_groups():
    chances = np.array([0.1] * 15 + [0.9] * 5)
    made = calibration.groups(np.array([0.0] * 15 + [1.0] * 5), chances)
    assert [group.size for group in made] == [15, 5]


def test_bins_begin_at_values_that_occur_and_zero_stands_apart():
    draw = np.random.default_rng(2)
    values = np.where(draw.random(1000) < 0.04, 0.0, draw.integers(10, 5000, 1000))
    encoder = fitted(Column.of_numbers(values))
    assert set(encoder.edges) <= set(values)
    cells = encoder.cells(Column.of_numbers([0.0, min(values[values > 0]), None]))
    assert cells[0] != cells[1]
    assert cells[2] == 0


def test_rare_levels_share_a_weight():
    encoder = fitted(Column.of_texts(["often"] * 500 + ["now and then"] * 20 + ["once"]))
    assert encoder.levels == ("now and then", "often")
    assert encoder.cells(Column.of_texts(["once", "unheard of", "", "often"])).tolist() == [1, 1, 0, 3]


def test_sixty_thousand_rows_of_thirty_columns_train_in_time():
    draw = np.random.default_rng(0)
    table = {f"n{i}": Column.of_numbers(draw.normal(size=60_000)) for i in range(15)}
    table |= {f"t{i}": Column.of_texts(draw.choice([f"level {n}" for n in range(25)], 60_000)) for i in range(15)}
    outcomes = (draw.random(60_000) < sigmoid(table["n0"].numbers - 2)).astype(float)
    began = time.process_time()
    assert train(table, outcomes).report.state is State.ACTIVE
    assert time.process_time() - began < 20
