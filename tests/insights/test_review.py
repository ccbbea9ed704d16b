"""The deal review: which deals in which order, step by step, and who goes through which."""

import datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from deals.actions.reviews import mark_reviewed
from deals.models import DealReview, Opportunity
from deals.models.rates import ExchangeRate
from insights.filters import Reviewed
from insights.queries.review import MOST, walk
from people.models import Role
from presales import stepping
from tests.factories import UserFactory
from tests.insights.factories import deal, random_book, stage

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


def names(stops):
    return [stop.name for stop in stops]


@pytest.fixture
def three(team, ae, se):
    """The worst, one less bad but larger than the third, which is as bad."""
    late = TODAY() - datetime.timedelta(days=3)
    common = {"team": team, "owner": ae, "se": se}
    return [
        deal(name="Worst", close_date=late, next_step="", amount=Decimal(100), **common),
        deal(name="Large", next_step="", amount=Decimal(5000), **common),
        deal(name="Small", next_step="", amount=Decimal(2000), **common),
    ]


def test_the_worst_first_then_the_largest_and_sound_deals_never(three, team, ae, se, manager):
    deal(name="Sound", team=team, owner=ae, se=se)
    deal(stage("lost"), name="Lost", team=team, next_step="")
    found = walk(Reviewed(manager))
    assert names(found.to_do) == ["Worst", "Large", "Small"]
    assert (found.count, found.at_stake) == (3, Decimal(7100))


def test_amounts_at_stake_are_in_the_companys_currency(three, team, se, manager):
    ExchangeRate.objects.create(currency="EUR", valid_from=datetime.date(2020, 1, 1), rate=Decimal("1.5"))
    deal(name="Euros", team=team, se=se, next_step="", amount=Decimal(4000), currency="EUR")
    found = walk(Reviewed(manager))
    assert names(found.to_do) == ["Worst", "Euros", "Large", "Small"]
    assert found.at_stake == Decimal(13100)


def test_a_manager_sees_the_own_teams_alone(three, other_team, manager):
    deal(name="Theirs", team=other_team, next_step="")
    assert "Theirs" not in names(walk(Reviewed(manager)).to_do)


def test_aes_and_ses_go_through_their_own_deals_whatever_the_address_says(three, team, ae, se, sign_in):
    mate = UserFactory(role=Role.AE, team=team)
    other = deal(name="Mate's", team=team, owner=mate, next_step="")
    for person in (ae, se):
        client = sign_in(person)
        page = client.get(f"/insights/review/?person={mate.pk}")
        assert names(page.context["walk"].to_do) == ["Worst", "Large", "Small"]
        assert client.get(f"/insights/review/?deal={other.pk}").status_code == 404
        assert not page.context["may_review"]


def test_filters_narrow_the_walk(three, team, manager, sign_in):
    someone = UserFactory(role=Role.AE, team=team)
    far = TODAY() + datetime.timedelta(days=400)
    deal(name="Someone's", team=team, owner=someone, next_step="", close_date=far)
    client = sign_in(manager)
    assert names(client.get(f"/insights/review/?person={someone.pk}").context["walk"].to_do) == ["Someone's"]
    assert names(client.get(f"/insights/review/?period={far.year}").context["walk"].to_do) == ["Someone's"]
    page = client.get(f"/insights/review/?person={someone.pk}").content.decode()
    assert f"person={someone.pk}&amp;deal=" in page, "the filters go along from deal to deal"


def test_next_and_previous_go_round(three, manager, sign_in):
    client = sign_in(manager)
    worst, large, small = three
    for asked, before, after in ((worst, small, large), (large, worst, small), (small, large, worst)):
        context = client.get(f"/insights/review/?deal={asked.pk}").context
        assert context["before_url"].endswith(f"deal={before.pk}")
        assert context["after_url"].endswith(f"deal={after.pk}")
    assert client.get("/insights/review/").context["stop"].deal == worst


def test_stepping_through_none_and_one():
    assert stepping.after([], None) is stepping.before([], "x") is None
    assert stepping.after(["x"], "x") is None
    assert stepping.after(["x"], None) == stepping.before(["x"], None) == "x"


def test_what_was_reviewed_rests_until_the_same_day_of_next_week(three, manager):
    worst, large, small = three
    for made, ago in ((worst, 0), (large, 6), (small, 7)):
        DealReview.objects.create(opportunity=made, by=manager, on=TODAY() - datetime.timedelta(days=ago))
    found = walk(Reviewed(manager))
    assert names(found.to_do) == ["Small"]
    assert names(found.lately) == ["Worst", "Large"]


def test_marking_goes_on_to_the_next_deal_and_shows_when_it_was_reviewed(three, manager, sign_in):
    worst, large, _ = three
    client = sign_in(manager)
    page = client.get("/insights/review/")
    mark = f"/opportunities/{worst.pk}/reviewed/?next={page.context['next_url']}"
    answer = client.post(mark, {"note": "They call their board"}, follow=True)
    assert answer.context["stop"].deal == large
    again = client.get(f"/insights/review/?deal={worst.pk}").content.decode()
    assert "They call their board" in again
    assert f"by {manager.name}" in again


def test_a_deal_that_is_sound_by_now_is_still_shown_when_asked_for(team, se, manager, sign_in):
    made = deal(name="Sound", team=team, se=se)
    page = sign_in(manager).get(f"/insights/review/?deal={made.pk}")
    assert page.context["stop"].deal == made
    assert "Nothing is wrong" in page.content.decode()


def test_who_is_through_is_told(three, manager, sign_in):
    for made in three:
        mark_reviewed(manager, made)
    assert "You are through" in sign_in(manager).get("/insights/review/").content.decode()


def test_a_first_day_teaches(manager, sign_in):
    assert "Nothing to ask about" in sign_in(manager).get("/insights/review/").content.decode()


def test_nonsense_in_the_address_is_no_error(three, manager, sign_in):
    client = sign_in(manager)
    for text, status in (("x", 200), ("9" * 18, 404), ("9" * 40, 200), ("-1", 200), ("²", 200)):
        assert client.get(f"/insights/review/?deal={text}").status_code == status


def test_the_page_takes_few_queries_whatever_the_number_of_deals(
    team, manager, se, ae, sign_in, django_assert_max_num_queries
):
    client = sign_in(manager)
    random_book(3, size=MOST * 4)
    Opportunity.objects.update(team=team, next_step="", se=se, owner=ae)
    with django_assert_max_num_queries(12):
        page = client.get("/insights/review/")
    found = page.context["walk"]
    assert len(found.to_do) == MOST < found.count
