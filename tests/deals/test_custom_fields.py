"""Custom fields of deals: each in its lane, imported, filtered, exported, told."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from deals.actions.custom_fields import edit_deal_fields
from deals.models import Opportunity
from leads.actions import custom_fields as definitions
from leads.actions import imports
from leads.imports.targets import registry
from leads.models import CustomField, ImportBatch
from presales.errors import Conflict, NotAllowed, StaleEdit
from presales.history import changes_of
from tests.permissions.world import build

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    made = build()
    admin = made.people["admin"]
    definitions.add_field(admin, record="opportunity", name="Cost centre", kind="text", lane="commercial")
    definitions.add_field(
        admin, record="opportunity", name="Data stays in", kind="choice", choices=["EU", "US"], lane="technical"
    )
    return made


def send(client, world, persona, lane, **values):
    client.force_login(world.people[persona], backend="allauth.account.auth_backends.AuthenticationBackend")
    deal = Opportunity.objects.get(pk=world.deal.pk)
    sent = {"version": deal.version} | values
    return client.post(reverse(f"deals:edit_{lane}_fields", args=[deal.pk]), sent).status_code


@pytest.mark.parametrize(
    ("persona", "commercial", "technical"),
    [("owner", 302, 403), ("se", 403, 302), ("manager", 302, 302), ("admin", 302, 302), ("mate", 403, 403),
     ("se_mate", 404, 404), ("stranger", 404, 404), ("marketing", 404, 404)],
)  # fmt: skip
def test_each_lane_fills_in_its_own(client, world, persona, commercial, technical):
    assert send(client, world, persona, "commercial", custom_cost_centre="4711") == commercial
    assert send(client, world, persona, "technical", custom_data_stays_in="EU") == technical
    custom = Opportunity.objects.get(pk=world.deal.pk).custom
    assert custom == ({"cost_centre": "4711"} if commercial == 302 else {}) | (
        {"data_stays_in": "EU"} if technical == 302 else {}
    )


def test_no_lane_reaches_into_the_other(client, world):
    assert send(client, world, "owner", "commercial", custom_data_stays_in="EU", custom_cost_centre="1") == 302
    assert Opportunity.objects.get(pk=world.deal.pk).custom == {"cost_centre": "1"}
    deal = Opportunity.objects.get(pk=world.deal.pk)
    with pytest.raises(Conflict):
        edit_deal_fields(
            world.people["owner"], deal, lane="commercial", version=deal.version, custom={"data_stays_in": "EU"}
        )
    with pytest.raises(NotAllowed):
        edit_deal_fields(
            world.people["owner"], deal, lane="technical", version=deal.version, custom={"data_stays_in": "EU"}
        )
    with pytest.raises(StaleEdit):
        edit_deal_fields(world.people["se"], deal, lane="technical", version=99, custom={"data_stays_in": "EU"})


def test_the_page_says_whose_they_are_and_the_history_what_changed(client, world, django_assert_max_num_queries):
    send(client, world, "se", "technical", custom_data_stays_in="EU")
    page = reverse("deals:fields", args=[world.deal.pk])
    with django_assert_max_num_queries(12):
        text = client.get(page).content.decode()
    assert "AE's lane" in text
    assert "Edit the technical fields" in text
    assert "Edit the commercial fields" not in text
    told = changes_of(Opportunity.objects.get(pk=world.deal.pk))[0]
    assert [(one.label, one.before, one.after) for one in told.changes] == [("Data stays in", "–", "EU")]
    assert told.title == "edited deal fields"


def test_both_values_are_shown_to_the_second(client, world):
    deal = Opportunity.objects.get(pk=world.deal.pk)
    edit_deal_fields(
        world.people["manager"], deal, lane="technical", version=deal.version, custom={"data_stays_in": "US"}
    )
    client.force_login(world.people["se"], backend="allauth.account.auth_backends.AuthenticationBackend")
    sent = {"version": deal.version, "custom_data_stays_in": "EU"}
    answer = client.post(reverse("deals:edit_technical_fields", args=[deal.pk]), sent)
    assert answer.status_code == 409
    form = answer.context["form"]
    assert [(one.label, one.mine, one.theirs) for one in form.both] == [("Data stays in", "EU", "US")]


def test_the_list_and_its_export(client, world, django_assert_max_num_queries):
    send(client, world, "se", "technical", custom_data_stays_in="EU")
    with django_assert_max_num_queries(12):
        found = client.get(reverse("deals:opportunities") + "?f-data_stays_in=EU")
    assert [row.pk for row in found.context["page"]] == [world.deal.pk]
    assert not client.get(reverse("deals:opportunities") + "?f-data_stays_in=US").context["page"].rows
    lines = b"".join(client.get(reverse("deals:export_opportunities") + "?f-data_stays_in=EU").streaming_content)
    assert b"Data stays in" in lines
    assert len(lines.decode().strip().splitlines()) == 2


def test_a_file_brings_fields_in_the_commercial_lane(world, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    admin = world.people["admin"]
    text = "Deal name,Account,Stage,Cost centre,Seats\nBig,Acme,Prospecting,7,12\nSmall,Acme,Prospecting,8,13\n"
    batch = imports.upload(admin, registry["opportunities"], SimpleUploadedFile("deals.csv", text.encode()))
    imports.match_columns(admin, batch, batch.mapping, {})
    imports.work(batch.pk)
    imports.confirm(admin, ImportBatch.objects.get(pk=batch.pk))
    imports.work(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.created) == ("done", 2), batch.message
    assert Opportunity.objects.get(name="Big").custom == {"cost_centre": "7", "seats": 12}
    assert CustomField.objects.get(key="seats").lane == "commercial"
