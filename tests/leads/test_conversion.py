"""The learned conversion probability in the database: outcomes, versions, and scores that carry it."""

import datetime
from dataclasses import replace

import numpy as np
import pytest
from django.urls import reverse
from django.utils import timezone

from leads.conversion import outcomes
from leads.conversion.fields import BUILT_IN, all_known
from leads.conversion.ranking import ranking
from leads.conversion.versions import LEARNER
from leads.models import Company, ConversionModel, ConversionSettings, CustomField, Engagement, Lead, LeadScore
from leads.scoring import stale, sweep
from leads.scoring.reasons import reasons
from leads.scoring.rules import Ruleset, settings_row
from leads.scoring.verify import differences
from presales.learning.fields import used
from presales.learning.model import Model
from qualification.models import Dossier
from tests.factories import CompanyFactory, LeadFactory
from tests.leads.scoring_factories import event, event_rule, fit_rule
from tests.qualification.factories import framework

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)


def people(number=240, seed=1, open_leads=20):
    """Leads whose industry and visits decide, most of them ended; and some that are open still."""
    draw = np.random.default_rng(seed)
    for name, kind in (("Visits", "number"), ("Colour", "choice"), ("Budget known", "yes_no"), ("Why lost", "text")):
        CustomField.objects.create(record="lead", name=name, key=name.lower().replace(" ", "_"), kind=kind)
    companies = [CompanyFactory(industry=name) for name in ("Bank", "bank ", "Farm", "")]
    of = framework()
    now, rows = timezone.now(), []
    for place in range(number + open_leads):
        company = companies[draw.integers(4)]
        visits = int(draw.integers(0, 30))
        logit = -2 + 2.5 * (company.industry.strip().lower() == "bank") + 0.12 * visits
        won = bool(draw.random() < 1 / (1 + np.exp(-logit)))
        custom = {
            "visits": visits,
            "colour": str(draw.choice(["red", "green"])),
            "budget_known": bool(draw.random() < 0.5),
        }
        if draw.random() < 0.1:
            custom.pop("visits")
        lead = Lead(name=f"Lead {place}", company=company, custom=custom, created_at=now - 20 * DAY)
        if place < number:
            at = now - (1 + place % 10) * DAY
            lead.stage, lead.stage_since = "converted" if won else "disqualified", at
            if won:
                lead.converted_at, lead.dossier = at, Dossier.objects.create(framework=of)
            else:
                lead.disqualify_reason = "no_need"
                if place % 3 == 0:
                    custom["why_lost"] = "too dear"
        rows.append(lead)
    Lead.objects.bulk_create(rows)
    stale.mark_leads(Lead.objects.values_list("pk", flat=True))
    return rows


def learn():
    LEARNER.want()
    assert LEARNER.train_if_due()
    return ConversionModel.objects.first()


def test_every_lead_gets_the_probability_that_the_model_gives():
    fit_rule(30, "industry", "is_any", ["bank"])
    people()
    version = learn()
    assert version.state == "active", version.report
    assert settings_row().model_id == version.pk
    assert set(version.findings) >= {"custom.lead.text.why_lost"}
    sweep.sweep()
    assert differences() == []
    fields = used(all_known(), [], [])
    model = Model.from_data(version.data)
    rows = outcomes.read(fields, 180, timezone.now())
    stored = dict(LeadScore.objects.values_list("pk", "probability"))
    for pk, chance in zip(rows.ids, model.chances(rows.table), strict=True):
        assert stored[pk] == pytest.approx(chance, abs=1e-9)
    assert "points" in model.encoders


def test_the_reasons_of_a_lead_add_up_to_its_stored_probability():
    fit_rule(30, "industry", "is_any", ["bank"])
    people()
    learn()
    sweep.sweep()
    for lead in Lead.objects.filter(stage="new").select_related("company", "owner", "team")[:8]:
        chance = reasons(lead).chance
        added = chance.start + sum(one.weight for one in (*chance.up, *chance.down)) + chance.rest
        assert added == pytest.approx(chance.logit, abs=1e-9)
        stored = LeadScore.objects.get(pk=lead.pk).probability
        assert 1 / (1 + np.exp(-added)) == pytest.approx(stored, abs=1e-6)
        assert all(one.weight > 0 for one in chance.up)
        assert all(one.weight < 0 for one in chance.down)
        assert len(chance.up) <= 3
        assert not chance.waiting
        assert chance.outcomes == 240


def test_the_page_tells_what_was_learned(sign_in, marketing, manager, ae, django_assert_max_num_queries):
    fit_rule(30, "industry", "is_any", ["bank"])
    people()
    client = sign_in(marketing)
    assert "20 converted and 20 lost are missing" in client.get(reverse("leads:conversion")).content.decode()
    learn()
    client.get(reverse("leads:conversion"))
    with django_assert_max_num_queries(12):
        page = client.get(reverse("leads:conversion")).content.decode()
    assert "240 leads whose ending is known" in page
    assert "“Why lost” is filled for" in page
    assert "Visits" in page
    assert "The first version." in page
    read_only = sign_in(manager).get(reverse("leads:conversion")).content.decode()
    assert "Train now" not in read_only
    assert sign_in(ae).get(reverse("leads:conversion")).status_code == 403


# -- which leads have an ending ---------------------------------------------------------------------------


def endings(horizon=180):
    rows = outcomes.read([], horizon, timezone.now())
    return dict(zip(rows.ids, rows.won, strict=True))


def test_lost_is_who_was_disqualified_or_is_older_than_the_horizon():
    now = timezone.now()
    old, young = LeadFactory(created_at=now - 181 * DAY), LeadFactory(created_at=now - 179 * DAY)
    lost = LeadFactory(stage="disqualified", disqualify_reason="no_need")
    won = LeadFactory(stage="converted", converted_at=now, dossier=Dossier.objects.create(framework=framework()))
    merged = LeadFactory(stage="disqualified", disqualify_reason="no_need", merged_into=lost)
    assert endings() == {old.pk: 0, lost.pk: 0, won.pk: 1}
    assert young.pk in endings(horizon=100)
    assert merged.pk not in endings()


def test_engagement_counts_as_it_stood_when_the_outcome_came():
    event_rule(40, "demo_request")
    event_rule(30, "meeting")
    ended = timezone.now() - 100 * DAY
    lead = LeadFactory(stage="disqualified", disqualify_reason="no_need", stage_since=ended)
    event(lead, "demo_request", at=ended)
    Engagement.objects.update(occurred_at=ended - datetime.timedelta(hours=1), created_at=ended)
    event(lead, "meeting", at=ended + 2 * DAY)
    rows = outcomes.read([BUILT_IN["did.demo_request"], BUILT_IN["did.meeting"]], 180, timezone.now())
    assert rows.table["points"].numbers.tolist() == [20]  # half of 40, undecayed; the meeting came after
    assert rows.table["did.demo_request"].levels == ("yes",)
    assert rows.table["did.meeting"].levels == ("no",)


# -- versions ---------------------------------------------------------------------------------------------


def test_with_too_few_outcomes_there_is_no_version():
    people(number=30)
    assert learn() is None
    row = ConversionSettings.row()
    assert row.latest["state"] == "rules_only"
    assert row.latest["wins"] + row.latest["losses"] == 30
    assert settings_row().model_id is None
    sweep.sweep()
    assert not LeadScore.objects.exclude(probability=None).exists()


def test_the_same_leads_again_make_no_new_version():
    people()
    first = learn()
    assert learn() == first
    assert ConversionModel.objects.count() == 1


def newly_ended(won_by):
    """Thirty open leads end now; `won_by` says which of them convert."""
    for place, lead in enumerate(Lead.objects.filter(stage="new").select_related("company")):
        won = won_by(lead, place)
        lead.stage, lead.stage_since = "converted" if won else "disqualified", timezone.now()
        if won:
            lead.converted_at, lead.dossier = timezone.now(), Dossier.objects.create(framework=framework())
        else:
            lead.disqualify_reason = "no_need"
        lead.save()


def is_bank(lead, place):
    return "bank" in lead.company.industry.lower()


def test_a_version_replaces_another_only_if_it_is_no_worse_on_newer_outcomes():
    people(open_leads=60)
    first = learn()
    newly_ended(lambda lead, place: not is_bank(lead, place))  # the world turned round, and it learns that
    second = learn()
    assert settings_row().model_id == second.pk
    assert "newer outcomes" in second.verdict
    assert second.outcomes_until > first.outcomes_until


def test_a_worse_version_is_kept_and_not_taken_into_use():
    people(open_leads=60)
    first = learn()
    # What is in use foresees the new endings perfectly; one that also has to explain the old ones cannot.
    column = next(one for one in first.data["columns"] if one["key"] == "industry")
    column["weights"] = [9.0 if level.startswith("bank") else -9.0 for level in ("", "any other", *column["levels"])]
    ConversionModel.objects.filter(pk=first.pk).update(data=first.data)
    newly_ended(is_bank)
    second = learn()
    assert second.pk != first.pk
    assert settings_row().model_id == first.pk
    assert second.verdict.startswith("Not taken into use. On")


def test_an_older_version_is_back_with_one_click_and_stays(sign_in, marketing):
    people(open_leads=60)
    first = learn()
    newly_ended(lambda lead, place: place % 2 == 0)
    second = learn()
    LEARNER.use(second)
    client = sign_in(marketing)
    assert client.post(reverse("leads:use_conversion", args=[first.pk])).status_code == 302
    assert settings_row().model_id == first.pk
    assert ConversionSettings.row().is_held
    ConversionSettings.objects.update(switched_off=["consent"])
    third = learn()
    assert third.pk > second.pk
    assert "held" in third.verdict
    assert settings_row().model_id == first.pk
    sweep.sweep()
    assert differences() == []
    client.post(reverse("leads:release_conversion"))
    assert not ConversionSettings.row().is_held
    assert LEARNER.is_due(ConversionSettings.row())


def test_a_version_on_fields_that_were_switched_off_is_replaced_and_never_comes_back(sign_in, marketing):
    people()
    first = learn()
    ConversionSettings.objects.update(switched_off=["industry"])
    second = learn()
    assert settings_row().model_id == second.pk
    assert "industry" not in [column["key"] for column in second.data["columns"]]
    client = sign_in(marketing)
    assert client.post(reverse("leads:use_conversion", args=[first.pk])).status_code == 409
    assert settings_row().model_id == second.pk


def test_owner_and_calendar_are_off_until_somebody_switches_them_on():
    usual = {one.key for one in used(all_known(), [], [])}
    assert not usual & {"owner", "team", "month", "weekday"}
    assert {one.key for one in used(all_known(), ["owner"], ["industry"])} == usual - {"industry"} | {"owner"}


def test_every_field_that_may_be_learned_from_can_be_read_and_computed():
    people()
    CustomField.objects.create(record="lead", name="First seen", key="first_seen", kind="date")
    CustomField.objects.create(record="company", name="Tier", key="tier", kind="choice")
    for place, lead in enumerate(Lead.objects.select_related("company")):
        lead.custom["first_seen"] = (lead.created_at - (place % 90) * DAY).date().isoformat()
        lead.created_at -= (place % 60) * DAY
        lead.campaign, lead.job_title = f"Spring {place % 3}", ["CTO", "Analyst"][place % 2]
        lead.save()
    Company.objects.update(custom={"tier": "Gold"}, technologies=["AWS", "SAP"], employees=70)
    Company.objects.filter(industry="Farm").update(custom={}, technologies=[], employees=None)
    off = [one.key for one in all_known().values() if one.off]
    ConversionSettings.row()
    ConversionSettings.objects.update(switched_on=off)
    version = learn()
    keys = {column["key"] for column in version.data["columns"]}
    assert {"custom.lead.date.first_seen", "custom.company.choice.tier", "technologies", "month", "weekday"} <= keys
    stale.mark_leads(Lead.objects.values_list("pk", flat=True))
    sweep.sweep()
    assert differences() == []
    rows = outcomes.read(used(all_known(), off, []), 180, timezone.now())
    chances = dict(zip(rows.ids, Model.from_data(version.data).chances(rows.table), strict=True))
    stored = dict(LeadScore.objects.values_list("pk", "probability"))
    assert max(abs(chances[pk] - stored[pk]) for pk in chances) < 1e-9


# -- scores that carry it ---------------------------------------------------------------------------------


def test_decay_changes_the_probability_with_the_score():
    event_rule(60, "demo_request")
    fit_rule(30, "industry", "is_any", ["bank"])
    people()
    for lead in Lead.objects.filter(stage="new"):
        event(lead, "demo_request")
    learn()
    sweep.sweep()
    before = dict(LeadScore.objects.filter(engagement__gt=0).values_list("pk", "probability"))
    later = timezone.now() + 15 * DAY
    sweep.sweep(later)
    assert differences(later) == []
    after = dict(LeadScore.objects.values_list("pk", "probability"))
    assert before
    assert all(after[pk] < chance for pk, chance in before.items())


def test_a_changed_lead_gets_a_new_probability():
    people()
    learn()
    sweep.sweep()
    lead = Lead.objects.filter(stage="new", company__industry="Farm").first()
    before = LeadScore.objects.get(pk=lead.pk).probability
    lead.company = Company.objects.get(industry="Bank")
    lead.save()
    stale.mark_leads([lead.pk])
    sweep.sweep()
    assert LeadScore.objects.get(pk=lead.pk).probability > before


def test_the_version_alone_decides_that_all_are_scored_anew():
    people()
    learn()
    sweep.sweep()
    LEARNER.use(None)
    sweep.sweep()
    assert not LeadScore.objects.exclude(probability=None).exists()
    assert differences() == []


# -- in the background ------------------------------------------------------------------------------------


def test_a_training_that_fails_is_tried_three_times_and_told(monkeypatch, sign_in, admin):
    LEARNER.want()

    def fail(*args):
        raise ValueError("no such luck")

    monkeypatch.setattr(LEARNER, "_train", fail)
    for _ in range(3):
        with pytest.raises(ValueError, match="luck"):
            LEARNER.train_if_due()
    assert not LEARNER.train_if_due()
    page = sign_in(admin).get(reverse("leads:conversion")).content.decode()
    assert "no such luck" in page
    LEARNER.want()
    assert LEARNER.is_due(ConversionSettings.row())


def test_an_import_of_many_endings_is_learned_from_without_waiting_for_the_night():
    people(number=40)
    learn()
    LEARNER.want_after_many_outcomes()
    assert not LEARNER.is_due(ConversionSettings.row())
    Lead.objects.filter(stage="new").update(stage="disqualified", disqualify_reason="no_need")
    LEARNER.want_after_many_outcomes()
    assert LEARNER.is_due(ConversionSettings.row())


# -- the page ---------------------------------------------------------------------------------------------


def send(client, **changes):
    row = ConversionSettings.row()
    known = all_known()
    data = {"version": row.version, "horizon_days": row.horizon_days}
    data["used"] = [key for key, one in known.items() if not one.off and key != "points"]
    return client.post(reverse("leads:conversion_fields"), data | changes)


def test_fields_are_switched_and_a_training_follows(sign_in, marketing):
    client = sign_in(marketing)
    known = all_known()
    used_now = [key for key, one in known.items() if not one.off and key not in ("points", "industry")] + ["owner"]
    assert send(client, used=used_now, horizon_days=90).status_code == 302
    row = ConversionSettings.row()
    assert (row.switched_on, row.switched_off, row.horizon_days) == (["owner"], ["industry"], 90)
    assert LEARNER.is_due(row)
    assert row.wanted_by == marketing


def test_a_leak_stays_out_unless_it_is_ticked(sign_in, marketing):
    people()
    learn()
    leak = "custom.lead.text.why_lost"
    client = sign_in(marketing)
    usual = [key for key, one in all_known().items() if not one.off and key not in ("points", leak)]
    send(client, used=usual, leaks=[leak])
    assert ConversionSettings.row().switched_on == ConversionSettings.row().switched_off == []
    send(client, used=[*usual, leak], leaks=[leak])
    assert ConversionSettings.row().switched_on == [leak]
    LEARNER.train_if_due()
    assert leak in [column["key"] for column in ConversionModel.objects.first().data["columns"]]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"version": 99}, 409),
        ({"version": "x"}, 422),
        ({"horizon_days": 3}, 422),
        ({"horizon_days": 10**30}, 422),
        ({"used": ["no such field"]}, 422),
    ],
)
def test_what_cannot_be_is_refused(sign_in, marketing, changes, status):
    assert send(sign_in(marketing), **changes).status_code == status
    assert ConversionSettings.row().version == 1


# -- what if ----------------------------------------------------------------------------------------------


def test_a_preview_says_how_the_rules_would_have_ranked_last_years_leads():
    fit_rule(30, "industry", "is_any", ["farm"])
    people()
    stored = Ruleset.load()
    turned = replace(stored.groups[0].rules[0], values=("bank",))
    draft = replace(stored, groups=(replace(stored.groups[0], rules=(turned,)),))
    found = ranking(draft)
    assert found.outcomes == 240
    assert found.before < 50 < found.after
    assert found.lift_after > 1 > found.lift_before
    assert ranking(stored).after == found.before


def test_a_preview_of_rules_says_nothing_of_ranking_while_too_few_ended():
    people(number=30)
    assert ranking(Ruleset.load()) is None
