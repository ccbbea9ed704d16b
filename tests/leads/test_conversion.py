"""The learned conversion probability in the database: outcomes, versions, and scores that carry it."""

import datetime

import numpy as np
import pytest
from django.urls import reverse
from django.utils import timezone

from leads.conversion import outcomes, versions
from leads.conversion.fields import POINTS, all_known, used
from leads.learning.model import Model
from leads.models import ConversionModel, CustomField, Lead, LeadScore
from leads.scoring import stale, sweep
from leads.scoring.reasons import reasons
from leads.scoring.rules import settings_row
from leads.scoring.verify import differences
from qualification.models import Dossier, Framework
from tests.factories import CompanyFactory
from tests.leads.scoring_factories import fit_rule

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)


def people(number=240, seed=1, open_leads=20):
    """Leads whose industry and visits decide, most of them ended; and some that are open still."""
    draw = np.random.default_rng(seed)
    for name, kind in (("Visits", "number"), ("Colour", "choice"), ("Budget known", "yes_no"), ("Why lost", "text")):
        CustomField.objects.create(record="lead", name=name, key=name.lower().replace(" ", "_"), kind=kind)
    companies = [CompanyFactory(industry=name) for name in ("Bank", "bank ", "Farm", "")]
    framework = Framework.objects.first() or Framework.objects.create(name="None")
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
                lead.converted_at, lead.dossier = at, Dossier.objects.create(framework=framework)
            else:
                lead.disqualify_reason = "no_need"
                if place % 3 == 0:
                    custom["why_lost"] = "too dear"
        rows.append(lead)
    Lead.objects.bulk_create(rows)
    stale.mark_leads(Lead.objects.values_list("pk", flat=True))
    return rows


def learn():
    versions.want_training()
    assert versions.train_if_due()
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
    for pk, chance in zip(rows.lead_ids, model.chances(rows.table), strict=True):
        assert stored[pk] == pytest.approx(chance, abs=1e-9)
    assert POINTS in model.encoders


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
