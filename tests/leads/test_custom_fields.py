"""Custom fields: defined in the browser, filled on records, found, exported, remembered, never lost."""

import datetime

import pytest
from django.urls import reverse

from leads.actions import custom_fields as actions
from leads.actions.companies import update_company
from leads.actions.duplicates import merge
from leads.actions.leads import log_lead, update_lead
from leads.custom_facts import facts
from leads.custom_filters import Filters
from leads.custom_values import as_stored, in_words
from leads.models import Company, CustomField, Lead
from leads.models.custom_fields import key_for
from leads.timeline import timeline_of
from presales.errors import Conflict, NotAllowed, StaleEdit
from tests.factories import CompanyFactory, LeadFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def marketing():
    return UserFactory(role="marketing")


def field(admin, name="Visits", kind="number", record="lead", **more):
    return actions.add_field(admin, record=record, name=name, kind=kind, **more)


@pytest.fixture
def five(admin):
    """A field of each kind on leads."""
    return [
        field(admin, "Remark", "text"), field(admin, "Visits", "number"),
        field(admin, "Size", "choice", choices=["Small", "Large, or so"]), field(admin, "Trial", "yes_no"),
        field(admin, "Renewal", "date"),
    ]  # fmt: skip


VALUES = {
    "remark": "Likes <b>tea</b>", "visits": 12.5, "size": "Large, or so", "trial": False, "renewal": "2026-03-04",
}  # fmt: skip


class TestDefining:
    def test_marketing_defines_those_of_leads_and_companies_an_admin_all(self, admin, marketing, ae):
        assert field(marketing).key == "visits"
        assert field(marketing, record="company").lane == ""
        with pytest.raises(NotAllowed):
            field(marketing, record="opportunity", lane="commercial")
        with pytest.raises(NotAllowed):
            field(ae)
        assert field(admin, record="opportunity", lane="technical").lane == "technical"

    def test_a_name_stands_once_per_kind_of_record(self, admin):
        field(admin, "Visits")
        with pytest.raises(Conflict):
            field(admin, "VISITS", "text")
        assert field(admin, "Visits", record="company").pk

    @pytest.mark.parametrize(
        ("name", "key"),
        [("Time on site (s)", "time_on_site_s"), ("Größe", "groe"), ("年齢", "field"), ("2nd call", "field_2nd_call"),
         ("x" * 90, "x" * 36), ("contains", "contains")],
    )  # fmt: skip
    def test_keys_say_what_they_are(self, name, key):
        assert key_for(name, set()) == key or (name == "Größe" and key_for(name, set()) == "gro_e")
        assert key_for(name, {key_for(name, set())}) == f"{key_for(name, set())}_2"

    def test_archiving_keeps_values_and_removing_refuses_to_lose_any(self, admin):
        visits = field(admin)
        lead = LeadFactory(custom={"visits": 3})
        with pytest.raises(Conflict, match="Archive it"):
            actions.remove_field(admin, visits)
        actions.archive_field(admin, visits)
        assert facts(lead=lead.custom) == {"lead": []}
        update_lead(admin, lead, version=1, name="Other")
        actions.restore_field(admin, visits)
        lead.refresh_from_db()
        assert facts(lead=lead.custom) == {"lead": [("Visits", "3")]}
        Lead.objects.update(custom={})
        actions.remove_field(admin, visits)
        assert not CustomField.objects.exists()

    def test_a_choice_taken_off_the_list_stays_where_it_is(self, admin, ae):
        size = field(admin, "Size", "choice", choices=["S", "L"])
        lead = LeadFactory(custom={"size": "S"}, owner=ae, team=ae.teams.get())
        actions.update_field(admin, size, version=1, choices=["L"])
        update_lead(ae, lead, version=1, custom={"size": "S"})
        lead.refresh_from_db()
        assert lead.custom == {"size": "S"}
        with pytest.raises(Conflict):
            update_lead(ae, LeadFactory(owner=ae, team=ae.teams.get()), version=1, custom={"size": "S"})

    def test_two_people_at_one_definition(self, admin):
        visits = field(admin)
        actions.update_field(admin, visits, version=1, name="Calls")
        with pytest.raises(StaleEdit):
            actions.update_field(admin, visits, version=1, name="Mails")

    def test_order(self, admin):
        first, second = field(admin, "One"), field(admin, "Two")
        actions.move_field(admin, second, up=True)
        assert list(CustomField.objects.of("lead")) == [second, first]
        actions.move_field(admin, second, up=True)
        actions.move_field(admin, second, up=False)
        assert list(CustomField.objects.of("lead")) == [first, second]

    def test_the_pages(self, client, marketing):
        client.force_login(marketing)
        page = reverse("leads:fields")
        assert "No custom field yet" in client.get(page).content.decode()
        sent = {
            "record": "lead",
            "name": "  Shoe   size ",
            "kind": "choice",
            "choices": "38\n39\n\n38 ",
            "help_text": "",
        }
        assert client.post(reverse("leads:add_field"), sent).status_code == 302
        shoe = CustomField.objects.get()
        assert (shoe.name, shoe.choices, shoe.created_by) == ("Shoe size", ["38", "39"], marketing)
        assert "Shoe size" in client.get(page).content.decode()
        assert client.post(reverse("leads:add_field"), sent).status_code == 422
        edit = reverse("leads:edit_field", args=[shoe.pk])
        assert client.get(edit).status_code == 200
        sent = {"version": 1, "name": "Shoes", "choices": "40"}
        assert client.post(edit, sent).status_code == 302
        answer = client.post(edit, sent | {"name": "Boots"})
        assert answer.status_code == 409
        for act, to in (("move", "up"), ("archive", ""), ("restore", ""), ("remove", "")):
            assert client.post(reverse(f"leads:{act}_field", args=[shoe.pk]), {"to": to}).status_code == 302
        assert not CustomField.objects.exists()

    @pytest.mark.parametrize(
        "sent",
        [
            {}, {"name": "–", "kind": "text"}, {"name": "x", "kind": "json"}, {"name": "y" * 101, "kind": "text"},
            {"name": "x", "kind": "choice", "choices": ""},
            {"name": "x", "kind": "choice", "choices": "\n".join(map(str, range(500)))},
        ],
    )  # fmt: skip
    def test_what_cannot_be_defined_is_said(self, client, marketing, sent):
        client.force_login(marketing)
        assert client.post(reverse("leads:add_field"), sent).status_code == 422
        assert not CustomField.objects.exists()

    def test_marketing_never_makes_one_of_opportunities(self, client, marketing, admin):
        client.force_login(marketing)
        sent = {"name": "Seats", "kind": "number", "lane": "technical", "record": "opportunity"}
        assert client.post(reverse("leads:add_field") + "?record=opportunity", sent).status_code == 302
        assert CustomField.objects.get().record == "lead"
        client.force_login(admin)
        assert client.post(reverse("leads:add_field") + "?record=opportunity", sent).status_code == 302
        assert CustomField.objects.get(record="opportunity").lane == "technical"


class TestValues:
    @pytest.mark.parametrize(
        ("kind", "value", "stored"),
        [("text", "a", "a"), ("text", "", None), ("number", "12.5", 12.5), ("number", 3, 3), ("number", "1e3", 1000),
         ("number", "0.0000004", 0), ("choice", "S", "S"), ("yes_no", False, False),
         ("date", "1990-01-01", "1990-01-01"),
         ("date", datetime.date(2100, 12, 31), "2100-12-31"), ("number", None, None)],
    )  # fmt: skip
    def test_what_is_allowed(self, kind, value, stored):
        assert as_stored(CustomField(name="F", kind=kind, choices=["S"]), value) == stored

    @pytest.mark.parametrize(
        ("kind", "value"),
        [("text", "a" * 2001), ("number", "NaN"), ("number", "inf"), ("number", "1e15"), ("number", "x"),
         ("number", True), ("number", "1" * 5000), ("choice", "M"), ("yes_no", "yes"), ("yes_no", 1),
         ("date", "1989-12-31"),
         ("date", "9999-01-01"), ("date", "x"), ("date", 5), ("number", [1]), ("number", {"a": 1})],
    )  # fmt: skip
    def test_what_is_not(self, kind, value):
        with pytest.raises(Conflict):
            as_stored(CustomField(name="F", kind=kind, choices=["S"]), value)

    def test_how_people_read_them(self):
        pairs = [
            ("number", 12345.5), ("number", 1000), ("yes_no", True), ("yes_no", False), ("date", "2026-03-04"),
            ("text", "x"), ("date", "odd"), ("number", None),
        ]  # fmt: skip
        told = ["12,345.5", "1,000", "Yes", "No", "4 Mar 2026", "x", "odd", ""]
        assert [in_words(*pair) for pair in pairs] == told

    def test_an_unknown_key_is_refused(self, admin, five):
        with pytest.raises(Conflict):
            update_lead(admin, LeadFactory(), version=1, custom={"other": 1})
        with pytest.raises(Conflict):
            log_lead(admin, name="Ada", custom={"visits": "many"})


class TestOnRecords:
    def test_a_lead_is_logged_edited_and_told_with_them(self, client, ae, five):
        client.force_login(ae)
        sent = {"name": "Ada", "source": "event", "custom_visits": "3", "custom_size": "Small", "custom_trial": "no"}
        assert client.post(reverse("leads:log"), sent).status_code == 302
        lead = Lead.objects.get()
        assert lead.custom == {"visits": 3, "size": "Small", "trial": False}
        before = lead.score.input_rev
        edit = reverse("leads:edit", args=[lead.pk])
        form = client.get(edit).context["form"]
        assert form["custom_trial"].value() == "no"
        sent = {
            "version": 1, "name": "Ada", "source": "event", "consent": "unknown", "custom_visits": "12.5",
            "custom_size": "", "custom_trial": "no", "custom_remark": "Likes <b>tea</b>",
            "custom_renewal": "2026-03-04",
        }  # fmt: skip
        assert client.post(edit, sent).status_code == 302
        lead.refresh_from_db()
        assert lead.custom == {"visits": 12.5, "trial": False, "remark": "Likes <b>tea</b>", "renewal": "2026-03-04"}
        assert lead.score.input_rev > before
        page = client.get(lead.get_absolute_url()).content.decode()
        for told in ("Visits</dt><dd>12.5", "Trial</dt><dd>No", "4 Mar 2026", "Likes &lt;b&gt;tea&lt;/b&gt;"):
            assert told in page
        changes = {change.label: (change.before, change.after) for change in timeline_of(lead)[0].changes}
        assert changes == {
            "Visits": ("3", "12.5"), "Size": ("Small", "–"), "Remark": ("–", "Likes <b>tea</b>"),
            "Renewal": ("–", "4 Mar 2026"),
        }  # fmt: skip

    def test_half_a_form_changes_nothing_of_them(self, client, ae, five):
        lead = LeadFactory(custom=VALUES, owner=ae, team=ae.teams.get())
        client.force_login(ae)
        sent = {"version": 1, "name": "Ada", "source": "event", "consent": "unknown", "custom_visits": "1"}
        assert client.post(reverse("leads:edit", args=[lead.pk]), sent).status_code == 302
        lead.refresh_from_db()
        assert lead.custom == VALUES | {"visits": 1}

    @pytest.mark.parametrize(
        ("name", "value"),
        [("visits", "1e400"), ("visits", "NaN"), ("visits", "9" * 400), ("size", "XL"), ("trial", "maybe"),
         ("renewal", "0001-01-01"), ("renewal", "9999-99-99"), ("remark", "x" * 2001)],
    )  # fmt: skip
    def test_hostile_values_are_said_not_stored(self, client, ae, five, name, value):
        lead = LeadFactory(owner=ae, team=ae.teams.get())
        client.force_login(ae)
        sent = {"version": 1, "name": "Ada", "source": "event", "consent": "unknown", f"custom_{name}": value}
        assert client.post(reverse("leads:edit", args=[lead.pk]), sent).status_code == 422
        lead.refresh_from_db()
        assert lead.custom == {}

    def test_the_second_of_two_sees_both_values_of_each_field(self, client, ae, admin, five):
        lead = LeadFactory(custom=VALUES, owner=ae, team=ae.teams.get(), name="Ada")
        update_lead(admin, lead, version=1, custom={"visits": 20, "trial": True})
        client.force_login(ae)
        sent = {
            "version": 1, "name": "Ada", "source": lead.source, "consent": "unknown", "email": lead.email,
            "company_name": lead.company_name, "custom_visits": "30", "custom_trial": "no",
            "custom_size": "Large, or so",
            "custom_remark": "Likes <b>tea</b>", "custom_renewal": "2026-03-04",
        }  # fmt: skip
        edit = reverse("leads:edit", args=[lead.pk])
        answer = client.post(edit, sent)
        assert answer.status_code == 409
        form = answer.context["form"]
        assert [(one.label, one.mine, one.theirs) for one in form.both] == [("Visits", "30", "20")]
        assert [(one.label, one.theirs) for one in form.only_theirs] == [("Trial", "yes")]
        again = {name: form.data[name] for name in sent}
        assert again["custom_trial"] == "yes"
        assert client.post(edit, again | {"keep-custom_visits": "theirs"}).status_code == 302
        lead.refresh_from_db()
        assert (lead.custom["visits"], lead.custom["trial"]) == (20, True)

    def test_merging_fills_what_is_empty_and_keeps_what_is_there(self, admin, five):
        lead = LeadFactory(custom={"visits": 1})
        merge(admin, lead, LeadFactory(custom={"visits": 2, "remark": "tea"}))
        lead.refresh_from_db()
        assert lead.custom == {"visits": 1, "remark": "tea"}

    def test_companies(self, client, admin, ae):
        field(admin, "Contract until", "date", record="company")
        client.force_login(admin)
        sent = {"name": "Acme", "custom_contract_until": "2027-05-04"}
        assert client.post(reverse("leads:add_company"), sent).status_code == 302
        acme = Company.objects.get()
        lead = LeadFactory(company=acme)
        before = lead.score.input_rev if hasattr(lead, "score") else 0
        update_company(admin, acme, version=1, custom={"contract_until": "2028-05-04"})
        acme.refresh_from_db()
        assert acme.custom == {"contract_until": "2028-05-04"}
        lead = Lead.objects.get(pk=lead.pk)
        assert lead.score.input_rev > before
        page = client.get(acme.get_absolute_url()).content.decode()
        assert "Contract until</dt><dd>4 May 2028" in page
        assert "Contract until" in page.split("What happened")[1]
        assert "4 May 2028" in client.get(lead.get_absolute_url()).content.decode()


class TestFinding:
    @pytest.fixture
    def leads(self, five):
        LeadFactory(name="Has", custom=VALUES)
        LeadFactory(name="Other", custom={"remark": "coffee", "visits": 3, "size": "Small", "trial": True,
                                          "renewal": "2027-01-01"})  # fmt: skip
        LeadFactory(name="None")

    @pytest.mark.parametrize(
        ("asked", "names"),
        [
            ("f-size=Small", {"Other"}), ("f-size=Large, or so", {"Has"}), ("f-size=-", {"None"}),
            ("f-trial=no", {"Has"}), ("f-trial=yes", {"Other"}), ("f-remark=TEA", {"Has"}),
            ("f-visits-from=3.5", {"Has"}), ("f-visits-from=3&f-visits-to=12.4", {"Other"}),
            ("f-visits-to=100", {"Has", "Other"}), ("f-renewal-from=2026-12-31", {"Other"}),
            ("f-renewal-to=2026-03-04", {"Has"}), ("f-size=Small&f-trial=no", set()),
            # What is not understood narrows nothing.
            ("f-size=XL", {"Has", "Other", "None"}), ("f-visits-from=NaN", {"Has", "Other", "None"}),
            ("f-visits-from=1e999", {"Has", "Other", "None"}), ("f-renewal-from=9999-12-31", {"Has", "Other", "None"}),
            ("f-renewal-to=2026-02-31", {"Has", "Other", "None"}), ("f-owner=1", {"Has", "Other", "None"}),
            ("f-trial='--", {"Has", "Other", "None"}), ("f-visits-from=%22%7D)", {"Has", "Other", "None"}),
        ],
    )  # fmt: skip
    def test_the_list(self, client, admin, leads, asked, names):
        client.force_login(admin)
        page = client.get(f"{reverse('leads:leads')}?tab=all&{asked}")
        assert {row.name for row in page.context["page"]} == names
        lines = b"".join(client.get(f"{reverse('leads:export_leads')}?tab=all&{asked}").streaming_content).decode()
        assert len(lines.strip().splitlines()) == len(names) + 1

    def test_keys_that_are_words_of_the_database_are_keys(self, admin):
        for name in ("contains", "has key", "isnull", "exact"):
            field(admin, name, "text")
        LeadFactory(custom={"contains": "yes", "isnull": "tea"})
        from django.http import QueryDict

        asked = QueryDict("f-contains=yes&f-isnull=tea")
        assert Filters.read("lead", asked).apply(Lead.objects.all()).count() == 1

    def test_an_archived_field_is_no_filter_and_no_column(self, client, admin, five):
        client.force_login(admin)
        actions.archive_field(admin, five[0])
        assert "f-remark" not in client.get(reverse("leads:leads")).content.decode()
        header = next(iter(client.get(reverse("leads:export_leads")).streaming_content)).decode()
        assert "Remark" not in header
        assert "Visits" in header

    def test_exports_hold_values_that_no_spreadsheet_runs(self, client, admin, five):
        LeadFactory(custom=VALUES | {"remark": "=1+1"})
        CompanyFactory(name="Bright", custom={"note": "+1"})
        field(admin, "Note", "text", record="company")
        client.force_login(admin)
        text = b"".join(client.get(reverse("leads:export_leads")).streaming_content).decode()
        assert '\'=1+1,12.5,"Large, or so",no,2026-03-04' in text
        text = b"".join(client.get(reverse("leads:export_companies") + "?q=bright").streaming_content).decode()
        assert "'+1" in text

    def test_fields_cost_the_list_one_query(self, client, admin, leads, django_assert_max_num_queries):
        client.force_login(admin)
        client.get(reverse("leads:leads"))
        with django_assert_max_num_queries(12):
            client.get(reverse("leads:leads") + "?tab=all&f-size=Small&f-visits-from=1")
        with django_assert_max_num_queries(12):
            client.get(reverse("leads:companies"))
