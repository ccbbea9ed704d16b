"""The learned win probability: what it learns from, when it counts, and how it enters the evidence-based figure."""

import datetime
import math
from decimal import Decimal

import numpy as np
import pytest
from django.urls import reverse
from django.utils import timezone

from deals import past_evidence, probability
from deals.actions import opportunities as commercial
from deals.actions.custom_fields import edit_deal_fields
from deals.models import (
    EvidenceProbability,
    ExchangeRate,
    Opportunity,
    WinModel,
    WinSettings,
)
from deals.probability import reasons, repair, sweep_probabilities
from deals.winning import outcomes
from deals.winning.fields import BUILT_IN, all_known, known_by
from deals.winning.versions import LEARNER
from leads.actions.companies import update_company
from leads.actions.leads import update_lead
from leads.models import Company, CustomField, ImportBatch, Lead
from people.models import Role
from presales import validity
from presales.learning.fields import used
from presales.learning.model import Model
from presales.learning.training import train
from qualification.models import Dossier, DossierStatus, Framework
from qualification.status import derive as derive_dossiers
from tests.factories import CompanyFactory, LeadFactory, TeamFactory, UserFactory
from tests.insights.factories import deal, stage

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)
FIELDS = {"seats": "number", "hosting": "choice", "pilot": "yes_no", "autopsy_note": "text"}


def history(number=300, open_deals=30, *, tells=True, seed=3):
    """Deals that ended, and some that are open: banks with many seats are won, if the facts tell anything."""
    for key, kind in FIELDS.items():
        name = key.replace("_", " ").capitalize()
        CustomField.objects.create(record="opportunity", name=name, key=key, kind=kind, lane="commercial")
    draw, now = np.random.default_rng(seed), timezone.now()
    companies = [CompanyFactory(industry=one) for one in ("Bank", "bank ", "Farm", "Shop")]
    framework, _ = Framework.objects.get_or_create(slug="winning", defaults={"name": "Winning"})
    dossiers = Dossier.objects.bulk_create([Dossier(framework=framework) for _ in range(number + open_deals)])
    DossierStatus.objects.bulk_create(
        [DossierStatus(dossier=one, status="in_progress", completeness=40) for one in dossiers]
    )
    open_, won_at, lost_at = stage("discovery"), stage("won"), stage("lost")
    rows = []
    for place in range(number + open_deals):
        company = companies[draw.integers(4)]
        seats = int(draw.integers(0, 30))
        logit = -2 + 2.5 * (company.industry.strip().lower() == "bank") + 0.12 * seats if tells else 0
        won = bool(draw.random() < 1 / (1 + math.exp(-logit)))
        custom = {"seats": seats, "hosting": str(draw.choice(["Cloud", "On site"])), "pilot": bool(place % 2)}
        if draw.random() < 0.1:
            custom.pop("seats")
        row = Opportunity(
            name=f"Deal {place}", company=company, dossier=dossiers[place], pipeline=open_.pipeline, stage=open_,
            amount=int(draw.integers(1, 90)) * 1000, created_at=now - (40 + place % 7) * DAY, custom=custom,
            last_activity_at=now - DAY,
        )  # fmt: skip
        if place < number:
            row.stage, row.outcome = (won_at, "won") if won else (lost_at, "lost")
            row.closed_on = (now - (1 + place % 10) * DAY).date()
            row.lost_reason = "" if won else "price"
            if not won and place % 3 == 0:
                custom["autopsy_note"] = f"Too dear, the {place % 40}th"
        rows.append(row)
    Opportunity.objects.bulk_create(rows)
    sweep_probabilities(now)
    return Opportunity.objects.order_by("pk")


def learn():
    LEARNER.want()
    assert LEARNER.train_if_due()
    return WinModel.objects.first()


def figures():
    return {row.pk: row for row in EvidenceProbability.objects.exclude(percent=None)}


def wrong(now=None):
    return probability._wrong(list(EvidenceProbability.objects.values_list("pk", flat=True)), now or timezone.now())


def half_up(value):
    return math.floor(value + 0.5)


# -- what becomes of it -----------------------------------------------------------------------------------


def test_a_proved_version_is_a_factor_of_the_figure_and_the_rest_stays():
    deals = history()
    before = figures()
    version = learn()
    assert version.state == "active"
    assert {key: (row.percent, row.learned) for key, row in figures().items()} == {
        key: (row.percent, None) for key, row in before.items()
    }  # until the sweep
    assert sweep_probabilities(timezone.now()) >= len(before)
    model, base = Model.from_data(version.data), math.log(version.wins / version.losses)
    assert len(before) == 30
    for row in deals.filter(outcome="open").select_related("company", "stage", "evidence_probability"):
        found, old = row.evidence_probability, before[row.pk]
        values = {"industry": row.company.industry.lower(), "amount": float(row.amount)} | {
            f"custom.opportunity.{FIELDS[key]}.{key}": value for key, value in row.custom.items()
        }
        values |= {"custom.opportunity.choice.hosting": row.custom["hosting"].lower()}
        values |= {key: LEARNED_DEFAULTS.get(key) for key in model.encoders if key not in values}
        logit = float(model.logits(model.columns_from({key: [values.get(key)] for key in model.encoders}))[0])
        assert found.logit == pytest.approx(logit, abs=1e-9)
        share = found.history / 100
        odds = share / (1 - share) * math.exp(logit - base)
        assert found.learned == half_up(100 * odds / (1 + odds) / share)
        product = old.history * found.learned * old.dossier * old.committee * old.activity * old.technical
        assert found.percent == min(half_up(product / 10**10), 95)
        assert (found.history, found.dossier, found.activity) == (old.history, old.dossier, old.activity)
    assert wrong() == []
    assert repair(timezone.now()) == 0


LEARNED_DEFAULTS = {"from_lead": "no", "type": "new", "source": "other", "term_months": 12.0}


def test_its_reasons_add_up_to_the_logit_and_the_factors_to_the_figure():
    history()
    learn()
    sweep_probabilities(timezone.now())
    told = Opportunity.objects.filter(outcome="open").select_related(
        "stage", "dossier__derived", "evidence_probability", "technical_win"
    )
    for row in told:
        why = reasons(row)
        assert [reason.label for reason in why][:2] == ["Similar deals", "Learned from own deals"]
        product = row.evidence_probability.history
        for reason in why[1:]:
            product = product * reason.factor / 100
        assert min(half_up(product), 95) == row.evidence_probability.percent
        chance = why[1].why
        added = chance.start + sum(one.weight for one in (*chance.up, *chance.down)) + chance.rest
        assert added == pytest.approx(chance.logit, abs=1e-6)
        assert chance.logit == pytest.approx(row.evidence_probability.logit, abs=1e-6)
        assert not chance.waiting
        assert len(chance.up) <= 3
        assert len(chance.down) <= 3
    labels = {one.label for row in told for one in (*reasons(row)[1].why.up, *reasons(row)[1].why.down)}
    assert {"Industry", "Seats"} <= labels
    values = {one.value for row in told for one in reasons(row)[1].why.up if one.label == "Industry"}
    assert values <= {"Bank", "bank "}  # as people wrote it


def test_the_deal_page_tells_it_without_asking_more(sign_in, django_assert_max_num_queries):
    history()
    learn()
    sweep_probabilities(timezone.now())
    row = Opportunity.objects.filter(outcome="open").first()
    client = sign_in(UserFactory(role=Role.ADMIN))
    client.get(row.get_absolute_url())
    with django_assert_max_num_queries(12):
        page = client.get(row.get_absolute_url()).content.decode()
    assert "Learned from own deals" in page
    assert "Deals like this" in page


@pytest.mark.parametrize("number", [30, 300])
def test_what_has_not_proved_itself_changes_no_figure(number):
    history(number, tells=False)
    before = {key: row.percent for key, row in figures().items()}
    version = learn()
    assert (version is None) == (number == 30)
    assert version is None or version.state == "learning"
    sweep_probabilities(timezone.now())
    assert {key: row.percent for key, row in figures().items()} == before
    assert not EvidenceProbability.objects.exclude(learned=None).exists()
    assert not EvidenceProbability.objects.exclude(facts=None).exists()


def test_an_older_version_is_back_with_one_click_and_none_puts_the_figures_back(sign_in):
    history()
    before = {key: row.percent for key, row in figures().items()}
    first = learn()
    WinSettings.objects.update(switched_off=["amount"])
    second = learn()
    sweep_probabilities(timezone.now())
    assert LEARNER.current_id() == second.pk
    assert set(EvidenceProbability.objects.exclude(percent=None).values_list("learned_by", flat=True)) == {second.pk}
    client = sign_in(UserFactory(role=Role.ADMIN))
    assert client.post(reverse("deals:use_winning", args=[first.pk])).status_code == 409  # rests on the amount
    WinSettings.objects.update(switched_off=[])
    assert client.post(reverse("deals:use_winning", args=[first.pk])).status_code == 302
    assert WinSettings.row().is_held
    sweep_probabilities(timezone.now())
    assert set(EvidenceProbability.objects.exclude(percent=None).values_list("learned_by", flat=True)) == {first.pk}
    assert wrong() == []
    LEARNER.use(None)
    sweep_probabilities(timezone.now())
    assert {key: row.percent for key, row in figures().items()} == before
    assert wrong() == []


def test_a_sweep_that_died_half_way_is_done_again(monkeypatch):
    history()
    learn()
    monkeypatch.setattr(probability, "BATCH", 10)
    real, calls = probability.derive, []

    def dies(ids, now):
        calls.append(ids)
        if len(calls) == 12:
            raise KeyboardInterrupt
        return real(ids, now)

    monkeypatch.setattr(probability, "derive", dies)
    with pytest.raises(KeyboardInterrupt):
        sweep_probabilities(timezone.now())
    assert WinSettings.row().applied == 0
    sweep_probabilities(timezone.now())
    assert wrong() == []
    assert WinSettings.row().applied == LEARNER.current_id()
    assert sweep_probabilities(timezone.now()) == 0


def test_a_past_day_has_the_version_of_the_day():
    history()
    learn()
    now = timezone.now()
    derive_dossiers(list(Opportunity.objects.values_list("dossier_id", flat=True)), now)
    sweep_probabilities(now)
    states = validity.as_of(Opportunity.objects.all(), timezone.localdate()).values(*past_evidence.COLUMNS)
    asked = (states, now + DAY / 24, timezone.localdate(), "SELECT id, evidence FROM told WHERE outcome = 'open'")
    stored = {key: row.percent for key, row in figures().items()}
    assert dict(past_evidence.ask(*asked)) == stored
    LEARNER.use(None)
    assert dict(past_evidence.ask(*asked)) != stored


# -- which deals have an ending ---------------------------------------------------------------------------


def endings(horizon=365):
    rows = outcomes.read([], horizon, timezone.now())
    return dict(zip(rows.ids, rows.won, strict=True))


def test_an_open_deal_is_no_loss_before_the_horizon_and_a_no_go_is_none_at_all():
    now = timezone.now()
    old, young = deal(created_at=now - 366 * DAY), deal(created_at=now - 364 * DAY)
    won, lost, no_go = deal(stage("won")), deal(stage("lost")), deal(stage("no-go"))
    batch = ImportBatch.objects.create(target="opportunities", created_by=UserFactory(role=Role.ADMIN))
    brought = deal(created_at=now - 900 * DAY, import_batch=batch)
    assert endings() == {old.pk: 0, won.pk: 1, lost.pk: 0}
    assert LEARNER.count(365, now) == 3
    assert young.pk in endings(horizon=100)
    assert not {no_go.pk, brought.pk} & set(endings(horizon=14))


def test_facts_count_as_they_stood_when_the_deal_came_in():
    """What is filled in on the way to the signature is not known of a deal that comes in today."""
    CustomField.objects.create(record="opportunity", name="Seats", key="seats", kind="number", lane="commercial")
    asked = [BUILT_IN["amount"], BUILT_IN["product"], known_by("custom.opportunity.number.seats")]
    row = deal(amount=1000, product="Alpha", custom={"seats": 5}, created_at=timezone.now() - 50 * DAY)
    row.amount, row.product, row.custom = 90000, "Beta", {"seats": 500}
    row.save()
    row.stage, row.outcome, row.closed_on = stage("won"), "won", timezone.localdate()
    row.save()
    rows = outcomes.read(asked, 365, timezone.now())
    assert rows.table["amount"].numbers.tolist() == [1000]
    assert rows.table["product"].levels == ("alpha",)
    assert rows.table["custom.opportunity.number.seats"].numbers.tolist() == [5]


def test_what_is_added_on_the_first_day_counts_unless_it_closes_the_deal():
    row = deal(amount=0)
    row.amount = 4000
    row.save()
    row.stage, row.outcome, row.closed_on, row.amount = stage("won"), "won", timezone.localdate(), 7000
    row.save()
    rows = outcomes.read([BUILT_IN["amount"]], 365, timezone.now())
    assert rows.table["amount"].numbers.tolist() == [4000]


def test_amounts_are_compared_in_one_currency_or_not_at_all():
    ExchangeRate.objects.create(currency="CHF", rate=Decimal(2), valid_from=datetime.date(2020, 1, 1))
    for currency in ("CHF", "SEK"):
        deal(stage("won"), amount=100, currency=currency)
    rows = outcomes.read([BUILT_IN["amount"]], 365, timezone.now())
    found = sorted(rows.table["amount"].numbers.tolist(), key=str)
    assert found[0] == 200
    assert math.isnan(found[1])


# -- what it learns from ----------------------------------------------------------------------------------


def test_owner_team_and_calendar_are_off_and_what_ends_a_deal_is_not_offered():
    usual = {one.key for one in used(all_known(), [], [])}
    assert not usual & {"owner", "team", "month", "weekday"}
    assert not usual & {"closed_on", "lost_reason", "lost_to", "stage", "claimed_probability", "close_date", "points"}


def test_a_field_filled_after_the_ending_is_named_and_kept_out():
    history()
    version = learn()
    key = "custom.opportunity.text.autopsy_note"
    assert version.findings[key]["is_leak"]
    assert key not in [column["key"] for column in version.data["columns"]]


@pytest.mark.parametrize("unit", [1, 7, -1])
def test_a_number_that_tells_how_long_it_took_is_a_leak(unit):
    """Imports bring such columns: days to close, weeks in pipeline, or the days left at the end of a year."""
    history(open_deals=0)
    rows = outcomes.read(used(all_known(), [], []), 365, timezone.now())
    draw = np.random.default_rng(1)
    days = rows.after["days"] + draw.integers(0, 60, len(rows))
    table = rows.table | {"custom.opportunity.number.took": rows.table["amount"].of_numbers(np.round(days / unit))}
    tiers = [f"from {15 * int(one // 15)} days" for one in days]
    table["custom.opportunity.choice.tier"] = rows.table["type"].of_texts(tiers)
    found = train(table, rows.won, after={"days": days}).findings
    assert found["custom.opportunity.choice.tier"].cause.value == "echo"
    assert found["custom.opportunity.number.took"].cause.value == "echo"
    assert "custom.opportunity.number.seats" not in found


def test_every_field_that_may_be_learned_from_can_be_read_and_computed():
    deals = history()
    CustomField.objects.create(record="opportunity", name="Seen", key="seen", kind="date", lane="technical")
    CustomField.objects.create(record="company", name="Tier", key="tier", kind="choice")
    Company.objects.filter(industry="Farm").update(custom={"tier": "Gold"}, technologies=["AWS", "SAP"], employees=70)
    lead = LeadFactory(job_title="CTO")
    Opportunity.objects.filter(pk=deals.last().pk).update(lead=lead)
    off = [one.key for one in all_known().values() if one.off]
    WinSettings.row()
    WinSettings.objects.update(switched_on=off)
    version = learn()
    sweep_probabilities(timezone.now())
    assert wrong() == []
    keys = {column["key"] for column in version.data["columns"]}
    assert {"custom.company.choice.tier", "technologies", "employees"} <= keys
    rows = outcomes.read(used(all_known(), off, []), 14, timezone.now())
    chances = dict(zip(rows.ids, Model.from_data(version.data).logits(rows.table), strict=True))
    for row in EvidenceProbability.objects.exclude(logit=None):
        if row.pk in chances:  # old enough to be read at this horizon
            assert row.logit == pytest.approx(chances[row.pk], abs=1e-9)
    assert any(row.pk in chances for row in EvidenceProbability.objects.exclude(logit=None))


# -- changes of what it rests on --------------------------------------------------------------------------


def test_changes_of_its_facts_mark_the_figure_stale():
    history(open_deals=3)
    learn()
    sweep_probabilities(timezone.now())
    team = TeamFactory()
    ae, admin = UserFactory(role=Role.AE, team=team), UserFactory(role=Role.ADMIN)
    lead = LeadFactory(stage="new", team=team, owner=ae)
    row = Opportunity.objects.filter(outcome="open").first()
    Opportunity.objects.filter(pk=row.pk).update(team=team, owner=ae, lead=lead)
    Lead.objects.filter(pk=lead.pk).update(stage="converted", converted_at=timezone.now(), dossier=row.dossier_id)
    sweep_probabilities(timezone.now())

    def marked(act, *args, **kwargs):
        act(*args, **kwargs)
        assert row.pk in set(EvidenceProbability.objects.stale(timezone.now()).values_list("pk", flat=True))
        sweep_probabilities(timezone.now())
        assert wrong() == []

    row.refresh_from_db()
    marked(edit_deal_fields, ae, row, lane="commercial", version=row.version, custom={"seats": 29})
    row.refresh_from_db()
    row.amount = 123
    marked(commercial.update_commercial, ae, row, row.version)
    company = Company.objects.get(pk=row.company_id)
    marked(
        update_company,
        admin,
        company,
        version=company.version,
        industry="Bank" if company.industry != "Bank" else "Farm",
    )
    lead.refresh_from_db()
    marked(update_lead, admin, lead, version=lead.version, job_title="Chief Information Officer")


# -- the page ---------------------------------------------------------------------------------------------


def test_the_page_tells_what_was_learned(sign_in, django_assert_max_num_queries):
    client = sign_in(UserFactory(role=Role.ADMIN))
    assert "20 won and 20 lost are missing" in client.get(reverse("deals:winning")).content.decode()
    history()
    learn()
    client.get(reverse("deals:winning"))
    with django_assert_max_num_queries(12):
        page = client.get(reverse("deals:winning")).content.decode()
    assert "300 deals whose ending is known" in page
    assert "“Autopsy note” is filled for" in page
    assert "Seats" in page
    assert " lead " not in page.split("<main")[1].split("Came from a lead")[0]
    read_only = sign_in(UserFactory(role=Role.MANAGER)).get(reverse("deals:winning")).content.decode()
    assert "Train now" not in read_only


def test_the_form_saves_fields_and_horizon_and_refuses_a_stale_one(sign_in):
    client = sign_in(UserFactory(role=Role.ADMIN))
    version = WinSettings.row().version
    sent = {"version": version, "used": ["industry", "owner"], "horizon_days": 500}
    assert client.post(reverse("deals:winning_fields"), sent).status_code == 302
    row = WinSettings.row()
    assert (row.horizon_days, row.switched_on) == (500, ["owner"])
    assert "amount" in row.switched_off
    assert LEARNER.is_due(row)
    assert client.post(reverse("deals:winning_fields"), sent).status_code == 409
    assert client.post(reverse("deals:winning_fields"), {**sent, "horizon_days": 10**30}).status_code == 422
    assert client.post(reverse("deals:winning_fields"), {"version": "x"}).status_code == 422
