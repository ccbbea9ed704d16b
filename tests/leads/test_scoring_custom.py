"""Scoring rules ask custom fields of leads and of their companies."""

import pytest

from leads.actions import custom_fields as actions
from leads.actions.leads import update_lead
from leads.models import LeadScore, ScoringRule
from leads.scoring import fields, stale
from leads.scoring.reasons import reasons
from leads.scoring.sweep import sweep
from presales.errors import Conflict
from tests.factories import CompanyFactory, LeadFactory
from tests.leads.scoring_factories import fit_rule, group
from tests.leads.test_scoring_editor import URL, form_data, rule_prefix

pytestmark = pytest.mark.django_db


@pytest.fixture
def own(admin):
    for name, kind in (("Remark", "text"), ("Visits", "number"), ("Trial", "yes_no"), ("Renewal", "date")):
        actions.add_field(admin, record="lead", name=name, kind=kind)
    actions.add_field(admin, record="lead", name="Size", kind="choice", choices=["Small", "New York, NY"])
    actions.add_field(admin, record="company", name="Seats", kind="number")


def fit_of(lead):
    stale.mark_leads([lead.pk])
    sweep()
    return LeadScore.objects.get(pk=lead.pk).fit


@pytest.mark.parametrize(
    ("field", "operator", "values", "custom", "matches"),
    [
        ("lead.text.remark", "contains", ["TEA"], {"remark": "Likes tea"}, True),
        ("lead.text.remark", "is_empty", [], {}, True),
        ("lead.text.remark", "is_filled", [], {"remark": "x"}, True),
        ("lead.number.visits", "at_least", ["10"], {"visits": 10}, True),
        ("lead.number.visits", "at_least", ["10"], {"visits": 9.5}, False),
        ("lead.number.visits", "at_most", ["-1.5"], {"visits": -2}, True),
        ("lead.number.visits", "at_most", ["5"], {}, False),
        ("lead.number.visits", "at_least", ["5"], {"visits": "text"}, False),
        ("lead.number.visits", "is_empty", [], {"visits": "text"}, True),
        ("lead.yes_no.trial", "is_any", ["yes"], {"trial": True}, True),
        ("lead.yes_no.trial", "is_any", ["no"], {"trial": False}, True),
        ("lead.yes_no.trial", "is_none", ["yes"], {}, False),
        ("lead.date.renewal", "at_least", ["2026-03-04"], {"renewal": "2026-03-04"}, True),
        ("lead.date.renewal", "at_most", ["2026-03-04"], {"renewal": "2026-03-05"}, False),
        ("lead.choice.size", "is_any", ["new york, ny"], {"size": "New York, NY"}, True),
        ("lead.choice.size", "is_none", ["Small"], {"size": "New York, NY"}, True),
    ],
)  # fmt: skip
def test_a_rule_compares(field, operator, values, custom, matches):
    lead = LeadFactory(custom=custom)
    fit_rule(7, f"custom.{field}", operator, values)
    assert fit_of(lead) == (7 if matches else 0)


def test_of_the_company_too_and_without_one_it_is_empty():
    fit_rule(7, "custom.company.number.seats", "at_least", ["100"])
    fit_rule(3, "custom.company.number.seats", "is_empty")
    assert fit_of(LeadFactory(company=CompanyFactory(custom={"seats": 100}))) == 7
    assert fit_of(LeadFactory(company=None)) == 3


@pytest.mark.parametrize(
    "name",
    ["custom.lead.text.a' OR 1=1 --", "custom.lead.json.a", "custom.opportunity.text.a", "custom.lead.text.",
     "custom.lead.text.a\n", "custom.lead.text.Ä", "custom"],
)  # fmt: skip
def test_nothing_else_gets_into_the_sql(name):
    assert fields.lookup(name) is None
    fit_rule(7, name, "is_empty")
    assert fit_of(LeadFactory()) == 0


def test_a_changed_value_is_scored_anew_and_explained_by_its_name(admin, own):
    fit_rule(7, "custom.lead.number.visits", "at_least", ["10"])
    lead = LeadFactory()
    assert fit_of(lead) == 0
    update_lead(admin, lead, version=1, custom={"visits": 12})
    assert fit_of(lead) == 7
    lines = [line.detail for part in reasons(lead).parts for one in part.groups for line in one.lines]
    assert lines == ["Visits is at least 10"]


def test_the_editor_offers_them_previews_and_saves(sign_in, marketing, own):
    browser = sign_in(marketing)
    rule = fit_rule(7, "industry", "is_any", ["Software"], of=group(name="Own"))
    page = browser.get(URL).content.decode()
    assert "Your own fields" in page
    assert "Seats (company)" in page
    prefix = rule_prefix(rule)
    changed = {f"{prefix}-field": "custom.lead.choice.size", f"{prefix}-values": 'Small, "New York, NY"'}
    LeadFactory(custom={"size": "Small"})
    sweep()
    answer = browser.post(URL, form_data(**changed) | {"preview": "1"})
    assert answer.status_code == 200
    answer = browser.post(URL, form_data(**changed))
    assert answer.status_code == 302
    rule.refresh_from_db()
    assert (rule.field, rule.values) == ("custom.lead.choice.size", ["Small", "New York, NY"])
    again = form_data()
    assert again[f"{prefix}-values"] == 'Small, "New York, NY"'
    for bad in ({"values": "Huge"}, {"operator": "at_least"}, {"field": "custom.lead.choice.other"}):
        sent = form_data(**{f"{prefix}-{name}": value for name, value in bad.items()})
        assert browser.post(URL, sent).status_code == 422


def test_a_field_that_a_rule_asks_is_archived_not_removed(admin, own):
    visits = actions.CustomField.objects.get(key="visits")
    fit_rule(7, fields.custom_name(visits), "at_least", ["10"])
    with pytest.raises(Conflict):
        actions.remove_field(admin, visits)
    actions.archive_field(admin, visits)
    assert fit_of(LeadFactory(custom={"visits": 12})) == 7
    assert fields.custom_name(visits) not in fields.asked_by_rules()
    assert fields.custom_name(visits) in fields.asked_by_rules({ScoringRule.objects.get().field})
