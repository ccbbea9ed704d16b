"""Objectives: proposed by people, agreed by managers, seen by one to five key results, never just claimed."""

import datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deals.actions import objectives as actions
from deals.models import CheckIn, KeyResult, Objective
from deals.models.objectives import last_day
from deals.objectives import elapsed_of, pace_of, progress_of, standing_of
from presales.errors import Conflict, NotAllowed, StaleEdit
from presales.quarters import quarter_start, shifted
from tests.deals.factories import objective_of
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
BY_HAND = [("", 0, 10)]


@pytest.fixture
def quarter():
    return quarter_start(timezone.localdate())


def refused(error, act, *arguments, **more):
    with pytest.raises(error) as told:
        act(*arguments, **more)
    return str(told.value)


def test_a_person_proposes_and_the_manager_agrees(sign_in, ae, manager, quarter):
    mine, boss = sign_in(ae), sign_in(manager)
    sent = {"sentence": "  Every evaluation   has criteria ", "quarter": str(quarter)}
    assert mine.post("/objectives/add/", sent).status_code == 302
    found = Objective.objects.get()
    assert (found.user, found.owner, found.team, found.state) == (ae, ae, None, "proposed")
    assert (found.sentence, found.deadline) == ("Every evaluation has criteria", last_day(quarter))
    page = f"/objectives/{found.pk}/"
    assert boss.post(f"{page}agree/").status_code == 409, "without a key result"
    result = {"text": "With criteria", "figure": "", "unit": "evaluations", "start": "0", "target": "8"}
    assert mine.post(f"{page}results/add/", result).status_code == 302
    assert mine.post(f"{page}agree/").status_code == 403
    assert "This is a proposal" in boss.get(page).content.decode()
    assert boss.post(f"{page}agree/").status_code == 302
    assert boss.post(f"{page}agree/").status_code == 302, "repeating it is a success"
    found.refresh_from_db()
    assert (found.state, found.version) == ("agreed", 2)
    kept = found.results.get()
    # What was agreed on is no longer the person's to change, but theirs to answer for.
    for address in (f"{page}edit/", f"{page}results/add/", f"{page}remove/", f"/key-results/{kept.pk}/edit/"):
        assert mine.post(address, {}).status_code == 403, address
    check = {"value": "3", "on": str(timezone.localdate()), "evidence": "The list in the SE channel"}
    assert mine.post(f"/key-results/{kept.pk}/check-in/", check).status_code == 302
    told = mine.get(page).content.decode()
    assert "3 evaluations" in told
    assert "The list in the SE channel" in told
    assert "37.5 %" in told
    assert "proposed objective" in mine.get(f"{page}history/").content.decode()


def test_nobody_writes_for_whom_they_do_not_manage(sign_in, ae, se, manager, marketing, other_team, admin, quarter):
    theirs = objective_of(team=other_team, owner=admin, results=BY_HAND)
    assert sign_in(manager).get(f"/objectives/{theirs.pk}/").status_code == 404
    sent = {"sentence": "Ours", "quarter": str(quarter), "whom": f"team-{other_team.pk}"}
    assert sign_in(manager).post("/objectives/add/", sent).status_code == 422
    assert sign_in(manager).post("/objectives/add/", sent | {"whom": "company"}).status_code == 422
    assert sign_in(admin).post("/objectives/add/", sent | {"whom": "company"}).status_code == 302
    company = Objective.objects.get(team=None, user=None)
    assert sign_in(manager).get(f"/objectives/{company.pk}/").status_code == 200
    assert sign_in(manager).post(f"/objectives/{company.pk}/edit/", {}).status_code == 403
    # Nothing of a request says for whom an AE writes.
    sign_in(ae).post("/objectives/add/", sent | {"whom": f"user-{se.pk}", "user": se.pk, "owner": se.pk})
    assert Objective.objects.filter(user=ae).count() == 1
    assert not Objective.objects.filter(user=se).exists()
    assert sign_in(marketing).get("/objectives/add/").status_code == 403
    own = objective_of(user=ae, state="proposed")
    assert refused(NotAllowed, actions.propose_objective, se, Objective(user=ae, owner=ae, quarter=quarter,
                   deadline=quarter, sentence="For her"))  # fmt: skip
    assert not Objective.objects.visible_to(UserFactory(role="ae", team=other_team)).filter(pk=own.pk).exists()


def test_who_sees_which(ae, se, manager, admin, marketing, team, other_team):
    mate, stranger = UserFactory(role="ae", team=team), UserFactory(role="ae", team=other_team)
    own, ours = objective_of(user=ae), objective_of(team=team, owner=manager)
    company, theirs = objective_of(owner=admin), objective_of(team=other_team, owner=stranger)
    seen = {
        ae: {own, ours, company}, mate: {ours, company}, se: {ours, company}, manager: {own, ours, company},
        stranger: {company, theirs}, admin: {own, ours, company, theirs}, marketing: set(),
    }  # fmt: skip
    for person, expected in seen.items():
        assert set(Objective.objects.visible_to(person)) == expected, person
    assert set(KeyResult.objects.visible_to(mate)) == set(KeyResult.objects.filter(objective__in=[ours, company]))


def test_one_to_five_key_results_that_go_somewhere(sign_in, ae, manager, quarter):
    found = objective_of(user=ae, state="proposed", results=BY_HAND * 4)
    page = f"/objectives/{found.pk}/results/add/"
    client = sign_in(ae)
    same = {"text": "Same", "start": "5", "target": "5.00"}
    assert client.post(page, same).status_code == 422
    assert client.post(page, {"text": "Fifth", "start": "0", "target": "5", "figure": "unheard_of"}).status_code == 422
    assert client.post(page, {"text": "Fifth", "start": "0", "target": "5", "figure": "sqls"}).status_code == 302
    assert client.post(page, {"text": "Sixth", "start": "0", "target": "5"}).status_code == 409
    with transaction.atomic(), pytest.raises(IntegrityError):
        KeyResult.objects.create(objective=found, place=6, text="Sixth", start=0, target=1)
    first = found.results.first()
    actions.remove_key_result(ae, first)
    client.post(page, {"text": "In its place", "start": "0", "target": "5"})
    assert sorted(found.results.values_list("place", flat=True)) == [1, 2, 3, 4, 5]
    actions.agree_objective(manager, found)
    assert "agreed on" in refused(Conflict, actions.remove_key_result, manager, found.results.first())
    assert "agreed on" in refused(Conflict, actions.remove_objective, manager, found)
    # Nobody measures a manager's own deals.
    hers = objective_of(user=manager, state="proposed")
    assert "figure" not in str(sign_in(manager).get(f"/objectives/{hers.pk}/results/add/").context["form"]["figure"]
                               .field.choices[1:])  # fmt: skip
    refused(Conflict, actions.add_key_result, manager,
            KeyResult(objective=hers, text="Won", figure="won_value", start=0, target=1))  # fmt: skip


def test_every_value_kept_by_hand_has_its_day_its_author_and_its_evidence(sign_in, ae, mate, manager, quarter):
    found = objective_of(user=ae, results=[*BY_HAND, ("won_value", 0, 1000)])
    kept, measured = found.results.all()
    today = timezone.localdate()
    address = f"/key-results/{kept.pk}/check-in/"
    sent = {"value": "4", "on": str(today), "evidence": "Report of the week"}
    for wrong in (
        {"evidence": ""}, {"on": ""}, {"on": str(today + datetime.timedelta(days=1))}, {"value": "NaN"},
        {"value": "1e40"}, {"on": "0001-01-01"}, {"evidence": "x" * 501},
    ):  # fmt: skip
        assert sign_in(ae).post(address, sent | wrong).status_code == 422, wrong
    assert not CheckIn.objects.exists()
    assert sign_in(mate).post(address, sent).status_code == 404
    assert sign_in(ae).post(address, sent).status_code == 302
    assert sign_in(manager).post(address, sent | {"value": "5"}).status_code == 302, "a manager of theirs may, too"
    assert list(CheckIn.objects.values_list("value", "by")) == [(5, manager.pk), (4, ae.pk)], "nothing is overwritten"
    assert CheckIn.objects.newest(today).get().value == 5
    assert sign_in(ae).post(f"/key-results/{measured.pk}/check-in/", sent).status_code == 409
    actions.drop_objective(manager, found, reason="The product changed")
    assert sign_in(ae).post(address, sent).status_code == 409


@pytest.fixture
def mate(team):
    return UserFactory(role="ae", team=team, name="Mona Mate")


@pytest.mark.parametrize(
    ("start", "target", "now", "progress"),
    [
        (0, 10, 5, "50.0"), (0, 10, 12, "100"), (0, 10, -3, "0"), (50, 70, 60, "50.0"), (20, 10, 15, "50.0"),
        (20, 10, 8, "100"), (20, 10, 25, "0"), (0, 3, 2, "66.6"), (0, 1000, 999.99, "99.9"), (0, 10, None, "0"),
    ],
)  # fmt: skip
def test_progress_goes_from_start_to_target_up_or_down(start, target, now, progress):
    now = None if now is None else Decimal(str(now))
    assert progress_of(Decimal(start), Decimal(target), now) == Decimal(progress)


@pytest.mark.parametrize(
    ("progress", "elapsed", "over", "pace"),
    [
        (100, 10, False, "reached"), (100, 100, True, "reached"), (99.9, 100, True, "missed"), (0, 0, False, "ahead"),
        (40, 50, False, "on_pace"), (39.9, 50, False, "behind"), (25, 50, False, "behind"),
        (24.9, 50, False, "at_risk"), (80, 50, False, "on_pace"),
    ],
)  # fmt: skip
def test_pace_is_progress_against_the_time_that_is_over(progress, elapsed, over, pace):
    assert pace_of(Decimal(str(progress)), Decimal(elapsed), is_over=over) == pace


def test_an_objective_is_the_mean_of_its_key_results(ae, quarter):
    found = objective_of(user=ae, results=[("", 0, 10), ("", 10, 0), ("", 0, 4)])
    one, other, _ = found.results.all()
    today = timezone.localdate()
    checks = {one.pk: CheckIn(value=5, on=today), other.pk: CheckIn(value=0, on=today)}
    standing = standing_of(found, found.results.all(), checks, ae, today)
    assert [line.progress for line in standing.lines] == [50, 100, 0], "nothing is done where nobody checked in"
    assert standing.progress == 50
    assert standing.pace
    for state in ("proposed", "dropped"):
        found.state = state
        told = standing_of(found, found.results.all(), checks, ae, today)
        assert (told.progress, told.pace, told.lines[0].pace) == (50, "", ""), "only what is agreed on has a pace"
    first = Objective(quarter=datetime.date(2026, 10, 1), deadline=datetime.date(2026, 12, 31))
    days = {datetime.date(2026, 9, 30): "0", datetime.date(2026, 10, 1): "1.1", datetime.date(2026, 11, 15): "50.0",
            datetime.date(2026, 12, 31): "100", datetime.date(2027, 2, 1): "100"}  # fmt: skip
    assert {day: elapsed_of(first, day) for day in days} == {day: Decimal(text) for day, text in days.items()}


def test_two_people_editing_it_lose_nothing(sign_in, manager, team, admin, quarter):
    found = objective_of(team=team, owner=manager, results=BY_HAND)
    sent = {"sentence": "Another", "owner": manager.pk, "deadline": str(found.deadline), "version": "1"}
    assert sign_in(manager).post(f"/objectives/{found.pk}/edit/", sent).status_code == 302
    late = sign_in(admin).post(f"/objectives/{found.pk}/edit/", sent | {"sentence": "A third"})
    assert late.status_code == 409
    assert "Another" in late.content.decode()
    result = found.results.get()
    with pytest.raises(StaleEdit):
        actions.edit_key_result(manager, result, 7)
    outside = sent | {"version": "2", "deadline": str(shifted(quarter, 1))}
    assert sign_in(manager).post(f"/objectives/{found.pk}/edit/", outside).status_code == 422


def test_it_is_dropped_with_a_reason_and_taken_up_again(sign_in, manager, ae):
    found = objective_of(user=ae, results=BY_HAND)
    client = sign_in(manager)
    assert client.post(f"/objectives/{found.pk}/drop/", {"reason": ""}).status_code == 422
    assert client.post(f"/objectives/{found.pk}/drop/", {"reason": "Another product"}).status_code == 302
    assert client.post(f"/objectives/{found.pk}/edit/", {}).status_code in (409, 422)
    assert "Another product" in client.get(f"/objectives/{found.pk}/history/").content.decode()
    assert client.post(f"/objectives/{found.pk}/resume/").status_code == 302
    found.refresh_from_db()
    assert found.state == "agreed"
    proposed = objective_of(user=ae, state="proposed")
    refused(Conflict, actions.drop_objective, manager, proposed, reason="x")
    assert client.post(f"/objectives/{proposed.pk}/remove/").status_code == 302
    assert not Objective.objects.filter(pk=proposed.pk).exists()


@pytest.mark.parametrize(
    "sent", [{}, {"sentence": "x", "quarter": "2026-02-01"}, {"sentence": "x" * 201}, {"deadline": "9999-12-31"},
             {"sentence": "x", "quarter": "x", "whom": "team-99999999999999999999", "owner": "abc"}],
)  # fmt: skip
def test_half_a_form_is_asked_again(sign_in, admin, sent):
    assert sign_in(admin).post("/objectives/add/", sent).status_code == 422
    assert sign_in(admin).get("/objectives/add/?quarter=0001-01-01").status_code == 200


def test_the_page_asks_few_queries(sign_in, manager, team):
    measured = ["won_value", "win_rate", "technical_win_rate", "sqls", "huddle_rate"]
    found = objective_of(team=team, owner=manager, results=[(name, 0, 10) for name in measured])
    client = sign_in(manager)
    for address in (f"/objectives/{found.pk}/", f"/insights/goals/objectives/{found.pk}/progress/"):
        client.get(address)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        assert len(asked) <= 12, address
