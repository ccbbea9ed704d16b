"""A real file brought in through the pages, with everything left as it is offered, and learned from."""

import numpy as np
import pytest
from django.utils import timezone

from leads.conversion import outcomes
from leads.conversion.fields import all_known
from leads.conversion.versions import LEARNER
from leads.models import ConversionSettings, Lead, LeadScore
from leads.scoring import sweep
from leads.scoring.verify import differences
from leads.seeds import seed
from presales.learning import calibration
from presales.learning.fields import used
from presales.learning.logistic import sigmoid
from presales.learning.training import train
from tests.leads.test_imports_custom import place, through_the_pages  # noqa: F401  place is a fixture

pytestmark = [pytest.mark.django_db, pytest.mark.shared_data]


def test_leads_of_another_system_teach_a_percentage(client, admin, shared_data):
    seed()
    batch = through_the_pages(client, admin, (shared_data / "ExtraaLearn.csv").read_bytes(), name="ExtraaLearn.csv")
    assert batch.state == "done"
    LEARNER.want_after_many_outcomes()
    assert LEARNER.train_if_due()
    latest = ConversionSettings.row().latest
    assert (latest["wins"], latest["losses"], latest["state"]) == (1377, 3235, "active")
    assert latest["auc"] >= 0.868
    assert latest["calibration_error"] <= 0.035
    assert latest["lift"] >= 2.85
    assert not [key for key, found in latest["findings"].items() if found["is_leak"]]
    sweep.sweep()
    assert LeadScore.objects.exclude(probability=None).count() == Lead.objects.count() == 4612
    assert differences() == []


def test_leads_it_never_saw_are_foretold_as_well(client, admin, shared_data):
    """A fifth of the leads is held back at a time, from the very table that the worker reads."""
    through_the_pages(client, admin, (shared_data / "ExtraaLearn.csv").read_bytes(), name="ExtraaLearn.csv")
    rows = outcomes.read(used(all_known(), [], []), 180, timezone.now())
    folds, logits = np.array(rows.ids) % 5, np.zeros(len(rows))
    for fold in range(5):
        known, unseen = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        trained = train({key: column.take(known) for key, column in rows.table.items()}, rows.won[known])
        logits[unseen] = trained.model.logits({key: column.take(unseen) for key, column in rows.table.items()})
    assert calibration.auc(rows.won, logits) >= 0.868
    assert calibration.error(rows.won, sigmoid(logits)) <= 0.035
    assert calibration.lift(rows.won, logits) >= 2.85
