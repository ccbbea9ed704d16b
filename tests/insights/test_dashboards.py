"""Dashboards: put together from the cards of the screens, shared, and to each viewer only what is theirs to see."""

import datetime
import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deals.models import ForecastCall, Quota
from insights import dashboards
from insights.dashboards import CHART, FIGURE, REGISTRY, SOURCES, STARTERS, asked_for, entry_of, offered
from people.actions import dashboards as actions
from people.models import Dashboard, Role
from people.models.dashboards import MOST_CARDS, MOST_DASHBOARDS
from presales.errors import Conflict, NotAllowed
from presales.quarters import quarter_start
from tests.factories import UserFactory
from tests.insights.factories import deal, random_book, stage

pytestmark = pytest.mark.django_db
SOME = ["pipeline.figure.open-pipeline:narrow", "pipeline.chart.stages:wide", "velocity.table.owners:narrow"]


def kept(owner, name="Mine", cards=SOME, **more):
    return Dashboard.objects.create(owner=owner, name=name, cards=cards, **more)


def sent(dashboard, **more):
    data = {"name": dashboard.name, "cards": dashboard.cards, "sharing": dashboard.sharing,
            "with_teams": dashboard.with_teams, "version": dashboard.version, "add": "", "act": ""}  # fmt: skip
    return data | more


def test_the_registry_is_what_the_screens_show(admin, team, ae):
    """A screen's new card or table stands in SOURCES, or this fails."""
    random_book(5, size=80)
    quarter = quarter_start(timezone.localdate())
    Quota.objects.create(team=team, quarter=quarter, amount=1000)
    ForecastCall.objects.create(author=ae, quarter=quarter, amount=100)
    for screen, (title, figures, tables) in SOURCES.items():
        entry = entry_of(screen)
        built = entry.build(entry.filters(admin, {}))
        cards = {card.name: card.label for card in built.cards if not card.name.startswith("called-")}
        # Some figures are there only where there is something to tell.
        assert set(cards) - set(figures) == set(), screen
        assert set(figures) - set(cards) <= {"claims-came-true"}, screen
        for name, label in cards.items():
            assert label.startswith(figures[name]), screen
        shown = [(table.slug, table.title) for table in built.tables]
        assert shown == [(slug, label) for slug, label, _ in tables], screen
        for table in built.tables:
            charted = any(column.chart for column in table.columns)
            named = next(charted for slug, _, charted in tables if slug == table.slug)
            assert named <= charted, f"{screen} {table.slug}"
            if named and table.rows:
                assert table.chart, f"{screen} {table.slug}"
        assert title


def test_every_card_is_shown_with_few_queries(admin, sign_in, team, ae, se):
    random_book(6, size=60)
    deal(stage("won"), team=team, owner=ae, se=se, amount=400, closed_on=timezone.localdate())
    client = sign_in(admin)
    names = [f"{name}:narrow" for name in REGISTRY]
    assert len(names) > 60
    for start in range(0, len(names), MOST_CARDS):
        found = kept(admin, name=f"From {start}", cards=names[start : start + MOST_CARDS])
        client.get(f"/dashboards/{found.pk}/")
        with CaptureQueriesContext(connection) as asked:
            page = client.get(f"/dashboards/{found.pk}/")
        assert len(asked) <= 12
        text = page.content.decode()
        loaders = re.findall(r'hx-get="(/dashboards/[^"]+)"', text)
        assert len(loaders) == len({name.split(".")[0] for name in found.cards})
        filled = 0
        for loader in loaders:
            client.get(loader)
            with CaptureQueriesContext(connection) as asked:
                fragment = client.get(loader)
            assert fragment.status_code == 200, loader
            assert len(asked) <= 12, (loader, len(asked))
            filled += fragment.content.decode().count('hx-swap-oob="true"')
        assert filled == len(found.cards), "each card comes once"


def test_cards_say_what_the_screen_says(admin, sign_in, team, ae):
    deal(team=team, owner=ae, amount=1234)
    found = kept(admin)
    client = sign_in(admin)
    fragment = client.get(f"/dashboards/{found.pk}/cards/pipeline/").content.decode()
    assert "1,234 USD in 1 open deal" in fragment
    figures = json.loads(re.search(r'data-figures="([^"]+)"', fragment)[1].replace("&quot;", '"'))
    assert figures["series"][0]["data"] == [1234.0]
    whole = client.get(f"/dashboards/{found.pk}/?at_once=1").content.decode()
    assert "1,234 USD in 1 open deal" in whole, "without scripts"
    assert 'hx-get="/dashboards' not in whole
    assert client.get(f"/dashboards/{found.pk}/cards/funnel/").status_code == 404, "no card of that screen is on it"


def test_a_shared_one_shows_each_viewer_what_is_theirs(
    sign_in, manager, ae, se, admin, marketing, team, other_team
):  # fmt: skip
    stranger = UserFactory(role=Role.MANAGER, team=other_team)
    deal(team=team, owner=ae, amount=1000)
    deal(team=other_team, amount=70000)
    found = kept(manager, name="All of it", sharing="all", team=team)
    private = kept(manager, name="Only hers")
    ours = kept(manager, name="Ours", sharing="teams", with_teams=[team.pk])

    def told(person):
        page = sign_in(person).get(f"/dashboards/{found.pk}/cards/pipeline/")
        return page.status_code, page.content.decode()

    assert "1,000 USD in 1 open deal" in told(manager)[1]
    assert "1,000 USD in 1 open deal" in told(admin)[1], "the dashboard's own team"
    status, text = told(stranger)
    assert status == 200
    assert "70,000 USD in 1 open deal" in text
    assert "you do not see the one chosen" in text
    assert told(marketing)[0] == 404, "marketing sees no deals"
    assert "Nothing for you here" in sign_in(marketing).get(f"/dashboards/{found.pk}/").content.decode()
    seen = {ae: {found, ours}, se: {found, ours}, manager: {found, private, ours}, stranger: {found},
            admin: {found, ours}, marketing: {found}}  # fmt: skip
    for person, expected in seen.items():
        assert set(Dashboard.objects.visible_to(person)) == expected, person
    assert sign_in(ae).get(f"/dashboards/{private.pk}/").status_code == 404
    assert sign_in(admin).get(f"/dashboards/{private.pk}/").status_code == 404


def test_filters_of_the_address_come_before_those_kept(sign_in, manager, team, ae, se):
    deal(team=team, owner=ae, amount=1000)
    deal(team=team, amount=500, se=se)
    found = kept(manager, person=ae, period="this-year")
    client = sign_in(manager)
    page = client.get(f"/dashboards/{found.pk}/")
    assert f"person={ae.pk}" in page.context["loaders"][0]
    assert page.context["filters"].period.key == "this-year"
    page = client.get(f"/dashboards/{found.pk}/?person={se.pk}&period=")
    assert f"person={se.pk}" in page.context["loaders"][0]
    assert page.context["filters"].period is None
    part = client.get(page.context["loaders"][0]).content.decode()
    assert "500 USD in 1 open deal" in part
    for nonsense in ("?person=x", "?team=99999999999999999999", "?period=%00", "?as_of=9999-99-99", "?cursor=1"):
        assert client.get(f"/dashboards/{found.pk}/{nonsense}").status_code in (200, 400), nonsense
    assert asked_for("movement", {"period": "2026-Q1", "person": "3", "as_of": "2026-02-01"}) == {
        "person": "3", "since": "2025-12-31", "until": "2026-02-01",
    }  # fmt: skip


def test_arranging_without_scripts(sign_in, manager):
    found = kept(manager)
    client, page = sign_in(manager), f"/dashboards/{found.pk}/edit/"

    def press(**more):
        found.refresh_from_db()
        response = client.post(page, sent(found, **more))
        found.refresh_from_db()
        return response, [card.split(".", 1)[1] for card in found.cards]

    response, cards = press(act="down:1")
    assert cards == ["chart.stages:wide", "figure.open-pipeline:narrow", "table.owners:narrow"]
    assert response["Location"].endswith("moved=down%3A2")
    assert "autofocus" in client.get(response["Location"]).content.decode()
    assert press(act="up:1")[1] == cards, "the first stays"
    assert press(act="down:3")[1] == cards
    assert press(act="width:2")[1][1] == "figure.open-pipeline:wide"
    assert press(act="remove:1")[1] == ["figure.open-pipeline:wide", "table.owners:narrow"]
    assert press(add="goals.figure.won")[1][-1] == "figure.won:narrow"
    assert press(cards=list(reversed(found.cards)), act="order:1")[1][0] == "figure.won:narrow"
    before = press()[1]
    for nonsense in ("up:99", "up:", "up:-1", "up:9999999999", "explode:1", "remove:x"):
        assert press(act=nonsense)[1] == before, nonsense
    assert press(act="x" * 30)[0].status_code == 422


def test_limits_and_names(sign_in, ae, manager, team):
    names = [f"{name}:narrow" for name in list(REGISTRY)[: MOST_CARDS + 1]]
    client = sign_in(manager)
    new = {"name": " My   week ", "sharing": "private", "cards": names[:-1]}
    assert client.post("/dashboards/add/", new).status_code == 302
    found = Dashboard.objects.get()
    assert (found.name, found.owner, len(found.cards)) == ("My week", manager, MOST_CARDS)
    assert client.post("/dashboards/add/", new | {"name": "MY WEEK"}).status_code == 422
    page = f"/dashboards/{found.pk}/edit/"
    assert client.post(page, sent(found, cards=names)).status_code == 422
    assert client.post(page, sent(found, add="goals.figure.won")).status_code == 422
    assert client.post(page, sent(found, cards=[names[0], names[0]])).status_code == 422
    assert client.post(page, sent(found, name="")).status_code == 422
    assert client.post(page, sent(found, name="x" * 81)).status_code == 422
    assert client.post(page, sent(found, sharing="teams")).status_code == 422, "with which?"
    assert client.post(page, sent(found, sharing="teams", with_teams=[99999])).status_code == 422
    assert client.post(page, {}).status_code == 422
    assert client.post(page, sent(found, cards=["unheard.of.card:wide"])).status_code == 302
    found.refresh_from_db()
    assert found.cards == [], "what is no card is left out"
    # Everybody is reached by managers, admins and marketing alone.
    own = kept(ae)
    assert sign_in(ae).post(f"/dashboards/{own.pk}/edit/", sent(own, sharing="all")).status_code == 422
    for number in range(MOST_DASHBOARDS - 1):
        kept(ae, name=f"Number {number}")
    with pytest.raises(Conflict):
        actions.copy_dashboard(ae, own)


def test_two_people_arranging_one_lose_nothing(sign_in, manager, admin):
    found = kept(manager, sharing="all")
    assert sign_in(admin).post(f"/dashboards/{found.pk}/edit/", sent(found, act="remove:1")).status_code == 302
    late = sign_in(manager).post(f"/dashboards/{found.pk}/edit/", sent(found, act="down:1", name="Another"))
    assert late.status_code == 409
    text = late.content.decode()
    assert "Two versions" in text
    assert "By stage; Open pipeline; By AE" in text
    assert "By stage; By AE" in text
    found.refresh_from_db()
    assert (len(found.cards), found.version) == (2, 2)
    chosen = sent(found, name="Another", version=2, **{"keep-cards": "theirs"})
    assert sign_in(manager).post(f"/dashboards/{found.pk}/edit/", chosen).status_code == 302
    found.refresh_from_db()
    assert (found.name, len(found.cards)) == ("Another", 2)
    assert "edited dashboard" in sign_in(manager).get(f"/dashboards/{found.pk}/history/").content.decode()


def test_only_whose_it_is_changes_it(sign_in, manager, ae, admin):
    found = kept(manager, sharing="all")
    for address in ("edit", "remove"):
        assert sign_in(ae).post(f"/dashboards/{found.pk}/{address}/", sent(found)).status_code == 403
    with pytest.raises(NotAllowed):
        actions.remove_dashboard(ae, found)
    response = sign_in(ae).post(f"/dashboards/{found.pk}/copy/")
    copied = Dashboard.objects.get(owner=ae)
    assert response["Location"] == f"/dashboards/{copied.pk}/edit/"
    assert (copied.sharing, copied.cards, copied.name) == ("private", found.cards, "Mine")
    assert sign_in(admin).post(f"/dashboards/{found.pk}/remove/").status_code == 302
    assert list(Dashboard.objects.all()) == [copied]


@pytest.mark.parametrize("role", Role.values)
def test_each_role_begins_with_something_of_its_own(sign_in, role, team):
    person = UserFactory(role=role, team=team)
    client = sign_in(person)
    names = set(STARTERS[Role(role)])
    assert names <= {one.name for one in offered(person)}
    page = client.get("/dashboards/starter/")
    assert len(page.context["places"]) == len(names)
    for loader in page.context["loaders"]:
        assert client.get(loader).status_code == 200
    assert "Keep and change" in client.get("/dashboards/").content.decode()
    assert not Dashboard.objects.exists(), "shown, not stored"
    assert client.post("/dashboards/starter/keep/").status_code == 302
    assert {card.name for card in Dashboard.objects.get().placed} == names
    assert "What your role begins with" not in client.get("/dashboards/").content.decode()


def test_marketing_is_offered_what_marketing_reads(marketing):
    assert {one.screen for one in offered(marketing)} == {"funnel"}
    assert "funnel.figure.won" not in {one.name for one in offered(marketing)}


def test_a_person_or_team_that_is_gone_takes_no_dashboard_along(manager, ae):
    found = kept(manager, person=ae)
    day = datetime.date(2026, 3, 1)
    assert found.filters() == {"person": str(ae.pk)}
    assert Dashboard(as_of=day).filters() == {"as_of": "2026-03-01"}
    assert {one.kind for one in REGISTRY.values()} == {FIGURE, CHART, dashboards.TABLE}
