"""The pipeline page: figures that say what they are, drill down to their deals and export as CSV."""

import csv
import io
import re
from decimal import Decimal

import pytest
from django.urls import reverse

from deals.models import Opportunity
from insights import pipeline
from insights.filters import Filters
from people.models import Export
from tests.insights.factories import deal, random_book, stage

pytestmark = pytest.mark.django_db


def rows_of(response):
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_sum_of_every_drill_down_equals_its_figure(admin, sign_in):
    random_book(11, size=60)
    client = sign_in(admin)
    page = pipeline.build(Filters(admin, {"source": "event"})), pipeline.build(Filters(admin))
    checked = 0
    for table in (table for built in page for table in built.tables):
        for row in [*table.rows, table.total]:
            found = rows_of(client.get(row.url.replace("/deals/?", "/deals/export/?")))
            if table.slug == "quarters":
                won = [d for d in found if d["Stage"] == "Won"]
                figures = [row.values[0], row.values[3]]
                assert figures == [len(won), sum((Decimal(d["Amount"]) for d in won), Decimal(0))], row
            else:
                amount = sum((Decimal(d["Amount"]) for d in found), Decimal(0))
                weighted = sum((Decimal(d["Weighted"]) for d in found), Decimal(0))
                assert row.values == [len(found), amount, weighted], (table.slug, row)
            checked += 1
    assert checked > 40


def test_the_page_of_deals_shows_the_same_sum(admin, sign_in):
    deal(amount=Decimal("1000.10"))
    deal(amount=Decimal("2000.20"))
    url = pipeline.build(Filters(admin)).stages.rows[0].url
    page = sign_in(admin).get(url).content.decode()
    assert "2 deals, 3,000.30 USD in all, 300.03 USD weighted" in page


def test_every_table_exports_as_csv_and_the_export_is_recorded(admin, sign_in):
    deal(stage("won"), amount=Decimal("5000.00"))
    deal(amount=Decimal("1000.00"))
    client = sign_in(admin)
    for table in pipeline.build(Filters(admin)).tables:
        found = rows_of(client.get(reverse("insights:export_table", args=[table.slug])))
        assert list(found[0]) == table.header()
        assert found[-1][table.header()[0]] == table.total.label
    assert Export.objects.filter(what="pipeline stages", rows=2, user=admin).exists()


def test_an_unknown_table_is_not_found(admin, sign_in):
    assert sign_in(admin).get("/pipeline/export/salaries/").status_code == 404


def test_managers_see_and_export_their_own_teams_deals_only(manager, team, other_team, sign_in):
    deal(team=team, name="Ours")
    deal(team=other_team, name="Theirs")
    client = sign_in(manager)
    for url in (
        "/pipeline/deals/",
        f"/pipeline/deals/?in_team={other_team.pk}",
        f"/pipeline/deals/?team={other_team.pk}",
    ):
        assert "Theirs" not in client.get(url).content.decode()
    assert [row["Deal"] for row in rows_of(client.get("/pipeline/deals/export/"))] == ["Ours"]
    page = client.get("/pipeline/").content.decode()
    assert other_team.name not in page


def test_marketing_has_no_pipeline_page(marketing, sign_in):
    for url in ("/pipeline/", "/pipeline/deals/", "/pipeline/deals/export/", "/pipeline/export/stages/"):
        assert sign_in(marketing).get(url).status_code == 403


def test_an_se_sees_the_figures_of_the_own_deals(se, team, sign_in):
    deal(team=team, se=se, name="Claimed")
    deal(team=team, name="Not theirs")
    client = sign_in(se)
    assert client.get("/pipeline/").status_code == 200
    page = client.get("/pipeline/deals/").content.decode()
    assert "Claimed" in page
    assert "Not theirs" not in page


@pytest.mark.parametrize(
    "query",
    [
        "team=9999999999999999999999", "person='", "period=2017-Q9", "state=x", "stage=99999999999999999999",
        "stage=-1", "owner=٣", "age=z", "cursor=AAAA", "risk=1", "owner_name=%F0%9F%98%80", "se=none&in_team=none",
        "state=won&cursor=WyJuIiwgIjEwIiwgMV0",
    ],
)  # fmt: skip
def test_nonsense_in_the_address_is_read_leniently(admin, sign_in, query):
    deal()
    client = sign_in(admin)
    for path in ("/pipeline/", "/pipeline/deals/"):
        assert client.get(f"{path}?{query}").status_code == 200


@pytest.mark.parametrize("role", ["admin", "manager", "ae"])
def test_the_page_takes_the_same_number_of_queries_whatever_the_number_of_deals(
    role, request, sign_in, django_assert_max_num_queries
):
    client = sign_in(request.getfixturevalue(role))
    random_book(12, size=10)
    client.get("/pipeline/")
    for _ in range(2):
        with django_assert_max_num_queries(12):
            client.get("/pipeline/")
        with django_assert_max_num_queries(8):
            client.get("/pipeline/deals/")
        random_book(13, size=60)


def test_an_empty_pipeline_says_so(admin, sign_in):
    assert "No deal passes these filters." in sign_in(admin).get("/pipeline/?source=event").content.decode()


def test_names_are_escaped_in_chart_data(admin, sign_in):
    at = stage()
    at.name = "</script><b>x"
    at.save()
    deal(at)
    page = sign_in(admin).get("/pipeline/").content.decode()
    assert "</script><b>" not in page
    assert re.search(r'id="chart-stages" type="application/json">[^<]*\\u003C/script', page)


def test_all_deals_are_on_the_pages_once(admin, sign_in):
    for amount in range(60):
        deal(amount=Decimal(amount // 3))
    client = sign_in(admin)
    seen, url = [], "/pipeline/deals/"
    while url:
        response = client.get(url)
        seen += [row.pk for row in response.context["page"].rows]
        following = response.context["page"].next
        url = f"/pipeline/deals/?cursor={following}" if following else ""
    assert sorted(seen) == sorted(Opportunity.objects.values_list("pk", flat=True))
