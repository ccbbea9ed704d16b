"""The directory of competitors: one page for each, whatever deals call it by, with how deals end against it."""

import datetime
import random
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from deals.actions.rivals import add_rival, edit_rival
from deals.models import Autopsy, Competitor, Opportunity, Rival
from deals.rivals import Against, against, deals_against, without_page
from presales.errors import Conflict, NotAllowed, StaleEdit
from tests.deals.factories import OpportunityFactory, stage
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
TODAY = datetime.date.today()


@pytest.fixture
def conduitly(db):
    return Rival.objects.create(name="Conduitly", how_to_win="Ask who runs it at night")


def deal(team, outcome="open", *, named=(), **facts):
    closed = {} if outcome == "open" else {"closed_on": TODAY, "outcome": outcome}
    if outcome == "lost":
        closed["lost_reason"] = "competitor"
    if outcome == "no_go":
        closed["no_go_reason"] = "gap"
    slug = {"open": "discovery", "no_go": "no-go"}.get(outcome, outcome)
    made = OpportunityFactory(team=team, stage=stage(slug), **closed, **facts)
    for name in named:
        Competitor.objects.create(opportunity=made, name=name)
    return made


class TestWinRate:
    def test_won_of_won_and_lost_where_they_were_named(self, conduitly, team, manager):
        for outcome in ("won", "lost", "lost", "open", "no_go"):
            deal(team, outcome, named=["Conduitly", "Another"])
        deal(team, "won")
        found = against(manager, [conduitly])[conduitly.pk]
        assert (found.won, found.lost, found.open) == (1, 2, 1)
        assert found.win_rate == Decimal("33.3")

    def test_whatever_the_capitals(self, conduitly, team, manager):
        deal(team, "won", named=["CONDUITLY"])
        deal(team, "lost", lost_to="conduitly")
        assert against(manager, [conduitly])[conduitly.pk].win_rate == Decimal("50.0")

    def test_a_deal_counts_once_though_named_and_lost_to(self, conduitly, team, manager):
        deal(team, "lost", named=["Conduitly"], lost_to="CONDUITLY")
        assert against(manager, [conduitly])[conduitly.pk].lost == 1

    def test_nothing_decided_is_no_rate(self, conduitly, team, manager):
        deal(team, named=["Conduitly"])
        assert against(manager, [conduitly])[conduitly.pk].win_rate is None
        assert Against().win_rate is None

    def test_over_the_deals_one_sees(self, conduitly, team, other_team, manager, marketing, admin, ae, se):
        deal(team, "won", named=["Conduitly"])
        deal(other_team, "lost", named=["Conduitly"])
        rates = [against(person, [conduitly])[conduitly.pk].win_rate for person in (manager, ae, admin, se, marketing)]
        assert rates == [Decimal("100.0"), Decimal("100.0"), Decimal("50.0"), None, None]

    def test_as_counted_one_by_one(self, team, admin):
        dice = random.Random(4)
        names = ["Conduitly", "Pipewright", "Straße", "Ärger & Söhne"]
        rivals = [Rival.objects.create(name=name) for name in names]
        for _ in range(60):
            outcome = dice.choice(["open", "won", "lost", "no_go"])
            named = [dice.choice([name, name.upper() if name != "Straße" else name]) for name in dice.sample(names, 2)]
            deal(team, outcome, named=named, lost_to=dice.choice(["", *names]) if outcome == "lost" else "")
        for rival, found in ((rival, against(admin, rivals)[rival.pk]) for rival in rivals):
            mine = [
                row
                for row in Opportunity.objects.prefetch_related("competitors")
                if rival.name.lower() in {row.lost_to.lower(), *(other.name.lower() for other in row.competitors.all())}
            ]
            outcomes = [row.outcome for row in mine]
            assert (found.won, found.lost, found.open) == tuple(outcomes.count(end) for end in ("won", "lost", "open"))
            assert set(deals_against(admin, rival)) == set(mine)


class TestNamedWithoutAPage:
    def test_the_most_frequent_first(self, conduitly, team, manager, other_team):
        deal(team, "won", named=["Conduitly", "Pipewright"])
        deal(team, "lost", named=["pipewright"])
        deal(team, named=["Mergeform"])
        deal(other_team, named=["Elsewhere"])
        found = without_page(manager)
        assert [(one.name, one.deals) for one in found] == [("Pipewright", 2), ("Mergeform", 1)]

    def test_a_deals_list_links_to_the_page_or_to_where_it_is_added(self, conduitly, team, ae, sign_in):
        client = sign_in(ae)
        assert client.get("/rivals/named/?name=CONDUITLY").url == f"/rivals/{conduitly.pk}/"
        assert client.get("/rivals/named/?name=Pipe%20%26%20Co").url == "/rivals/?q=Pipe+%26+Co"
        assert client.get("/rivals/named/").url == "/rivals/?q="
        page = client.get("/rivals/?q=Pipewright").content.decode()
        assert "Not in the directory" in page
        assert "/rivals/add/?name=Pipewright" in page


class TestWriting:
    def test_by_everybody_who_sells(self, ae, se, manager, admin, marketing):
        for number, person in enumerate((ae, se, manager, admin)):
            add_rival(person, Rival(name=f"Vendor {number}"))
        with pytest.raises(NotAllowed):
            add_rival(marketing, Rival(name="Another"))
        with pytest.raises(NotAllowed):
            edit_rival(marketing, Rival.objects.first(), 1)

    def test_one_page_for_each(self, conduitly, ae):
        with pytest.raises(Conflict, match="already"):
            add_rival(ae, Rival(name="conduitly"))
        other = add_rival(ae, Rival(name="Pipewright"))
        other.name = "CONDUITLY"
        with pytest.raises(Conflict, match="already"):
            edit_rival(ae, other, other.version)
        with pytest.raises(IntegrityError), transaction.atomic():
            Rival.objects.create(name="conduitly")

    def test_the_second_of_two_sees_both_values(self, conduitly, ae, se, sign_in):
        conduitly.strengths = "Cheap"
        edit_rival(se, conduitly, 1)
        answer = sign_in(ae).post(
            f"/rivals/{conduitly.pk}/edit/", {"name": "Conduitly", "strengths": "Dear", "version": 1}
        )
        assert answer.status_code == 409
        assert "Now stored: Cheap" in answer.content.decode()
        with pytest.raises(StaleEdit):
            edit_rival(ae, conduitly, 1)

    @pytest.mark.parametrize("data", [{}, {"name": " "}, {"name": "x" * 121}, {"name": "x", "notes": "x" * 3001}])
    def test_bad_input_is_a_form_error(self, ae, sign_in, data):
        assert sign_in(ae).post("/rivals/add/", data).status_code == 422


class TestPages:
    def test_what_was_learned_from_losing_to_them(self, conduitly, team, ae, other_team, sign_in):
        for whose, lesson in ((team, "Ask who audits them"), (other_team, "Nothing of yours")):
            lost = deal(whose, "lost", lost_to="conduitly", name=f"Deal of {whose}")
            Autopsy.objects.create(
                opportunity=lost, closed_on=TODAY, lost_reason="competitor", lost_to="conduitly", lesson=lesson,
                agreed_by=ae, agreed_at=datetime.datetime.now(datetime.UTC),
            )  # fmt: skip
        page = sign_in(ae).get(f"/rivals/{conduitly.pk}/").content.decode()
        for text in ("Ask who audits them", "Ask who runs it at night", "Deal of West"):
            assert text in page
        for text in ("Nothing of yours", "Deal of East"):
            assert text not in page

    def test_few_queries_whatever_the_number(self, conduitly, team, ae, sign_in):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        client = sign_in(ae)

        def counted(address):
            with CaptureQueriesContext(connection) as asked:
                assert client.get(address).status_code == 200
            return len(asked)

        deal(team, "won", named=["Conduitly", "Unknown"])
        before = [counted(address) for address in ("/rivals/", f"/rivals/{conduitly.pk}/")]
        for number in range(8):
            Rival.objects.create(name=f"Vendor {number}")
            deal(team, "lost", named=["Conduitly", f"Vendor {number}", f"New {number}"], owner=UserFactory(team=team))
        after = [counted(address) for address in ("/rivals/", f"/rivals/{conduitly.pk}/")]
        assert after == before
        assert max(after) <= 12

    def test_junk_in_the_address_is_no_error(self, conduitly, ae, sign_in):
        client = sign_in(ae)
        for query in ("q=%25_", "cursor=zzz", f"q={'x' * 500}"):
            assert client.get(f"/rivals/?{query}").status_code == 200
        assert client.get("/rivals/999999/").status_code == 404
