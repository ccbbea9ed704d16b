"""The learned probability on real files, without knowing anything about their columns."""

import csv
import subprocess
import sys

import numpy as np
import pytest

from presales.learning.leaks import Cause
from presales.learning.training import State, train
from tests.presales.learning_tables import from_file, take

pytestmark = pytest.mark.shared_data


@pytest.fixture(scope="module")
def converted(shared_data_once):
    return from_file(shared_data_once / "ExtraaLearn.csv", "status", "1", "0")


@pytest.fixture(scope="module")
def shared_data_once():
    from tests.conftest import SHARED_DATA

    if not SHARED_DATA.exists():
        pytest.skip("the public data files are not beside this checkout")
    return SHARED_DATA


def test_leads_left_out_are_ranked_and_calibrated(converted, shared_data, tmp_path):
    """Five folds; each predicted by a training that never saw it, its inner choices included."""
    table, outcomes = converted
    folds = np.random.default_rng(1).permutation(len(outcomes)) % 5
    chances = np.zeros(len(outcomes))
    for fold in range(5):
        known, unseen = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        trained = train(take(table, known), outcomes[known])
        assert trained.report.state is State.ACTIVE
        chances[unseen] = trained.model.chances(take(table, unseen))
    predictions = tmp_path / "predictions.csv"
    with predictions.open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["id", "y", "score"])
        writer.writerows(zip(range(len(outcomes)), outcomes.astype(int), chances, strict=True))
    bars = ["--min", "auc=0.868", "--max", "ece=0.035", "--min", "lift10=2.85"]
    command = [sys.executable, shared_data.parent / "tools" / "score_eval.py", predictions, "--scale", "1", *bars]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_own_figures_of_a_training_are_honest(converted):
    table, outcomes = converted
    report = train(table, outcomes).report
    assert report.auc == pytest.approx(0.888, abs=0.01)
    assert report.calibration_error <= 0.035
    assert report.lift >= 2.85


def test_the_number_of_a_lead_is_not_learned_from(converted):
    table, outcomes = converted
    trained = train(table, outcomes)
    assert {key: found.cause for key, found in trained.findings.items()} == {"ID": Cause.NUMBERING}


def test_shuffled_outcomes_of_real_leads_are_never_active(converted):
    table, outcomes = converted
    for seed in range(10):
        report = train(table, np.random.default_rng(seed).permutation(outcomes)).report
        assert report.state is State.LEARNING, seed


@pytest.mark.parametrize("owner", [True, False], ids=["with the agent", "without"])
def test_facts_that_foretell_nothing_stay_off(shared_data, owner):
    """Maven: the closing value is found out, and the rest is worth no percentage, the seller included."""
    table, outcomes = from_file(shared_data / "maven" / "sales_pipeline.csv", "deal_stage", "Won", "Lost")
    if not owner:
        table.pop("sales_agent")
    trained = train(table, outcomes)
    assert trained.report.state is State.LEARNING
    assert trained.findings["close_value"].cause is Cause.TOO_GOOD
    assert trained.findings["opportunity_id"].cause is Cause.NUMBERING


def test_made_up_demo_leads_stay_off(shared_data):
    table, outcomes = from_file(shared_data / "zoho" / "zoho_Leads.csv", "CONVERTED", "Yes", "No")
    assert train(table, outcomes).report.state is State.LEARNING
