"""Files that know more of leads than the product has fields for, and how their leads ended."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from leads.actions import imports as actions
from leads.imports.outcomes import candidates
from leads.imports.questions import Column
from leads.models import Company, CustomField, ImportBatch, Lead
from qualification.models import Dossier
from tests.factories import UserFactory
from tests.leads.test_imports import checked, imported, upload
from tests.qualification.factories import framework

pytestmark = pytest.mark.django_db

VISITS = """Visitor no,Age,Time on site,Job,Opted,Seen on,Became customer
V1,57,1639.5,Student,Yes,2026-03-04,1
V2,56,83,Professional,No,2026-03-05,0
V3,,330,Student,,,0
V4,53,-2,Professional,Yes,2026-01-31,1
"""


@pytest.fixture(autouse=True)
def place(db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    framework()


def through_the_pages(client, user, text, target="leads", name="people.csv", **answers):
    """Upload, send the matching as it is offered with these answers, confirm; the batch."""
    client.force_login(user)
    content = text.encode() if isinstance(text, str) else text
    sent = {"target": target, "file": SimpleUploadedFile(name, content)}
    response = client.post(reverse("leads:imports"), sent)
    assert response.status_code == 302, response.content.decode()[:2000]
    batch = ImportBatch.objects.order_by("-pk").first()
    match = reverse("leads:match_columns", args=[batch.pk])
    response = client.get(match)
    response = client.post(match, offered(response.context["form"]) | answers)
    if response.status_code != 302:
        return response
    actions.work(batch.pk)
    client.post(reverse("leads:confirm_import", args=[batch.pk]))
    actions.work(batch.pk)
    batch.refresh_from_db()
    return batch


def offered(form):
    """What the browser sends of a form that nobody touched."""
    sent = {}
    for field in form:
        value = field.value()
        if value is True:
            sent[field.html_name] = "on"
        elif value not in (None, False):
            sent[field.html_name] = value
    return sent


def test_what_no_field_goes_by_becomes_a_custom_field_of_a_fitting_kind(client, admin):
    batch = through_the_pages(client, admin, VISITS)
    assert (batch.state, batch.created, batch.rejected) == ("done", 4, 0), list(batch.problems.values())
    kinds = dict(CustomField.objects.of("lead").values_list("name", "kind"))
    assert kinds == {
        "Visitor no": "text", "Age": "number", "Time on site": "number", "Job": "choice", "Opted": "yes_no",
        "Seen on": "date",
    }  # fmt: skip
    first = Lead.objects.get(custom__visitor_no="V1")
    assert first.custom == {
        "visitor_no": "V1", "age": 57, "time_on_site": 1639.5, "job": "Student", "opted": True, "seen_on": "2026-03-04",
    }  # fmt: skip
    assert Lead.objects.get(custom__visitor_no="V3").custom == {
        "visitor_no": "V3",
        "time_on_site": 330,
        "job": "Student",
    }
    assert Lead.objects.get(custom__visitor_no="V4").custom["time_on_site"] == -2
    assert CustomField.objects.get(name="Job").choices == ["Student", "Professional"]


def test_the_outcome_is_the_stage_and_a_converted_lead_has_its_dossier(client, admin):
    through_the_pages(client, admin, VISITS)
    stages = dict(Lead.objects.values_list("custom__visitor_no", "stage"))
    assert stages == {"V1": "converted", "V2": "disqualified", "V3": "disqualified", "V4": "converted"}
    for lead in Lead.objects.filter(stage="converted"):
        assert lead.dossier_id
        assert lead.converted_at
    assert set(Lead.objects.filter(stage="disqualified").values_list("disqualify_reason", flat=True)) == {"other"}
    response = client.get(Lead.objects.filter(stage="converted").first().get_absolute_url())
    assert response.status_code == 200


def test_the_same_file_again_writes_nothing_though_it_names_nobody(client, admin):
    through_the_pages(client, admin, VISITS)
    before = list(Lead.objects.order_by("pk").values())
    fields = CustomField.objects.count()
    batch = through_the_pages(client, admin, VISITS)
    assert (batch.created, batch.unchanged) == (0, 4)
    assert list(Lead.objects.order_by("pk").values()) == before
    assert CustomField.objects.count() == fields


def test_a_check_leaves_no_field_behind(admin):
    batch = checked(admin, VISITS)
    assert (batch.state, batch.created) == ("ready", 4)
    assert not CustomField.objects.exists()
    assert not Dossier.objects.exists()


def test_undo_takes_fields_and_dossiers_back(admin):
    batch = imported(admin, VISITS)
    actions.undo(admin, batch)
    actions.work(batch.pk)
    assert not Lead.objects.exists()
    assert not CustomField.objects.exists()
    assert not Dossier.objects.exists()


def test_a_field_that_somebody_fills_since_stays_after_undo(admin):
    batch = imported(admin, VISITS)
    kept = Lead.objects.get(custom__visitor_no="V1")
    Lead.objects.filter(pk=kept.pk).update(version=2)
    actions.undo(admin, batch)
    actions.work(batch.pk)
    assert Lead.objects.get().pk == kept.pk
    assert CustomField.objects.count() == 6


def test_another_file_fills_the_fields_that_are_there(client, admin):
    through_the_pages(client, admin, VISITS)
    more = "Name,age,Job\nLena Ortiz,31,Retired\n"
    through_the_pages(client, admin, more)
    assert Lead.objects.get(name="Lena Ortiz").custom == {"age": 31, "job": "Retired"}
    assert CustomField.objects.count() == 6
    assert CustomField.objects.get(name="Job").choices == ["Student", "Professional", "Retired"]


def test_bad_values_are_named_by_line_and_column(admin):
    imported(admin, VISITS)
    CustomField.objects.filter(key="opted").update(archived_at=None)
    batch = upload(admin, "Name,Age,Opted,Seen on\nAda,old,maybe,1889-01-01\n")
    mapping = {"Name": "name", "Age": "custom:age", "Opted": "custom:opted", "Seen on": "custom:seen_on"}
    actions.match_columns(admin, batch, mapping, {})
    actions.work(batch.pk)
    assert {(item.line, item.column, item.reason) for item in batch.problems.all()} == {
        (2, "Age", "not a number"), (2, "Opted", "neither yes nor no"),
        (2, "Seen on", "outside the years 1990 to 2100"),
    }  # fmt: skip


def test_who_may_not_define_fields_makes_none(client, ae):
    batch = through_the_pages(client, ae, "Name,Shoe size\nLena Ortiz,38\n")
    assert batch.state == "done"
    assert not CustomField.objects.exists()
    batch = upload(ae, "Name,Shoe size\nBen Akin,38\n")
    actions.match_columns(ae, batch, {"Name": "name", "Shoe size": "new:number"}, {})
    actions.work(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "failed"
    assert not CustomField.objects.exists()


def test_companies_take_custom_fields_too(client, admin):
    batch = through_the_pages(client, admin, "Company,Contract until\nAcme,2027-05-04\n", target="companies")
    assert batch.state == "done"
    assert Company.objects.get().custom == {"contract_until": "2027-05-04"}
    assert CustomField.objects.get().record == "company"


def test_words_of_a_choice_that_we_have_no_word_for_are_kept(client, admin):
    text = "Name,Lead source\nAda,Webinar\nBen,Carrier pigeon\nCleo,Webinar\nDora,Carrier pigeon\n"
    through_the_pages(client, admin, text)
    assert Lead.objects.get(name="Ada").source == "webinar"
    ben = Lead.objects.get(name="Ben")
    assert (ben.source, ben.custom) == ("other", {"lead_source": "Carrier pigeon"})


def test_facts_of_a_company_that_is_not_named_are_the_leads_own(client, admin):
    through_the_pages(client, admin, "Name,Country\nAda,Peru\nBen,Chile\nCleo,Peru\nDora,Chile\n")
    assert Lead.objects.get(name="Ada").custom == {"country": "Peru"}


def test_two_columns_that_could_be_the_outcome_are_a_question(client, admin):
    text = "Name,Converted,Outcome\nAda,1,won\nBen,0,won\nCleo,1,lost\n"
    response = through_the_pages(client, admin, text)
    assert response.status_code == 422
    assert "Several columns could be it" in response.content.decode()
    batch = through_the_pages(client, admin, text, outcome="2")
    assert batch.state == "done"
    assert dict(Lead.objects.values_list("name", "stage")) == {
        "Ada": "converted", "Ben": "converted", "Cleo": "disqualified",
    }  # fmt: skip


def test_a_value_of_the_outcome_that_says_nothing_is_asked_for(client, admin):
    text = "Name,Fate\nAda,hooray\nBen,alas\n"
    batch = upload(admin, text)
    client.force_login(admin)
    match = reverse("leads:match_columns", args=[batch.pk])
    sent = {"column-0": "name", "column-1": "ended", "value-1-0": "", "value-1-1": "converted"}
    response = client.post(match, sent)
    assert response.status_code == 422
    assert "Say what this means" in response.content.decode()
    response = client.post(match, sent | {"value-1-0": "lost"})
    assert response.status_code == 302
    actions.work(batch.pk)
    actions.confirm(admin, batch)
    actions.work(batch.pk)
    assert dict(Lead.objects.values_list("name", "stage")) == {"Ada": "converted", "Ben": "disqualified"}


@pytest.mark.parametrize(
    ("few", "found"),
    [
        ({"status": ["0", "1"], "print": ["No", "Yes"]}, ["status"]),
        ({"Converted": ["0", "1"], "Do Not Call": ["No", "Yes"]}, ["Converted"]),
        ({"y": ["no", "yes"], "default": ["no", "yes"], "housing": ["no", "yes"]}, ["y"]),
        ({"Lead Status": ["Contacted", "Lost Lead", "Not Contacted"]}, []),
        ({"Stage": ["lost", "open", "won"]}, ["Stage"]),
        ({"housing": ["no", "yes"]}, []),
        ({"status": ["0"]}, []),
        ({"Converted": ["0", "1"], "status": ["0", "1"]}, ["Converted"]),
        ({"Converted": ["0", "1"], "Outcome": ["lost", "won"]}, ["Converted", "Outcome"]),
    ],
)
def test_which_column_is_the_outcome(few, found):
    assert candidates(few) == found


@pytest.mark.shared_data
def test_a_real_file_of_leads_goes_in_with_default_settings(client, admin, shared_data):
    batch = through_the_pages(client, admin, (shared_data / "ExtraaLearn.csv").read_bytes(), name="ExtraaLearn.csv")
    assert (batch.state, batch.created, batch.rejected) == ("done", 4612, 0), list(batch.problems.values()[:5])
    assert Lead.objects.filter(stage="converted").count() == 1377
    assert Lead.objects.filter(stage="disqualified").count() == 3235
    kinds = dict(CustomField.objects.of("lead").values_list("key", "kind"))
    assert kinds["age"] == kinds["time_spent_on_website"] == kinds["page_views_per_visit"] == "number"
    assert kinds["current_occupation"] == kinds["last_activity"] == kinds["profile_completed"] == "choice"
    assert kinds["referral"] == kinds["print_media_type1"] == "yes_no"
    assert len(kinds) == 13
    lead = Lead.objects.get(external_id="EXT001")
    assert lead.name == "EXT001"
    assert lead.custom["page_views_per_visit"] == 1.861


def test_a_hostile_matching_is_never_a_500(client, admin):
    upload(admin, VISITS)
    batch = ImportBatch.objects.get()
    match = reverse("leads:match_columns", args=[batch.pk])
    client.force_login(admin)
    for meaning in ("new:", "custom:", "new:json", "custom:x' OR 1=1", "outcome", "custom"):
        assert client.post(match, {"column-0": meaning}).status_code == 422
    assert client.post(match, {"column-0": "new:number", "outcome": "999"}).status_code in (302, 422)
    assert not re.search("Traceback", client.get(match).content.decode())
    other = UserFactory(role="marketing")
    client.force_login(other)
    assert client.get(match).status_code == 404


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["EXT001", "EXT002", "EXT003"], "text"), (["EXT101", "EXT102"], "text"), (["007", "008"], "text"),
        (["1", "2.5", "-3"], "number"), (["$1,200.50", "USD 7"], "number"), (["12 %", "7%"], "number"),
        (["0", "1", "1", "0"], "yes_no"), (["1", "1"], "number"), (["Yes", "No"], "yes_no"), (["No", "No"], "yes_no"),
        (["2026-03-04", "5 Mar 2026"], "date"), (["3/14/2026", "14/3/2026"], "date"), (["a", "b"] * 2, "choice"),
        (["a", "b"], "text"), ([], ""), (["x" * 2001], ""), (["x" * 81] * 4, "text"), (["Mobile App"] * 2, "choice"),
        (["+49 30 1234", "+49 40 555"], "text"), (["1e5", "nan"], "text"),
    ],
)  # fmt: skip
def test_the_kind_of_field_a_column_makes(cells, kind):
    column = Column()
    for cell in cells:
        column.see(cell)
    assert column.kinds.best(column.distinct) == kind


SHAPES = {
    # A school's leads: two numbers, a flag of the outcome among many other flags, placeholders, long headers.
    "school": (
        "Prospect ID,Lead Number,Lead Origin,Lead Source,Do Not Email,Do Not Call,Converted,TotalVisits,"
        "Page Views Per Visit,Last Activity,Country,"
        "How did you hear about us and what made you curious about the course,Tags,City\n"
        + "".join(
            f"{n:05x}-a,{660000 + n},{'API' if n % 3 else 'Landing Page Submission'},"
            f"{['Google', 'Direct Traffic', 'Olark Chat'][n % 3]},{'Yes' if n % 7 == 0 else 'No'},No,{int(n % 4 == 0)},"
            f"{n % 9}.0,{n % 5}.25,{['Email Opened', 'Page Visited', 'SMS Sent'][n % 3]},"
            f"{'India' if n % 2 else ''},Select,{['Ringing', 'Busy', ''][n % 3]},Mumbai\n"
            for n in range(1, 41)
        ),
        {"converted": 10, "disqualified": 30},
        {"do_not_email": "yes_no", "totalvisits": "number", "country": "choice", "lead_source": "choice"},
    ),
    # A bank's campaign: semicolons, quotes, nobody named, several flags, and the outcome in a column called y.
    "bank": (
        '"age";"job";"default";"balance";"housing";"contact";"y"\n'
        + "".join(
            f'{20 + n};"{["admin.", "technician", "services"][n % 3]}";"no";{(-1) ** n * n * 37};'
            f'"{"yes" if n % 2 else "no"}";"unknown";"{"yes" if n % 5 == 0 else "no"}"\n'
            for n in range(1, 41)
        ),
        {"converted": 8, "disqualified": 32},
        {"balance": "number", "housing": "yes_no", "default": "yes_no", "job": "choice"},
    ),
    # A flag beside a column of stages: not converted is not lost, unless the stage says so.
    "flag": (
        "Name,Lead Status,CONVERTED\n"
        + "".join(
            f"Ada {n},{['Contacted', 'Not Contacted', 'Junk Lead'][n % 3]},{'true' if n % 10 == 0 else 'false'}\n"
            for n in range(1, 31)
        ),
        {"converted": 3, "sal": 9, "new": 9, "disqualified": 9},
        {},
    ),
    # Another CRM: words for the stages, some of them ends.
    "crm": (
        "First Name,Last Name,Email,Lead Status,Score\n"
        + "".join(
            f"Ada,Nr {n},ada{n}@acme.example,{['New', 'Closed - Converted', 'Closed - Not Converted'][n % 3]},{n}\n"
            for n in range(1, 31)
        ),
        {"new": 10, "converted": 10, "disqualified": 10},
        {"score": "number"},
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_files_of_other_shapes_go_in_with_default_settings(client, admin, shape):
    text, stages, kinds = SHAPES[shape]
    batch = through_the_pages(client, admin, text)
    assert not hasattr(batch, "context"), batch.context["form"].errors
    assert (batch.state, batch.rejected) == ("done", 0), list(batch.problems.values()[:5])
    found = list(Lead.objects.values_list("stage", flat=True))
    assert {stage: found.count(stage) for stage in set(found)} == stages
    assert kinds.items() <= dict(CustomField.objects.of("lead").values_list("key", "kind")).items()
