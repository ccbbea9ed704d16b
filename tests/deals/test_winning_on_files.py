"""Real deals brought in through the pages, with everything left as it is offered, and learned from."""

import numpy as np
import pytest
from django.utils import timezone

from deals import probability
from deals.models import EvidenceProbability, WinSettings
from deals.seeds import seed_pipeline
from deals.winning import outcomes
from deals.winning.fields import all_known
from deals.winning.versions import LEARNER
from presales.learning.fields import used
from presales.learning.training import State, train
from tests.leads.test_imports_custom import place, through_the_pages  # noqa: F401  place is a fixture

pytestmark = [pytest.mark.django_db, pytest.mark.shared_data]


def maven(client, admin, shared_data, *, accounts_first=True):
    seed_pipeline()
    files = {"products": "products.csv", "companies": "accounts.csv", "opportunities": "sales_pipeline.csv"}
    order = files if accounts_first else ["products", "opportunities", "companies"]
    for target in order:
        content = (shared_data / "maven" / files[target]).read_bytes()
        assert through_the_pages(client, admin, content, target, files[target]).state == "done"


@pytest.mark.parametrize("accounts_first", [True, False])
def test_deals_whose_facts_foretell_nothing_never_give_a_percentage(client, admin, shared_data, accounts_first):
    maven(client, admin, shared_data, accounts_first=accounts_first)
    LEARNER.want_after_many_outcomes()
    assert LEARNER.train_if_due()
    latest = WinSettings.row().latest
    assert (latest["wins"], latest["losses"], latest["state"]) == (4238, 2473, "learning")
    assert latest["findings"]["amount"]["is_leak"]  # nothing is what a lost deal's closing value says
    probability.sweep_probabilities(timezone.now())
    assert not EvidenceProbability.objects.exclude(learned=None).exists()


def test_not_even_with_everything_switched_on_that_is_no_leak(client, admin, shared_data):
    """Whatever a person ticks, and whatever the horizon: agents, products, months and weekdays foretell nothing."""
    maven(client, admin, shared_data)
    off = [one.key for one in all_known().values() if one.off and one.key not in ("month", "weekday")]
    rows = outcomes.read(used(all_known(), off, []), 14, timezone.now())
    assert len(rows) == 6711
    assert train(rows.table, rows.won, trusted=off, after=rows.after).report.state is State.LEARNING


def test_what_a_file_of_another_system_wrote_down_afterwards_is_named_and_kept_out(client, admin, shared_data):
    """Its forecast type is the ending in other words; its age tells the days until then, in days and in tiers."""
    seed_pipeline()
    content = (shared_data / "zoho" / "zoho_Potentials.csv").read_bytes()
    assert through_the_pages(client, admin, content, "opportunities", "zoho_Potentials.csv").state == "done"
    LEARNER.want()
    assert LEARNER.train_if_due()
    found = WinSettings.row().latest["findings"]
    leaks = {key.rsplit(".", 1)[-1]: one["cause"] for key, one in found.items() if one["is_leak"]}
    assert leaks == {"age_in_days": "echo", "age_tier": "echo", "forecast_type": "too_good"}
    version = LEARNER.current()
    assert version.report["calibration_error"] <= 0.05
    probability.sweep_probabilities(timezone.now())
    assert probability._wrong(list(EvidenceProbability.objects.values_list("pk", flat=True)), timezone.now()) == []


def test_what_is_made_of_chance_never_counts_however_it_is_dealt_out(client, admin, shared_data):
    maven(client, admin, shared_data)
    rows = outcomes.read(used(all_known(), [], []), 365, timezone.now())
    draw = np.random.default_rng(7)
    for _ in range(5):
        shuffled = draw.permutation(rows.won)
        assert train(rows.table, shuffled, after=rows.after).report.state is not State.ACTIVE
