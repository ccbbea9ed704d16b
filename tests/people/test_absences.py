"""Who plans absences, and who counts as away: by the person's own clock."""

import datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from people.actions.absences import add_absence, change_absence, remove_absence
from people.models import Absence, Role, User
from people.models.absences import read_absences
from presales.errors import Conflict, NotAllowed, StaleEdit
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)


def away(person, first, last):
    """From so many days ahead to so many, by the person's own clock."""
    today = person.today
    return Absence.objects.create(user=person, starts_on=today + first * DAY, ends_on=today + last * DAY)


def fresh(person):
    return User.objects.get(pk=person.pk)


@pytest.mark.parametrize(
    ("spans", "until"),
    [
        ([], None),
        ([(0, 0)], 0),
        ([(-3, 4)], 4),
        ([(-3, -1)], None),
        ([(1, 4)], None),
        ([(-3, 0), (1, 4)], 4),
        ([(-3, 0), (2, 4)], 0),
        ([(-3, 5), (-1, 2)], 5),
    ],
)
def test_away_until_the_last_day_of_what_holds_today(ae, spans, until):
    for first, last in spans:
        away(ae, first, last)
    expected = None if until is None else ae.today + until * DAY
    asked = fresh(ae)
    assert (asked.away_until, asked.is_away) == (expected, until is not None)
    assert User.objects.with_absences().get(pk=ae.pk).away_until == expected
    read_absences([asked])
    assert asked.away_until == expected


def test_it_is_the_persons_own_day_that_counts(team):
    # Between these two clocks lie 25 hours: whenever this runs, their days differ.
    east = UserFactory(team=team, time_zone="Pacific/Kiritimati")
    west = UserFactory(team=team, time_zone="Pacific/Niue")
    assert east.today > west.today
    for person in (east, west):
        Absence.objects.create(user=person, starts_on=west.today, ends_on=west.today)
    assert (fresh(east).is_away, fresh(west).is_away) == (False, True)


def test_the_last_day_cannot_be_before_the_first(ae):
    today = timezone.now().date()
    with pytest.raises(Conflict, match="before the first"):
        add_absence(ae, ae, starts_on=today, ends_on=today - DAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        Absence.objects.create(user=ae, starts_on=today, ends_on=today - DAY)


def test_absences_do_not_overlap(ae):
    today = timezone.now().date()
    first = add_absence(ae, ae, starts_on=today, ends_on=today + 3 * DAY)
    second = add_absence(ae, ae, starts_on=today + 4 * DAY, ends_on=today + 6 * DAY)
    with pytest.raises(Conflict, match="overlaps"):
        add_absence(ae, ae, starts_on=today + 3 * DAY, ends_on=today + 9 * DAY)
    with pytest.raises(Conflict, match="overlaps"):
        change_absence(ae, second, 1, starts_on=today + 2 * DAY, ends_on=today + 6 * DAY)
    change_absence(ae, first, 1, starts_on=today, ends_on=today + 2 * DAY)
    remove_absence(ae, second)
    remove_absence(ae, second)
    assert Absence.objects.get().ends_on == today + 2 * DAY
    with pytest.raises(Conflict, match="removed"):
        change_absence(ae, second, 1, starts_on=today + 5 * DAY, ends_on=today + 6 * DAY)


def test_everybody_plans_the_own_absences_and_managers_the_teams(ae, se, manager, admin, other_team):
    today = timezone.now().date()
    days = {"starts_on": today, "ends_on": today}
    with pytest.raises(NotAllowed):
        add_absence(se, ae, **days)
    with pytest.raises(NotAllowed):
        add_absence(UserFactory(role=Role.MANAGER, team=other_team), ae, **days)
    remove_absence(ae, add_absence(ae, ae, **days))
    remove_absence(manager, add_absence(manager, ae, **days))
    remove_absence(admin, add_absence(admin, ae, **days))


class TestThePages:
    def test_the_second_of_two_writers_sees_both_days(self, ae, manager, sign_in):
        planned = add_absence(ae, ae, starts_on=ae.today, ends_on=ae.today + 3 * DAY)
        url, days = f"/absences/{planned.pk}/edit/", {"starts_on": ae.today, "version": 1}
        assert sign_in(ae).post(url, days | {"ends_on": ae.today + 5 * DAY}).status_code == 302
        second = sign_in(manager).post(url, days | {"ends_on": ae.today + 2 * DAY})
        assert second.status_code == 409
        assert f"Now stored: {ae.today + 5 * DAY:%-d %b %Y}" in second.content.decode()
        assert sign_in(manager).post(url, days | {"ends_on": ae.today}).status_code == 409
        planned.refresh_from_db()
        assert planned.ends_on == ae.today + 5 * DAY
        with pytest.raises(StaleEdit):
            change_absence(ae, planned, 1, starts_on=ae.today, ends_on=ae.today)

    def test_from_the_account_page(self, ae, sign_in):
        client = sign_in(ae)
        today = ae.today
        page = f"/people/{ae.pk}/absences/add/"
        assert page in client.get("/account/").content.decode()
        posted = {"starts_on": today, "ends_on": today + 5 * DAY}
        answer = client.post(page, posted)
        assert answer["Location"] == "/account/"
        planned = Absence.objects.get()
        assert f"/absences/{planned.pk}/edit/" in client.get("/account/").content.decode()
        client.post(f"/absences/{planned.pk}/edit/", posted | {"ends_on": today + DAY, "version": 1})
        planned.refresh_from_db()
        assert planned.ends_on == today + DAY
        client.post(f"/absences/{planned.pk}/remove/")
        assert not Absence.objects.exists()

    def test_days_out_of_order_and_over_are_refused_in_the_form(self, ae, sign_in):
        client, page, today = sign_in(ae), f"/people/{ae.pk}/absences/add/", ae.today
        for first, last, words in (
            (today, today - DAY, "before the first"),
            (today - 9 * DAY, today - 2 * DAY, "over already"),
            ("1066-10-14", today, "from 1990"),
        ):
            answer = client.post(page, {"starts_on": first, "ends_on": last})
            assert answer.status_code == 422
            assert words in answer.content.decode()

    def test_the_manager_finds_them_from_the_teams(self, ae, se, manager, sign_in):
        away(se, -1, 6)
        away(ae, 8, 9)
        client = sign_in(manager)
        teams = client.get("/teams/").content.decode()
        assert f"/people/{se.pk}/absences/" in teams
        assert f'until <time datetime="{fresh(se).away_until.isoformat()}"' in teams
        assert "away from" in teams
        answer = client.post(f"/people/{ae.pk}/absences/add/", {"starts_on": ae.today, "ends_on": ae.today})
        assert answer["Location"] == f"/people/{ae.pk}/absences/"
        assert client.get(answer["Location"]).status_code == 200

    def test_the_teams_page_asks_once_for_all(self, admin, team, sign_in, django_assert_max_num_queries):
        for person in UserFactory.create_batch(20, team=team):
            away(person, 0, 3)
        client = sign_in(admin)
        client.get("/teams/")
        with django_assert_max_num_queries(12):
            client.get("/teams/")


def test_the_history_knows_who_planned_what(ae, manager):
    planned = add_absence(manager, ae, starts_on=ae.today, ends_on=ae.today)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pgh_context->>'user' FROM people_absenceevent WHERE id = %s", [planned.pk])
        assert cursor.fetchone() == (str(manager.pk),)
