"""The lists as CSV: the rows and filters of the list, nobody else's, and a record of who took them."""

import csv
import io

import pytest

from people.models import Export
from tests.factories import LeadFactory
from tests.insights.factories import deal, stage

pytestmark = pytest.mark.django_db


def rows_of(response):
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_leads_export_as_the_list_is_filtered(ae, team, other_team, sign_in):
    LeadFactory(name="Mine", owner=ae, team=team, source="event")
    LeadFactory(name="Mine too", owner=ae, team=team, source="partner")
    LeadFactory(name="Team's", team=team, source="event")
    LeadFactory(name="Theirs", team=other_team, source="event")
    client = sign_in(ae)
    assert [row["Name"] for row in rows_of(client.get("/leads/export/?tab=mine&source=event"))] == ["Mine"]
    assert {row["Name"] for row in rows_of(client.get("/leads/export/?tab=all"))} == {"Mine", "Mine too", "Team's"}
    record = Export.objects.filter(user=ae, what="leads").first()
    assert (record.rows, record.filters) == (3, "tab=all")


def test_opportunities_export_as_the_list_is_filtered(manager, team, other_team, sign_in):
    deal(name="Open", team=team)
    deal(stage("won"), name="Won", team=team)
    deal(name="Theirs", team=other_team)
    client = sign_in(manager)
    assert [row["Name"] for row in rows_of(client.get("/opportunities/export/"))] == ["Open"]
    assert {row["Name"] for row in rows_of(client.get("/opportunities/export/?outcome=any"))} == {"Open", "Won"}
    assert Export.objects.filter(user=manager, what="opportunities", rows=2).exists()


def test_a_name_that_is_a_formula_does_not_run(ae, team, sign_in):
    LeadFactory(name='=HYPERLINK("http://evil.example")', owner=ae, team=team)
    assert rows_of(sign_in(ae).get("/leads/export/"))[0]["Name"] == '\'=HYPERLINK("http://evil.example")'


def test_marketing_exports_no_opportunity(marketing, sign_in):
    deal()
    assert rows_of(sign_in(marketing).get("/opportunities/export/?outcome=any")) == []
