"""Marketing changes the rules in the browser: previewed first, saved as one, never over somebody else's changes."""

import pytest

from leads.forms.scoring import Editor
from leads.models import Lead, LeadScore, LeadStage, ScoringGroup, ScoringRule, ScoringSettings, TeamPolicy
from leads.scoring import stale, verify
from leads.scoring.sweep import sweep
from leads.seeds import seed
from tests.factories import CompanyFactory, LeadFactory
from tests.leads.scoring_factories import event, fit_rule

pytestmark = pytest.mark.django_db
URL = "/scoring/"


def fields_of(form):
    for field in form:
        value = field.value()
        if value is True:
            yield field.html_name, "on"
        elif value is not None and value is not False:
            yield field.html_name, value


def form_data(**changed):
    """What a browser sends for the editor as it is now, with some fields changed."""
    editor = Editor()
    data = {"revision": editor.revision}
    parts = [editor.settings_form, editor.group_forms.management_form, editor.threshold_forms.management_form]
    for row in editor.groups:
        parts.append(row.form)
        if row.rules is not None:
            parts += [row.rules.management_form, *row.rules.forms]
    parts += editor.threshold_forms.forms
    for part in parts:
        data.update(fields_of(part))
    data.update({name.replace("__", "-"): value for name, value in changed.items()})
    return {name: value for name, value in data.items() if value is not None}


def rule_prefix(rule):
    rules = list(ScoringRule.objects.filter(group=rule.group).order_by("order", "pk"))
    return f"r{rule.group_id}-{rules.index(rule)}"


@pytest.fixture
def client(marketing, sign_in):
    return sign_in(marketing)


def test_only_marketing_and_admins_change_rules(ae, se, manager, admin, sign_in):
    for user in (ae, se, manager):
        assert sign_in(user).get(URL).status_code == 403
        assert sign_in(user).post(URL, {}).status_code == 403
        assert sign_in(user).get(f"{URL}progress/").status_code == 403
    assert sign_in(admin).get(URL).status_code == 200


def test_the_editor_shows_every_rule_in_few_queries(client, team, django_assert_max_num_queries):
    seed()
    client.get(URL)
    with django_assert_max_num_queries(14):
        text = client.get(URL).content.decode()
    for rule in ScoringRule.objects.all():
        assert rule.name.replace("'", "&#x27;") in text


def test_saving_what_is_there_changes_no_rule(client, team):
    seed()
    before = list(ScoringRule.objects.order_by("pk").values())
    groups = list(ScoringGroup.objects.order_by("pk").values())
    response = client.post(URL, form_data())
    assert response.status_code == 302
    assert list(ScoringRule.objects.order_by("pk").values()) == before
    assert list(ScoringGroup.objects.order_by("pk").values()) == groups


def test_changed_points_reach_every_score_with_the_next_sweep(client):
    rule = fit_rule(30, "phone", "is_filled")
    lead = LeadFactory(phone="1")
    sweep()
    client.post(URL, form_data(**{f"{rule_prefix(rule)}-points": "50", "s-half_life_days": "10"}))
    assert ScoringRule.objects.get().points == 50
    assert "Rescoring" in client.get(URL).content.decode()
    sweep()
    assert LeadScore.objects.get(pk=lead.pk).fit == 50
    assert verify.differences() == []
    assert "Rescoring" not in client.get(f"{URL}progress/").content.decode()


def test_rules_and_groups_are_added_and_deleted(client):
    rule = fit_rule(30, "phone", "is_filled")
    other = fit_rule(10, "company", "is_filled")
    new = f"r{rule.group_id}-1"
    data = form_data(**{
        f"{new}-name": "Uses Kafka", f"{new}-field": "technologies", f"{new}-operator": "is_any",
        f"{new}-values": "Kafka,  Confluent ,Kafka", f"{new}-points": "12", f"{new}-is_active": "on",
        f"{rule_prefix(other)}-remove": "on",
        "g-2-name": "Events", "g-2-dimension": "engagement", "g-2-ceiling": "40",
    })  # fmt: skip
    assert client.post(URL, data).status_code == 302
    made = ScoringRule.objects.get(name="Uses Kafka")
    assert (made.values, made.points, made.group_id) == (["Kafka", "Confluent"], 12, rule.group_id)
    assert not ScoringRule.objects.filter(pk=other.pk).exists()
    assert ScoringGroup.objects.get(name="Events").dimension == "engagement"
    groups = form_data()
    groups["g-0-remove"] = "on"
    client.post(URL, groups)
    assert not ScoringRule.objects.exists()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"points": "101"}, "less than or equal to 100"),
        ({"points": "x"}, "Enter a whole number"),
        ({"field": "employees", "operator": "at_least", "values": "many"}, "is not a number"),
        ({"field": "employees", "operator": "contains", "values": "1"}, "does not suit"),
        ({"field": "seniority", "operator": "is_any", "values": "boss"}, "has no “boss”"),
        ({"field": "job_title", "operator": "is_any", "values": " , "}, "at least one value"),
        ({"field": "password", "operator": "is_filled"}, "Select a valid choice"),
        ({"name": "n" * 101}, "at most 100"),
        ({"values": "v" * 121, "field": "job_title", "operator": "is_any"}, "at most 120"),
        ({"field": "employees", "operator": "at_least", "values": "NaN"}, "number that fits"),
        ({"field": "employees", "operator": "at_least", "values": "9" * 40}, "number that fits"),
    ],
)
def test_what_cannot_be_asked_is_refused_beside_its_field(client, changed, message):
    rule = fit_rule(30, "phone", "is_filled")
    prefix = rule_prefix(rule)
    response = client.post(URL, form_data(**{f"{prefix}-{name}": value for name, value in changed.items()}))
    assert response.status_code == 422
    assert message in response.content.decode()
    assert ScoringRule.objects.get().points == 30


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"revision": "x"},
        {"g-TOTAL_FORMS": "99999999", "g-INITIAL_FORMS": "0", "t-TOTAL_FORMS": "-1"},
        {"g-TOTAL_FORMS": "1", "g-INITIAL_FORMS": "0", "g-0-pk": "9" * 30, "t-TOTAL_FORMS": "1",
         "t-INITIAL_FORMS": "0"},
        {"g-TOTAL_FORMS": "1", "g-INITIAL_FORMS": "1", "g-0-pk": "77", "g-0-name": "x", "t-TOTAL_FORMS": "1",
         "t-INITIAL_FORMS": "0", "t-0-team": "٣"},
    ],
)  # fmt: skip
def test_half_a_form_is_refused_without_an_error_page(client, data):
    seed()
    assert client.post(URL, data).status_code in (409, 422)
    assert client.post(URL, {**data, "preview": "1"}).status_code in (200, 409, 422)


def test_a_second_editor_is_shown_what_is_stored_and_loses_nothing(client):
    rule = fit_rule(30, "phone", "is_filled")
    mine, theirs = form_data(), form_data()
    mine[f"{rule_prefix(rule)}-points"], theirs[f"{rule_prefix(rule)}-points"] = "11", "22"
    assert client.post(URL, theirs).status_code == 302
    response = client.post(URL, mine)
    text = response.content.decode()
    assert response.status_code == 409
    assert "Now stored: 22." in text
    assert 'value="11"' in text
    assert ScoringRule.objects.get().points == 22
    mine["revision"] = ScoringSettings.objects.get().revision
    assert f'name="revision" value="{mine["revision"]}"' in text
    assert client.post(URL, mine).status_code == 302
    assert ScoringRule.objects.get().points == 11


def test_the_preview_says_who_moves_and_writes_nothing(client, team):
    rule = fit_rule(90, "phone", "is_filled")
    TeamPolicy.objects.create(team=team, mql_threshold=50)
    rises = LeadFactory(team=team, phone="1", name="Rises", company=CompanyFactory(name="Rising Co"))
    stays = LeadFactory(team=team, phone="", name="Stays")
    accepted = LeadFactory(team=team, phone="1", name="Accepted", stage="nurture", nurture_until="2099-01-01")
    sweep()
    revision, scores = ScoringSettings.objects.get().revision, list(LeadScore.objects.values())
    response = client.post(URL, form_data(**{f"{rule_prefix(rule)}-points": "100", "preview": "1"}))
    found = response.context["preview"]
    assert (found.over, found.under) == (1, 0)
    text = response.content.decode()
    assert f"/leads/{rises.pk}/" in text
    assert "Rising Co" in text
    assert stays.name not in text
    assert accepted.name not in text
    assert ScoringSettings.objects.get().revision == revision
    assert list(LeadScore.objects.values()) == scores
    assert ScoringRule.objects.get().points == 90
    Lead.objects.filter(pk=rises.pk).update(stage=LeadStage.MQL)
    LeadScore.objects.filter(pk=rises.pk).update(total=50)
    found = client.post(URL, form_data(**{"t-0-threshold": "60", "preview": "1"})).context["preview"]
    assert (found.over, found.under) == (0, 1)


def test_the_preview_equals_what_saving_does(client, team):
    seed()
    leads = [LeadFactory(team=team, phone="1", job_title="VP Engineering") for _ in range(3)]
    for number, lead in enumerate(leads):
        for _ in range(number + 1):
            event(lead, "webinar_attended")
    sweep()
    changed = {"s-half_life_days": "60", "s-fit_weight": "70", "t-0-threshold": "45"}
    found = client.post(URL, form_data(**changed, preview="1")).context["preview"]
    client.post(URL, form_data(**changed))
    sweep()
    mqls = {lead.pk for lead in Lead.objects.filter(stage=LeadStage.MQL)}
    assert {move.lead_id for move in found.moves} == mqls
    for move in found.moves:
        assert LeadScore.objects.get(pk=move.lead_id).total == move.after


def test_returned_leads_speak_about_the_rules_that_let_them_through(client, team):
    rule = fit_rule(30, "phone", "is_filled")
    for reason in ("too_early", "too_early", "wrong_person", ""):
        lead = LeadFactory(team=team, phone="1", return_reason=reason)
        stale.mark_leads([lead.pk])
    returned = client.get(URL).context["returned"]
    assert returned[rule.pk].total == 3
    assert returned[rule.pk].reasons == "2 × Too early, no buying signal, 1 × Wrong person at the company"
