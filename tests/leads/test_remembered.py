"""What leads were found to be is remembered, and nothing of it is ever used too long."""

import datetime
import random

import pytest
from django.db.models import F
from django.utils import timezone

from leads.models import Company, CustomField, Lead, LeadScore, ScoreInputs, ScoringRule
from leads.scoring import engine, evaluate, remembered, stale
from leads.scoring.sweep import sweep
from leads.scoring.verify import differences
from leads.seeds import seed
from tests.factories import CompanyFactory, LeadFactory
from tests.leads.scoring_factories import bump, event, event_rule, fit_rule, group
from tests.leads.test_conversion import learn, people

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)


@pytest.fixture
def asked(monkeypatch):
    """How many questions were asked of how many leads, each time."""
    found, ask = [], remembered._ask

    def counted(bounds, rules, questions, ids=None):
        answers = ask(bounds, rules, questions, ids)
        found.append((len(questions), len(answers.ids)))
        return answers

    monkeypatch.setattr(remembered, "_ask", counted)
    return found


def leads_of(*industries):
    return [LeadFactory(company=CompanyFactory(industry=industry)) for industry in industries]


def test_new_points_ceilings_and_weights_read_no_lead(asked):
    rule = fit_rule(30, "industry", "is_any", ["bank"], of=group(ceiling=60))
    event_rule(10, "meeting")
    lead, _ = leads_of("Bank", "Farm")
    event(lead, "meeting")
    sweep()
    asked.clear()
    ScoringRule.objects.filter(pk=rule.pk).update(points=80)
    bump()
    sweep()
    assert asked == []
    assert LeadScore.objects.get(pk=lead.pk).fit == 60
    assert differences() == []


def test_a_new_condition_is_asked_of_all_and_no_other(asked):
    fit_rule(30, "industry", "is_any", ["bank"])
    leads_of("Bank", "Farm", "Farm")
    sweep()
    asked.clear()
    fit_rule(20, "industry", "is_any", ["farm"])
    sweep()
    assert asked == [(1, 3)]
    assert sorted(LeadScore.objects.values_list("fit", flat=True)) == [20, 20, 30]


def test_what_changed_is_asked_anew(asked):
    rule = fit_rule(30, "industry", "is_any", ["bank"])
    leads = leads_of(*["Farm"] * 9)
    sweep()
    Company.objects.filter(pk=leads[0].company_id).update(industry="Bank")
    stale.mark_company(leads[0].company_id)
    sweep()
    asked.clear()
    ScoringRule.objects.filter(pk=rule.pk).update(points=40)
    bump()
    sweep()
    assert asked == [(1, 1)]
    assert LeadScore.objects.get(pk=leads[0].pk).fit == 40
    assert differences() == []


def test_a_lead_that_changes_while_it_is_scored_stays_marked(monkeypatch):
    rule = fit_rule(30, "industry", "is_any", ["bank"])
    lead, other = leads_of("Farm", "Farm")
    sweep()
    real = evaluate.evaluate

    def late(rules, day, found):
        Company.objects.filter(pk=lead.company_id).update(industry="Bank")
        stale.mark_company(lead.company_id)
        monkeypatch.setattr(evaluate, "evaluate", real)
        return real(rules, day, found)

    monkeypatch.setattr(evaluate, "evaluate", late)
    ScoringRule.objects.filter(pk=rule.pk).update(points=40)
    bump()
    sweep()
    assert LeadScore.objects.get(pk=lead.pk).fit == 40
    assert LeadScore.objects.get(pk=other.pk).fit == 0
    bump()
    sweep()
    assert differences() == []


def test_leads_come_and_go():
    rule = fit_rule(30, "industry", "is_any", ["bank"])
    leads = leads_of(*["Bank"] * 8)
    sweep()
    gone = leads[3].pk
    leads[3].delete()
    new = leads_of("Bank")[0]
    stale.mark_leads([new.pk])
    ScoringRule.objects.filter(pk=rule.pk).update(points=40)
    fit_rule(7, "industry", "is_filled")
    sweep()
    assert set(LeadScore.objects.values_list("fit", flat=True)) == {47}
    arrays, _ = remembered.unpack(bytes(ScoreInputs.objects.get().data))
    assert new.pk in arrays["ids"]
    assert gone not in arrays["ids"]
    assert differences() == []


def test_nothing_is_remembered_for_longer_than_a_month(asked):
    rule = fit_rule(30, "industry", "is_any", ["bank"])
    leads_of("Bank", "Farm")
    sweep()
    Company.objects.update(industry="Bank")  # and nobody marks it
    asked.clear()
    ScoringRule.objects.filter(pk=rule.pk).update(points=40)
    bump()
    later = timezone.now() + (remembered.DAYS + 1) * DAY
    sweep(later)
    assert asked == [(1, 2)]
    assert set(LeadScore.objects.values_list("fit", flat=True)) == {40}
    sweep(later + (remembered.DAYS + 1) * DAY)
    assert not ScoreInputs.objects.exists()


def test_what_another_release_packed_is_read_anew(asked):
    rule = fit_rule(30, "industry", "is_any", ["bank"])
    leads_of("Bank", "Farm")
    sweep()
    ScoreInputs.objects.update(data=b"something else altogether")
    asked.clear()
    ScoringRule.objects.filter(pk=rule.pk).update(points=40)
    bump()
    sweep()
    assert asked == [(1, 2)]
    assert differences() == []


def test_a_range_of_leads_and_a_single_one_are_scored_alike():
    seed()
    people()
    Lead.objects.filter(name__contains="1").update(seniority="vp", function="it", phone="1", source="referral")
    Company.objects.update(employees=5000, annual_revenue=10**9)
    stale.mark_leads(Lead.objects.values_list("pk", flat=True))
    learn()
    for number, lead in enumerate(Lead.objects.all()):
        for kind in ("meeting", "page_visit", "demo_request")[: number % 4]:
            event(lead, kind, at=timezone.now() - number % 90 * DAY, weight=1 + number % 3)
    LeadScore.objects.update(computed_rev=F("input_rev"))  # so that ranges alone are computed
    bump()
    sweep()
    figures = [
        field.attname
        for field in LeadScore._meta.fields
        if field.attname not in ("input_rev", "computed_rev", "computed_at")
    ]
    of_ranges = list(LeadScore.objects.order_by("pk").values_list(*figures))
    LeadScore.objects.update(fit=0, engagement=0, total=0, grade="D4", band="cold", next_due_at=None, probability=None)
    stale.mark_leads(Lead.objects.values_list("pk", flat=True))
    engine.score_stale()
    of_single = list(LeadScore.objects.order_by("pk").values_list(*figures))
    assert of_single == of_ranges
    assert len({row[figures.index("grade")] for row in of_ranges}) > 5


def test_another_version_reads_no_lead(asked):
    fit_rule(30, "industry", "is_any", ["bank"])
    people()
    first = learn()
    sweep()
    assert first.state == "active"
    other = learn_other(first)
    asked.clear()
    use(other)
    sweep()
    assert asked == []
    assert differences() == []
    use(None)
    sweep()
    assert not LeadScore.objects.exclude(probability=None).exists()
    use(first)
    sweep()
    assert asked == []
    assert differences() == []


def learn_other(version):
    version.pk, old = None, version.pk
    for column in version.data["columns"]:
        column["weights"] = [weight * 1.25 + 0.01 for weight in column["weights"]]
        column["edges"] = [edge + 1 for edge in column["edges"]]
        column["levels"] = column["levels"][::-1]
    version.save(force_insert=True)
    made = version.pk
    version.pk = old
    return type(version).objects.get(pk=made)


def use(version):
    from leads.conversion.versions import LEARNER

    LEARNER.use(None) if version is None else LEARNER.put_in_use(version)


@pytest.mark.parametrize("seed_of_draw", range(3))
def test_whatever_changes_every_score_is_the_one_computed_afresh(seed_of_draw):
    draw = random.Random(seed_of_draw)
    seed()
    people(number=60, open_leads=0)
    CustomField.objects.create(record="company", name="Size", key="size", kind="number")
    rules = [
        fit_rule(9, "custom.lead.number.visits", "at_least", ["10"]),
        fit_rule(-5, "custom.company.number.size", "is_empty"),
    ]
    sweep()
    for _ in range(6):
        for lead in draw.sample(list(Lead.objects.all()), draw.choice([0, 1, 25])):
            lead.custom = {"visits": draw.randrange(30), "colour": draw.choice(["", "red", "Größe"])}
            lead.job_title = draw.choice(["", "CTO", "Analyst"])
            lead.save()
            if draw.random() < 0.5:
                event(lead, draw.choice(["meeting", "page_visit"]), at=timezone.now() - draw.randrange(40) * DAY)
            stale.mark_leads([lead.pk])
        if draw.random() < 0.5:
            ScoringRule.objects.filter(pk=draw.choice(rules).pk).update(points=draw.randint(-20, 20))
        else:
            rules.append(fit_rule(draw.randint(-20, 20), "job_title", "contains", [draw.choice(["C", "an"])]))
        bump()
        sweep()
        assert differences() == []
