"""Who records what, in which lane, and what happens to what was there before."""

import datetime

import pytest

from leads.models import Lead
from presales.errors import Conflict, NotAllowed
from qualification.actions.dossiers import open_dossier, switch_framework
from qualification.actions.evidence import record_evidence, withdraw_evidence
from qualification.models import DossierStatus
from tests.factories import LeadFactory
from tests.qualification.factories import framework

pytestmark = pytest.mark.django_db
TODAY = datetime.date.today()


@pytest.fixture
def dossier(team, ae):
    framework()
    lead = LeadFactory(team=team, owner=ae, stage="sal", dossier=open_dossier(None, team))
    return Lead.objects.get(pk=lead.pk).dossier


def criterion(dossier, key):
    return dossier.framework.criteria.get(key=key)


def record(actor, dossier, key, level=2, **fields):
    data = {"observed_on": TODAY, "text": "She said so", "source_person": "Lena Ortiz"} | fields
    return record_evidence(actor, dossier, criterion(dossier, key), level=level, **data)


def test_a_new_entry_supersedes_the_one_before_and_loses_nothing(ae, dossier):
    first = record(ae, dossier, "budget", 1)
    second = record(ae, dossier, "budget", 2, amount=60000)
    first.refresh_from_db()
    assert first.superseded_at is not None
    assert list(dossier.evidence.current()) == [second]


def test_recording_marks_the_status_stale(ae, dossier):
    DossierStatus.objects.update(computed_rev=1, input_rev=1)
    record(ae, dossier, "budget")
    assert DossierStatus.objects.get().input_rev == 2


def test_only_who_works_on_the_pursuit_records(dossier, team, marketing, se):
    for person in (marketing, se):
        with pytest.raises(NotAllowed):
            record(person, dossier, "budget")


def test_the_ae_states_a_technical_criterion_but_does_not_validate_it(ae, dossier):
    record(ae, dossier, "need", 2)
    with pytest.raises(NotAllowed):
        record(ae, dossier, "need", 3)
    record(ae, dossier, "budget", 3)


def test_a_manager_validates_in_both_lanes(manager, dossier):
    record(manager, dossier, "need", 3)
    record(manager, dossier, "budget", 3)


@pytest.mark.parametrize("missing", [{"text": ""}, {"source_person": ""}])
def test_stated_wants_text_and_source(ae, dossier, missing):
    with pytest.raises(Conflict):
        record(ae, dossier, "budget", 2, **missing)


def test_a_withdrawn_entry_gives_way_to_the_one_before(ae, dossier):
    first = record(ae, dossier, "budget", 1)
    second = record(ae, dossier, "budget", 2)
    assert withdraw_evidence(ae, second, reason="wrong customer") == first
    assert list(dossier.evidence.current()) == [first]
    with pytest.raises(Conflict):
        withdraw_evidence(ae, second, reason="again")


def test_evidence_of_another_framework_is_refused_and_kept_for_later(ae, dossier):
    budget = criterion(dossier, "budget")
    record(ae, dossier, "budget", 2)
    switch_framework(ae, dossier, framework("meddicc"))
    with pytest.raises(Conflict):
        record_evidence(ae, dossier, budget, level=1, observed_on=TODAY)
    switch_framework(ae, dossier, framework("bant"))
    assert dossier.evidence.current().get(criterion=budget).level == 2


class TestThePage:
    def url(self, dossier, key):
        return f"/dossiers/{dossier.pk}/{criterion(dossier, key).pk}/record/"

    def data(self, **changes):
        return {"level": "2", "text": "60k are set aside", "source_person": "Lena Ortiz, CFO",
                "observed_on": TODAY.isoformat(), "amount": "60000"} | changes  # fmt: skip

    def test_recording(self, sign_in, ae, dossier):
        response = sign_in(ae).post(self.url(dossier, "budget"), self.data())
        assert response.status_code == 302
        entry = dossier.evidence.current().get()
        assert (entry.level, entry.amount, entry.recorded_by) == (2, 60000, ae)

    @pytest.mark.parametrize(
        ("field", "value"),
        [("text", ""), ("source_person", ""), ("observed_on", "2099-01-01"), ("observed_on", "0001-01-01"),
         ("amount", "-1"), ("amount", "1e40"), ("level", "9"), ("link", "javascript:alert(1)"), ("link", "ftp://a.example/b")],
    )  # fmt: skip
    def test_bad_input_is_an_error_at_its_field(self, sign_in, ae, dossier, field, value):
        response = sign_in(ae).post(self.url(dossier, "budget"), self.data(**{field: value}))
        assert response.status_code == 422
        assert field in response.context["form"].errors
        assert not dossier.evidence.exists()

    def test_for_others_the_dossier_does_not_exist(self, sign_in, dossier, other_team):
        from tests.factories import UserFactory

        stranger = UserFactory(role="ae", team=other_team)
        assert sign_in(stranger).get(self.url(dossier, "budget")).status_code == 404

    def test_the_story_of_a_criterion(self, sign_in, ae, dossier, django_assert_max_num_queries):
        for level in (1, 2, 3):
            record(ae, dossier, "budget", level)
        client = sign_in(ae)
        with django_assert_max_num_queries(12):
            page = client.get(f"/dossiers/{dossier.pk}/{criterion(dossier, 'budget').pk}/")
        assert page.content.decode().count("She said so") == 3
