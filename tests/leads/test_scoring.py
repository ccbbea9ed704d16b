"""What a score is: rules, groups with ceilings, decay, rounding, grades, bands."""

import datetime
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from leads.models import LeadScore, ScoringRule
from leads.models.scoring import ScoringSettings
from leads.scoring import engine, masses, stale, verify
from leads.scoring.rules import Ruleset, settings_row
from leads.scoring.sweep import sweep
from leads.seeds import seed
from tests.factories import CompanyFactory, LeadFactory
from tests.leads import oracle
from tests.leads.scoring_factories import event, event_rule, fit_rule, group

NOW = datetime.datetime(2026, 6, 1, 15, 0, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def epoch():
    settings_row()
    ScoringSettings.objects.update(mass_epoch=NOW.date() - 10 * DAY)


def score(lead, now=NOW):
    stale.mark_leads([lead.pk])
    engine.score_stale(now)
    return LeadScore.objects.get(pk=lead.pk)


def at(days_ago, **more):
    moment = NOW - days_ago * DAY
    return {"at": moment, "created_at": moment, **more}


def test_without_rules_everybody_scores_nothing():
    row = score(LeadFactory())
    assert (row.fit, row.engagement, row.total, row.grade, row.band) == (0, 0, 0, "D4", "cold")
    assert row.computed_rev == row.input_rev


@pytest.mark.parametrize(
    ("field", "operator", "values", "lead", "company", "matches"),
    [
        ("seniority", "is_any", ["vp", "executive"], {"job_title": "VP of Sales"}, {}, True),
        ("seniority", "is_any", ["vp"], {"job_title": "Analyst"}, {}, False),
        ("seniority", "is_none", ["entry"], {"job_title": "VP of Sales"}, {}, True),
        ("seniority", "is_none", ["entry"], {"job_title": ""}, {}, False),
        ("job_title", "contains", ["PLATFORM"], {"job_title": "Head of platform"}, {}, True),
        ("job_title", "contains", ["ingénieur"], {"job_title": "INGÉNIEUR en chef"}, {}, True),
        ("job_title", "is_empty", [], {"job_title": ""}, {}, True),
        ("phone", "is_filled", [], {"phone": "+1 555"}, {}, True),
        ("phone", "is_empty", [], {"phone": "+1 555"}, {}, False),
        ("business_email", "is_filled", [], {"email": "ann@acme.example"}, {}, True),
        ("business_email", "is_filled", [], {"email": "ann@gmail.com"}, {}, False),
        ("business_email", "is_filled", [], {"email": "ann@notgmail.com"}, {}, True),
        ("business_email", "is_filled", [], {"email": ""}, {}, False),
        ("industry", "is_any", ["software"], {}, {"industry": "Software"}, True),
        ("employees", "at_least", ["200"], {}, {"employees": 200}, True),
        ("employees", "at_least", ["200"], {}, {"employees": 199}, False),
        ("employees", "at_most", ["9"], {}, {"employees": None}, False),
        ("employees", "is_empty", [], {}, {"employees": None}, True),
        ("employees", "is_filled", [], {}, {"employees": 0}, True),
        ("annual_revenue", "at_least", ["1000000.01"], {}, {"annual_revenue": Decimal("1000000.00")}, False),
        ("technologies", "is_any", ["aws"], {}, {"technologies": ["AWS", "Kafka"]}, True),
        ("technologies", "is_any", ["aw"], {}, {"technologies": ["AWS"]}, False),
        ("technologies", "contains", ["aw"], {}, {"technologies": ["AWS"]}, True),
        ("technologies", "is_none", ["aws"], {}, {"technologies": ["Kafka"]}, True),
        ("technologies", "is_none", ["aws"], {}, {"technologies": []}, False),
        ("technologies", "is_any", ["100%_"], {}, {"technologies": ["100%_"]}, True),
    ],
)
def test_a_fit_rule_compares(field, operator, values, lead, company, matches):
    rule = fit_rule(30, field, operator, values)
    made = LeadFactory(**lead, company=CompanyFactory(**company))
    assert score(made).fit == (30 if matches else 0)
    assert oracle.holds(made, rule) is matches


def test_a_lead_without_a_company_matches_no_company_rule_but_is_empty():
    fit_rule(10, "employees", "is_empty")
    fit_rule(20, "industry", "is_none", ["Retail"])
    fit_rule(40, "technologies", "is_empty")
    assert score(LeadFactory(company=None)).fit == 50


def test_values_are_text_never_sql():
    fit_rule(30, "industry", "is_any", ["x') OR 1=1 --", "%s", "'"])
    assert score(LeadFactory(company=CompanyFactory(industry="Retail"))).fit == 0
    assert score(LeadFactory(company=CompanyFactory(industry="%S"))).fit == 30


def test_a_group_gives_at_most_its_ceiling():
    of = group(ceiling=25)
    fit_rule(20, "phone", "is_filled", of=of)
    fit_rule(20, "business_email", "is_filled", of=of)
    fit_rule(-15, "company", "is_empty", of=of)
    lead = LeadFactory(phone="1")
    assert score(lead).fit == 25
    lead.company = None
    lead.save()
    assert score(lead).fit == 25  # 20 + 20 - 15


def test_fit_stays_between_0_and_100():
    fit_rule(-40, "company", "is_filled")
    assert score(LeadFactory()).fit == 0
    for _ in range(3):
        fit_rule(90, "company", "is_filled")
    assert score(LeadFactory()).fit == 100


def test_a_rule_switched_off_counts_nothing():
    fit_rule(40, "company", "is_filled", is_active=False)
    assert score(LeadFactory()).fit == 0


def test_an_event_is_worth_half_after_a_half_life():
    event_rule(40, "demo_request")
    lead = LeadFactory()
    event(lead, "demo_request", **at(0))
    assert score(lead).engagement == 40
    assert score(lead, NOW + 21 * DAY).engagement == 20
    assert score(lead, NOW + 42 * DAY).engagement == 10


def test_half_a_point_rounds_up_however_old_the_epoch():
    event_rule(5, "email_clicked")
    lead = LeadFactory()
    event(lead, "email_clicked", **at(0, weight=0.5))
    for epoch_age in (0, 1, 7, 100, 300):
        ScoringSettings.objects.update(mass_epoch=NOW.date() - epoch_age * DAY, mass_rev=epoch_age + 2)
        assert score(lead).engagement == 3


def test_an_event_dated_into_the_future_never_counts_above_its_weight():
    event_rule(40, "demo_request")
    lead = LeadFactory()
    event(lead, "demo_request", at=NOW + 30 * DAY, created_at=NOW)
    assert score(lead).engagement == 40


def test_ten_page_visits_never_outweigh_a_demo_request():
    event_rule(2, "page_visit", of=group("engagement", ceiling=15))
    event_rule(40, "demo_request")
    visitor, asker = LeadFactory(), LeadFactory()
    for _ in range(10):
        event(visitor, "page_visit", **at(0))
    event(asker, "demo_request", **at(0))
    assert score(visitor).engagement == 15
    assert score(asker).engagement == 40


def test_all_scores_of_one_day_are_of_the_same_moment():
    event_rule(40, "demo_request")
    lead = LeadFactory()
    event(lead, "demo_request", **at(5))
    morning, night = NOW.replace(hour=0, minute=0), NOW.replace(hour=23, minute=59)
    assert score(lead, morning).engagement == score(lead, night).engagement


@pytest.mark.parametrize(("fit_weight", "total"), [(50, 51), (100, 61), (0, 40), (70, 55)])
def test_the_total_weighs_fit_and_engagement_and_rounds_half_up(fit_weight, total):
    ScoringSettings.objects.update(fit_weight=fit_weight)
    fit_rule(61, "company", "is_filled")
    event_rule(40, "demo_request")
    lead = LeadFactory()
    event(lead, "demo_request", **at(0))
    assert score(lead).total == total


@pytest.mark.parametrize(
    ("fit", "engagement", "grade"),
    [(75, 60, "A1"), (74, 59, "B2"), (50, 35, "B2"), (49, 34, "C3"), (25, 10, "C3"), (24, 9, "D4")],
)
def test_grades(fit, engagement, grade):
    fit_rule(fit, "company", "is_filled")
    event_rule(engagement, "meeting")
    lead = LeadFactory()
    event(lead, "meeting", **at(0))
    assert score(lead).grade == grade


def test_bands_follow_the_settings():
    ScoringSettings.objects.update(fit_weight=100, hot_from=60, warm_from=30)
    rule = fit_rule(60, "company", "is_filled")
    bands = []
    for points in (60, 59, 30, 29):
        ScoringRule.objects.filter(pk=rule.pk).update(points=points)
        bands.append(score(LeadFactory()).band)
    assert bands == ["hot", "warm", "warm", "cold"]


def test_an_unknown_field_of_an_older_release_is_left_out():
    fit_rule(40, "shoe_size", "at_least", ["44"])
    fit_rule(10, "company", "is_filled")
    assert score(LeadFactory()).fit == 10


# -- masses -----------------------------------------------------------------------------------------


def test_masses_kept_event_by_event_equal_masses_summed_afresh():
    seed()
    lead = LeadFactory()
    for number in range(40):
        event(lead, "page_visit" if number % 3 else "meeting", **at(number * 7 % 50, weight=0.1 + number / 7))
    kept = LeadScore.objects.get(pk=lead.pk).masses
    masses.rebuild([lead.pk])
    assert LeadScore.objects.get(pk=lead.pk).masses == kept


def test_a_deleted_event_leaves_nothing_behind():
    event_rule(40, "demo_request")
    lead = LeadFactory()
    made = event(lead, "demo_request", **at(0))
    assert score(lead).engagement == 40
    made.delete()
    masses.rebuild([lead.pk])
    assert LeadScore.objects.get(pk=lead.pk).masses == []
    assert score(lead).engagement == 0


def test_a_new_half_life_is_taken_up_by_the_next_sweep():
    event_rule(40, "demo_request")
    lead = LeadFactory()
    event(lead, "demo_request", **at(10))
    sweep(NOW)
    ScoringSettings.objects.update(half_life_days=10, mass_rev=2, revision=99)
    sweep(NOW)
    assert LeadScore.objects.get(pk=lead.pk).engagement == 20


def test_an_event_recorded_before_the_masses_follow_a_new_half_life_still_counts():
    event_rule(40, "demo_request")
    lead = LeadFactory()
    event(lead, "demo_request", **at(10))
    ScoringSettings.objects.update(half_life_days=10, mass_rev=2)
    event(lead, "demo_request", **at(10))
    assert score(lead).engagement == 40


@pytest.mark.parametrize("days", [400, 2000])
def test_the_epoch_moves_on_before_masses_grow_too_large(days):
    event_rule(40, "demo_request", of=group("engagement", ceiling=100))
    lead = LeadFactory()
    event(lead, "demo_request", **at(0))
    later = NOW + days * DAY
    event(lead, "demo_request", at=later, created_at=later)
    sweep(later)
    row = LeadScore.objects.get(pk=lead.pk)
    assert row.engagement == 40
    assert settings_row().mass_epoch == later.date()
    assert max(row.masses) < 2**40


def test_a_mass_never_overflows():
    event_rule(40, "page_visit")
    lead = LeadFactory()
    event(lead, "page_visit", **at(0))
    LeadScore.objects.filter(pk=lead.pk).update(masses=[0, 0, 0, 0, 0, 0, 0, masses.CAP - 1, 0])
    event(lead, "page_visit", **at(0, weight=10))
    assert LeadScore.objects.get(pk=lead.pk).masses[7] == masses.CAP


# -- stored equals the definition ---------------------------------------------------------------------


def test_the_default_rules_score_as_their_definition_says():
    seed()
    company = CompanyFactory(
        industry="Software", employees=1200, annual_revenue=Decimal("25000000"), technologies=["AWS", "Kafka"]
    )
    strong = LeadFactory(job_title="VP Engineering", phone="1", source="referral", company=company)
    weak = LeadFactory(job_title="Student", email="x@gmail.com", company=None)
    event(strong, "demo_request", **at(3))
    event(strong, "meeting", **at(1))
    event(weak, "page_visit", **at(2))
    sweep(NOW)
    assert oracle.wrong(Ruleset.load(), NOW.date()) == {}
    assert LeadScore.objects.get(pk=strong.pk).band == "hot"
    assert LeadScore.objects.get(pk=weak.pk).grade == "D4"


def test_seeding_twice_changes_nothing():
    seed()
    before = list(ScoringRule.objects.values())
    ScoringRule.objects.filter(name="Demo request").update(points=99)
    seed()
    assert ScoringRule.objects.count() == len(before)
    assert ScoringRule.objects.get(name="Demo request").points == 99


def test_rescoring_the_same_day_writes_nothing():
    seed()
    for _ in range(5):
        event(LeadFactory(), "meeting", **at(1))
    sweep(NOW)
    written = timezone.now()
    LeadScore.objects.update(computed_at=written)
    ScoringSettings.objects.update(revision=77)
    assert sweep(NOW).ranges > 0
    assert set(LeadScore.objects.values_list("computed_at", flat=True)) == {written}


RULES = st.lists(
    st.tuples(st.sampled_from(["demo_request", "page_visit", "meeting"]), st.integers(-20, 100), st.integers(1, 100)),
    min_size=1,
    max_size=4,
)
EVENTS = st.lists(
    st.tuples(st.sampled_from(["demo_request", "page_visit", "meeting"]), st.integers(0, 90), st.floats(0.01, 10)),
    max_size=6,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=RULES, events=EVENTS, half_life=st.integers(1, 60), fit=st.integers(0, 100), weight=st.integers(0, 100))
@example([("demo_request", -1, 1), ("demo_request", 2, 1)], [("demo_request", 0, 1.0)], 1, 0, 0)  # from 0 up to 1
def test_night_after_night_every_score_equals_its_definition(rules, events, half_life, fit, weight):
    """Nightly runs look only at rows that are due; nobody may be due too late."""
    with transaction.atomic():
        ScoringSettings.objects.update(half_life_days=half_life, fit_weight=weight)
        fit_rule(fit, "company", "is_filled")
        for kind, points, ceiling in rules:
            event_rule(points, kind, of=group("engagement", ceiling=ceiling))
        leads = [LeadFactory(), LeadFactory()]
        for number, (kind, days, weight_of_event) in enumerate(events):
            event(leads[number % 2], kind, **at(days, weight=weight_of_event))
        current = Ruleset.load()
        for night in (0, 1, 2, 3, 5, 8, 21, 22, 23, 60, 200):
            now = NOW + night * DAY
            sweep(now)
            assert oracle.wrong(Ruleset.load(), now.date()) == {}
            assert verify.differences(now) == []
        assert current.groups
        transaction.set_rollback(True)


def test_a_night_writes_only_scores_that_change():
    event_rule(40, "demo_request")
    active, idle = LeadFactory(), LeadFactory()
    event(active, "demo_request", **at(0))
    sweep(NOW)
    LeadScore.objects.update(computed_at=NOW)
    sweep(NOW + DAY)
    assert LeadScore.objects.get(pk=active.pk).computed_at == NOW + DAY
    assert LeadScore.objects.get(pk=idle.pk).computed_at == NOW
    assert LeadScore.objects.get(pk=idle.pk).next_due_at is None
