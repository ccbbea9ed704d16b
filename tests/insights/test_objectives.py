"""Measured key results say what the screens say, for the same people and as of the same day."""

import csv
import datetime
import io
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deals.models import CheckIn, Opportunity
from deals.objectives import FIGURES, check_ins_of, objectives_as_of, results_of, standing_of
from insights import measured
from insights.filters import OfLeads, Quarterly, Span
from insights.periods import quarter_of
from insights.queries import se_team
from insights.queries.closed import closed_book
from insights.queries.funnel import NAMES, funnel
from insights.queries.movement import movement
from insights.screens.parts import percent
from leads.models import Lead
from people.models import Role
from presales.actions import history_context
from presales.quarters import quarter_start, shifted
from tests.deals.factories import objective_of
from tests.factories import LeadFactory, TeamFactory, UserFactory
from tests.insights.factories import deal, random_book, stage
from tests.insights.story import Story

pytestmark = pytest.mark.django_db


@pytest.fixture
def quarter():
    return quarter_start(timezone.localdate())


def values(viewer, objective, day=None):
    day = day or timezone.localdate()
    return measured.measure(viewer, objective, list(FIGURES), day)


def test_each_figure_is_the_one_of_its_screen(admin, quarter):
    teams, owners, ses = random_book(31, size=150)
    for _ in range(8):
        LeadFactory(team=teams[0], owner=owners[0])
    period = quarter_of(quarter)
    since = (quarter - datetime.timedelta(days=1)).isoformat()
    for objective, narrow in (
        (objective_of(team=teams[0], owner=admin), {"team": str(teams[0].pk)}),
        (objective_of(user=owners[0]), {"person": str(owners[0].pk)}),
        (objective_of(user=ses[1]), {"person": str(ses[1].pk)}),
        (objective_of(owner=admin), {}),
    ):
        found = {name: value.value for name, value in values(admin, objective).items()}
        filters = Quarterly(admin, {**narrow, "period": period.key})
        won = filters.closed_deals().filter(outcome="won", currency="USD")
        assert found["won_value"] == sum((one.amount for one in won), Decimal(0))
        closed = closed_book(filters).total
        assert (found["win_rate"], found["no_go_share"]) == (closed.win_rate, closed.no_go_share)
        assert (found["average_won"], found["days_to_win"]) == (closed.average, closed.days_to_win)
        work = se_team.se_team(filters, period).total
        assert found["win_rate_se"] == percent(work.won, work.won + work.lost)
        assert (found["demos"], found["presales_cycle"]) == (work.demos, work.cycle)
        new = movement(Span(admin, {**narrow, "since": since, "until": str(timezone.localdate())})).lines["new"]
        assert (found["new_opportunities"], found["new_pipeline"]) == (new.count, new.amount)
        leads = funnel(OfLeads(admin, {**narrow, "period": period.key})).total
        assert found["sqls"] == leads.counts[NAMES.index("sql")]


def test_every_figure_leads_to_a_page_with_the_same_filters(admin, sign_in, team, ae, quarter):
    deal(stage("won"), team=team, owner=ae, amount=400, closed_on=timezone.localdate())
    objective = objective_of(user=ae)
    client = sign_in(admin)
    for name, told in values(admin, objective).items():
        assert f"person={ae.pk}" in told.url, name
        response = client.get(told.url)
        assert response.status_code == 200, name
        assert response.context["filters"].person == ae, name
    listed = client.get(values(admin, objective)["won_value"].url)
    assert listed.context["total"]["sum_amount"] == 400


def test_nobody_reads_a_value_of_deals_they_do_not_all_see(admin, manager, ae, se, team, other_team, quarter):
    lower = TeamFactory(parent=team)
    deal(stage("won"), team=lower, amount=100, closed_on=timezone.localdate())
    deal(stage("won"), team=other_team, amount=900, closed_on=timezone.localdate())
    ours = objective_of(team=team, owner=manager, results=[("won_value", 0, 1000)])
    company = objective_of(owner=admin, results=[("won_value", 0, 1000), ("", 0, 1)])

    def told(viewer, objective):
        standing = standing_of(objective, objective.results.all(), {}, viewer, timezone.localdate())
        return standing.lines[0].hidden, standing.lines[0].now, standing.progress

    assert told(admin, company) == (False, 1000, 50)
    assert told(manager, company) == (True, None, None)
    assert told(manager, ours) == (False, 100, 10)
    assert told(ae, ours) == (True, None, None), "the team below is not the AE's"
    assert told(se, ours) == (True, None, None)
    leaf = objective_of(team=lower, owner=manager, results=[("won_value", 0, 1000)])
    assert told(UserFactory(role=Role.AE, team=lower), leaf) == (False, 100, 10)


def test_as_of_a_past_day_and_after_the_deadline(admin, manager, team, ae):
    last = shifted(quarter_start(timezone.localdate()), -1)
    middle = last + datetime.timedelta(days=40)
    objective = objective_of(
        team=team, owner=manager, quarter=last, deadline=middle, results=[("", 0, 10)],
        sentence="Agreed criteria", created_at=timezone.now(),
    )  # fmt: skip
    kept = objective.results.get()
    when = timezone.make_aware(datetime.datetime.combine(last + datetime.timedelta(days=10), datetime.time(12)))
    for value, on, written in (
        (3, last + datetime.timedelta(days=10), when),
        (6, middle, when + datetime.timedelta(days=60)),
        (9, middle + datetime.timedelta(days=5), timezone.now()),
    ):
        CheckIn.objects.create(key_result=kept, value=value, on=on, evidence="A list", by=ae, created_at=written)

    def stood(day):
        checks = check_ins_of([kept], day)
        return standing_of(objective, [kept], checks, admin, day)

    assert stood(last + datetime.timedelta(days=9)).lines[0].now is None
    assert stood(last + datetime.timedelta(days=20)).lines[0].now == 3
    assert stood(middle).lines[0].now == 3, "nobody had written the other down by then"
    today = stood(timezone.localdate())
    assert (today.lines[0].now, today.progress, today.pace) == (6, 60, "missed"), "what came later is too late"


def test_a_past_day_shows_the_targets_of_that_day(admin, sign_in, team, manager, quarter):
    with history_context(at=(timezone.now() - datetime.timedelta(days=3)).isoformat()):
        objective = objective_of(team=team, owner=manager, results=[("", 0, 10)])
    from deals.demo.clock import date_history

    date_history()
    result = objective.results.get()
    result.target = 20
    result.save()
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    then = objectives_as_of(type(objective).objects.all(), yesterday)
    assert [one.pk for one in then] == [objective.pk]
    assert then[0].whose == team.name
    assert results_of(then, yesterday)[objective.pk][0].target == 10
    assert results_of([objective], None)[objective.pk][0].target == 20
    assert objectives_as_of(type(objective).objects.all(), yesterday - datetime.timedelta(days=30)) == []
    fragment = sign_in(admin).get(f"/insights/goals/objectives/{objective.pk}/progress/?as_of={yesterday}")
    assert fragment.status_code == 200
    before = yesterday - datetime.timedelta(days=30)
    gone = sign_in(admin).get(f"/insights/goals/objectives/{objective.pk}/progress/?as_of={before}")
    assert gone.status_code == 404


def test_the_list_its_filters_and_its_csv(sign_in, manager, team, ae, se, admin, quarter):
    lower = TeamFactory(parent=team)
    deal(stage("won"), team=team, owner=ae, amount=400, closed_on=timezone.localdate())
    own = objective_of(user=ae, sentence="=Hers", results=[("won_value", 0, 1000), ("", 0, 10)])
    ours = objective_of(team=team, owner=manager, sentence="Ours", results=[("", 0, 10)])
    objective_of(team=lower, owner=manager, sentence="Below", state="proposed")
    objective_of(user=se, sentence="Given up", state="dropped")
    CheckIn.objects.create(
        key_result=ours.results.get(), value=5, on=quarter, evidence="The list", by=manager,
        created_at=timezone.now(),
    )  # fmt: skip
    client = sign_in(manager)

    def shown(query=""):
        return [row[0].sentence for row in client.get(f"/insights/goals/objectives/{query}").context["rows"]]

    assert shown() == ["Below", "Ours", "=Hers"] or shown() == ["Ours", "Below", "=Hers"]
    assert shown(f"?team={lower.pk}") == ["Below"]
    assert shown(f"?person={ae.pk}") == ["=Hers"]
    assert shown("?state=dropped") == ["Given up"]
    assert shown("?period=last-quarter") == []
    assert shown("?as_of=2000-01-01") == []
    page = client.get("/insights/goals/objectives/").content.decode()
    assert f"/insights/goals/objectives/{own.pk}/progress/" in page, "what is measured is loaded afterwards"
    assert f"/insights/goals/objectives/{ours.pk}/progress/" not in page
    assert "50.0 %" in page
    text = b"".join(client.get("/insights/goals/objectives/export/").streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    hers = [row for row in rows if row["For"] == ae.name]
    assert [(row["Objective"], row["Key result"], row["Now"]) for row in hers] == [
        ("'=Hers", "Result 1", "400.00"), ("'=Hers", "Result 2", ""),
    ]  # fmt: skip
    assert {row["Progress (%)"] for row in hers} == {"20.0"}
    assert [row["Evidence"] for row in rows if row["Objective"] == "Ours"] == ["The list"]


def test_the_list_asks_few_queries_whatever_its_length(sign_in, manager, team, ae):
    client = sign_in(manager)
    counts = []
    for _ in range(2):
        for _ in range(6):
            objective_of(user=ae, results=[("won_value", 0, 10), ("", 0, 1)])
        client.get("/insights/goals/objectives/")
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/insights/goals/objectives/").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 12, counts


def test_as_of_a_past_day_a_measured_one_is_the_screens(admin, team, ae, quarter):
    today = timezone.localdate()
    if today == quarter:
        pytest.skip("the quarter has no past day yet")
    objective = objective_of(user=ae, results=[("won_value", 0, 1000)])
    with history_context(at=(timezone.now() - datetime.timedelta(days=1)).isoformat()):
        won = deal(stage("won"), team=team, owner=ae, amount=400, closed_on=today - datetime.timedelta(days=1))
    from deals.demo.clock import date_history

    date_history()
    Opportunity.objects.filter(pk=won.pk).update(amount=700)
    assert values(admin, objective)["won_value"].value == 700
    before = today - datetime.timedelta(days=1)
    told = values(admin, objective, before)["won_value"]
    assert told.value == 400
    assert f"as_of={before}" in told.url
    assert not Lead.objects.exists()


def test_counts_are_the_rows_they_lead_to(sign_in, quarter):
    """A year of a team, in every quarter of it: as many rows as the figure says, money adding up to it."""
    story = Story(7)
    story.days(lambda day: None, every=12, acts=60)
    boss = UserFactory(role=Role.MANAGER, team=story.upper)
    client = sign_in(boss)
    sums = {"won_value": "Value", "open_value": "Value", "new_pipeline": "Change"}
    counts = {"won_deals", "demos", "pocs", "new_opportunities", "mqls", "sqls"}
    checked = 0
    for back in range(4):
        objective = objective_of(team=story.upper, owner=boss, quarter=shifted(quarter, -back))
        for day in (timezone.localdate(), shifted(quarter, -back) + datetime.timedelta(days=50)):
            for name, told in values(boss, objective, min(day, timezone.localdate())).items():
                path, _, query = told.url.partition("?")
                text = b"".join(client.get(f"{path}export/?{query}").streaming_content).decode("utf-8-sig")
                rows = list(csv.DictReader(io.StringIO(text, newline="")))
                if name in counts:
                    assert len(rows) == told.value, (name, told.url)
                elif name in sums:
                    assert sum((Decimal(row[sums[name]]) for row in rows), Decimal(0)) == told.value, (name, told.url)
                else:
                    assert rows or not told.value, (name, told.url)
                checked += bool(told.value)
    assert checked > 30, checked
