"""What a dossier amounts to: the rules of qualification/status.py, and the same rules in plain Python."""

import datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from presales.derived import MAX_ATTEMPTS
from qualification import hooks
from qualification.gates import effective_level, meets_policy, shortfall, stale_on
from qualification.models import Dossier, DossierStatus, Evidence, Framework, TeamPolicy
from qualification.policy import policy_for
from qualification.status import derive, differences, mark_team_stale, sweep_statuses
from tests.factories import TeamFactory
from tests.qualification.factories import DossierFactory, evidence, framework, qualify

NOW = datetime.datetime.now(datetime.UTC)
TODAY = NOW.date()


def status_of(dossier, now=NOW):
    derive([dossier.pk], now)
    return DossierStatus.objects.get(pk=dossier.pk)


@pytest.mark.django_db
class TestBant:
    def test_nothing_known_is_unqualified(self):
        derived = status_of(DossierFactory())
        assert (derived.status, derived.completeness) == ("unqualified", 0)
        assert derived.weakest.key == "budget"

    def test_something_known_is_in_progress(self):
        dossier = DossierFactory()
        evidence(dossier, "need", 2)
        derived = status_of(dossier)
        assert (derived.status, derived.completeness) == ("in_progress", 25)

    def test_all_stated_with_their_facts_is_qualified(self):
        dossier = DossierFactory()
        qualify(dossier)
        derived = status_of(dossier)
        assert (derived.status, derived.completeness, derived.weakest) == ("qualified", 100, None)
        assert meets_policy(dossier) == []

    @pytest.mark.parametrize(
        ("key", "facts"),
        [
            ("budget", {"amount": Decimal("49999.99")}),
            ("budget", {"amount": None}),
            ("budget", {"amount": Decimal(90000), "currency": "EUR"}),
            ("authority", {"person_name": ""}),
            ("timeline", {"decision_on": None}),
            ("timeline", {"decision_on": TODAY - datetime.timedelta(days=1)}),
            ("timeline", {"decision_on": TODAY + datetime.timedelta(days=200)}),
        ],
    )
    def test_a_fact_that_does_not_hold_is_missing(self, key, facts):
        dossier = DossierFactory()
        qualify(dossier)
        evidence(dossier, key, 2, **facts)
        assert status_of(dossier).status == "in_progress"
        assert len(meets_policy(dossier)) == 1

    def test_an_assumption_is_not_enough(self):
        dossier = DossierFactory()
        qualify(dossier)
        evidence(dossier, "need", 1)
        assert status_of(dossier).status == "in_progress"

    def test_evidence_goes_stale_after_45_days_and_then_counts_one_lower(self):
        dossier = DossierFactory()
        qualify(dossier)
        evidence(dossier, "need", 2, age=45)
        assert status_of(dossier).status == "qualified"
        tomorrow = NOW + datetime.timedelta(days=1)
        assert status_of(dossier, tomorrow).status == "at_risk"

    def test_validated_evidence_that_went_stale_still_counts_as_stated(self):
        dossier = DossierFactory()
        qualify(dossier)
        evidence(dossier, "need", 3, age=60)
        assert status_of(dossier).status == "qualified"

    def test_a_negative_puts_it_at_risk(self):
        dossier = DossierFactory()
        evidence(dossier, "need", -1)
        assert status_of(dossier).status == "at_risk"

    def test_a_disqualified_dossier_stays_so_whatever_is_known(self):
        dossier = DossierFactory(disqualified_at=NOW)
        qualify(dossier)
        assert status_of(dossier).status == "disqualified"


@pytest.mark.django_db
class TestOtherFrameworks:
    def test_none_is_qualified_from_the_start(self):
        derived = status_of(DossierFactory(framework=framework("none")))
        assert (derived.status, derived.completeness) == ("qualified", 100)

    def test_a_teams_policy_replaces_the_defaults(self):
        team = TeamFactory()
        TeamPolicy.objects.create(
            team=team, framework=framework("bant"), minimum_budget=100000, timeline_months=3, stale_after_days=10
        )
        dossier = DossierFactory(team=team)
        qualify(dossier)
        assert status_of(dossier).status == "in_progress"
        evidence(dossier, "budget", 2, amount=100000)
        assert status_of(dossier).status == "qualified"


@pytest.mark.django_db
class TestTheJob:
    def test_the_status_changes_by_itself_when_its_deadline_passes(self):
        dossier = DossierFactory()
        qualify(dossier)
        evidence(dossier, "need", 2, age=44)
        assert sweep_statuses(NOW) == 1
        assert sweep_statuses(NOW) == 0
        due = DossierStatus.objects.get(pk=dossier.pk).next_due_at
        assert due.date() == TODAY + datetime.timedelta(days=2)
        assert sweep_statuses(due) == 1
        assert DossierStatus.objects.get(pk=dossier.pk).status == "at_risk"

    def test_a_changed_policy_marks_its_teams_dossiers_stale(self):
        team = TeamFactory()
        mine, other = DossierFactory(team=team), DossierFactory()
        sweep_statuses(NOW)
        assert mark_team_stale(team) == 1
        stale = DossierStatus.objects.stale(NOW).values_list("pk", flat=True)
        assert list(stale) == [mine.pk]
        assert other.pk not in stale

    def test_those_who_want_to_hear_of_a_change_do_in_the_same_transaction(self, monkeypatch):
        heard = []
        monkeypatch.setattr(hooks, "on_status_change", [heard.extend])
        dossier = DossierFactory()
        qualify(dossier)
        sweep_statuses(NOW)
        assert heard == [(dossier.pk, "unqualified", "qualified")]

    def test_unchanged_rows_are_not_written(self):
        dossier = DossierFactory()
        qualify(dossier)
        assert derive([dossier.pk], NOW) == 1
        assert derive([dossier.pk], NOW) == 0

    def test_a_row_that_fails_three_times_is_set_aside_and_the_rest_goes_on(self, monkeypatch):
        bad, good = DossierFactory(), DossierFactory()

        def fail(changed):
            if any(pk == bad.pk for pk, _, _ in changed):
                raise ValueError("no")

        monkeypatch.setattr(hooks, "on_status_change", [fail])
        qualify(bad)
        qualify(good)
        for _ in range(MAX_ATTEMPTS):
            sweep_statuses(NOW)
        assert DossierStatus.objects.get(pk=good.pk).status == "qualified"
        set_aside = DossierStatus.objects.get(pk=bad.pk)
        assert set_aside.set_aside_at is not None
        assert "no" in set_aside.last_error
        assert sweep_statuses(NOW) == 0

    def test_verification_finds_what_was_tampered_with(self):
        dossier = DossierFactory()
        sweep_statuses(NOW)
        assert differences(NOW) == []
        DossierStatus.objects.filter(pk=dossier.pk).update(status="qualified")
        assert differences(NOW) == [f"dossier {dossier.pk}: stored qualified 0 %, fresh unqualified 0 %"]


def oracle(dossier, policy, today):
    """The rules once more, in plain Python over all criteria."""
    if dossier.disqualified_at:
        return "disqualified"
    entries = {entry.criterion_id: entry for entry in dossier.evidence.current()}
    criteria = list(dossier.framework.criteria.all())
    short = [criterion for criterion in criteria if shortfall(criterion, entries.get(criterion.pk), policy, today)]
    if not short:
        return "qualified"
    if any(entry.level == -1 for entry in entries.values()):
        return "at_risk"
    for criterion in short:
        entry = entries.get(criterion.pk)
        if entry is None or stale_on(entry, policy) is None:
            break
        entry.observed_on = today
        if shortfall(criterion, entry, policy, today):
            break
    else:
        return "at_risk"
    entries = {entry.criterion_id: entry for entry in dossier.evidence.current()}
    return "in_progress" if any(entry.level for entry in entries.values()) else "unqualified"


ENTRY = st.none() | st.fixed_dictionaries(
    {
        "level": st.integers(-1, 3),
        "age": st.integers(0, 120),
        "amount": st.none() | st.integers(0, 120000),
        "decision": st.none() | st.integers(-30, 300),
        "person_name": st.sampled_from(["", "Lena Ortiz"]),
    }
)


class SqlAndPythonAgree(TestCase):
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        slug=st.sampled_from(["bant", "meddicc"]), entries=st.lists(ENTRY, min_size=7, max_size=7),
        disqualified=st.sampled_from([False, False, False, True]),
    )  # fmt: skip
    def test_on_any_dossier(self, slug, entries, disqualified):
        dossier = DossierFactory(framework=framework(slug), disqualified_at=NOW if disqualified else None)
        for criterion, entry in zip(dossier.framework.criteria.all(), entries, strict=False):
            if entry is None:
                continue
            decision = None if entry["decision"] is None else TODAY + datetime.timedelta(days=entry["decision"])
            evidence(
                dossier, criterion.key, entry["level"], age=entry["age"], amount=entry["amount"],
                decision_on=decision, person_name=entry["person_name"],
            )  # fmt: skip
        policy = policy_for(None)
        derived = status_of(dossier)
        assert derived.status == oracle(dossier, policy, TODAY)
        current = {entry.criterion_id: entry for entry in dossier.evidence.current()}
        open_ones = [c for c in dossier.framework.criteria.all() if shortfall(c, current.get(c.pk), policy, TODAY)]
        weakest = min(
            open_ones, key=lambda c: (effective_level(current.get(c.pk), policy, TODAY), c.order), default=None
        )
        assert derived.weakest == weakest
        stale_days = [stale_on(entry, policy) for entry in current.values()]
        assert derived.next_stale_on == min((day for day in stale_days if day and day > TODAY), default=None)


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow_with_the_number_of_dossiers(django_assert_max_num_queries):
    bant = framework()
    Dossier.objects.bulk_create(Dossier(framework=bant) for _ in range(300))
    DossierStatus.objects.bulk_create(DossierStatus(dossier=dossier) for dossier in Dossier.objects.all())
    with django_assert_max_num_queries(12):
        assert sweep_statuses(NOW) == 300
    assert Evidence.objects.count() == 0
    assert Framework.objects.count() == 3
