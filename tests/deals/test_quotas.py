"""Quotas: one a quarter for a team or an AE, set by those who manage them."""

import datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from deals.actions.quotas import add_quota, change_quota
from deals.models import Quota
from presales.errors import Conflict, NotAllowed, StaleEdit
from presales.quarters import quarter_start, shifted

pytestmark = pytest.mark.django_db


@pytest.fixture
def quarter():
    return quarter_start(timezone.localdate())


def test_a_manager_sets_and_changes_quotas_of_the_team_and_its_people(sign_in, manager, team, ae, quarter):
    client = sign_in(manager)
    for whom, amount in ((f"team-{team.pk}", "500000"), (f"user-{ae.pk}", "250000.50")):
        sent = {"whom": whom, "quarter": str(quarter), "amount": amount}
        assert client.post("/quotas/add/", sent).status_code == 302
        assert client.post("/quotas/add/", sent).status_code == 422, "one a quarter"
    quota = Quota.objects.get(user=ae)
    assert (quota.amount, quota.team, quota.quarter) == (Decimal("250000.50"), None, quarter)
    client.post(f"/quotas/{quota.pk}/edit/", {"amount": "300000", "version": "1"})
    assert client.post(f"/quotas/{quota.pk}/edit/", {"amount": "1", "version": "1"}).status_code == 409
    quota.refresh_from_db()
    assert (quota.amount, quota.version) == (Decimal(300000), 2)
    page = client.get("/quotas/").content.decode()
    assert "500,000 USD" in page
    assert "300,000 USD" in page


def test_nobody_sets_what_they_do_not_manage(sign_in, manager, ae, se, other_team, quarter):
    theirs = Quota.objects.create(team=other_team, quarter=quarter, amount=5)
    own = Quota.objects.create(user=ae, quarter=quarter, amount=5)
    with pytest.raises(NotAllowed):
        change_quota(manager, theirs, 1)
    with pytest.raises(NotAllowed):
        change_quota(ae, own, 1)
    with pytest.raises(NotAllowed):
        add_quota(manager, Quota(team=other_team, quarter=shifted(quarter, 1), amount=5))
    sent = {"whom": f"team-{other_team.pk}", "quarter": str(quarter), "amount": "1"}
    assert sign_in(manager).post("/quotas/add/", sent).status_code == 422
    assert sign_in(manager).get(f"/quotas/{theirs.pk}/edit/").status_code == 404
    assert sign_in(ae).get(f"/quotas/{own.pk}/edit/").status_code == 403
    for person in (ae, se):
        assert sign_in(person).get("/quotas/").status_code == 403


def test_two_at_once_leave_one_quota(admin, team, quarter):
    add_quota(admin, Quota(team=team, quarter=quarter, amount=5))
    with pytest.raises(Conflict):
        add_quota(admin, Quota(team=team, quarter=quarter, amount=6))
    quota = Quota.objects.get()
    with pytest.raises(StaleEdit):
        change_quota(admin, quota, 7)


@pytest.mark.parametrize(
    "sent", [{}, {"whom": "team-x", "quarter": "2026-02-01", "amount": "1"}, {"amount": "-1"}, {"amount": "1e99"},
             {"whom": "user-99999999999999999999", "quarter": "x", "amount": "NaN"}],
)  # fmt: skip
def test_half_a_form_is_asked_again(sign_in, admin, sent):
    assert sign_in(admin).post("/quotas/add/", sent).status_code == 422
    assert sign_in(admin).get("/quotas/?quarter=0001-01-01").status_code == 200


def test_quarters_are_named_by_their_first_day():
    assert quarter_start(datetime.date(2026, 11, 21)) == datetime.date(2026, 10, 1)
    assert shifted(datetime.date(2026, 10, 1), 1) == datetime.date(2027, 1, 1)
    assert shifted(datetime.date(2026, 1, 1), -5) == datetime.date(2024, 10, 1)
