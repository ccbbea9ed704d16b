"""An import from upload to undo: nothing half, nothing twice, every bad row named."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from leads.actions import imports as actions
from leads.imports.targets import registry
from leads.models import Company, ImportBatch, ImportMapping, Lead
from presales.errors import Conflict, NotAllowed
from tests.factories import CompanyFactory, LeadFactory, UserFactory

pytestmark = pytest.mark.django_db

FILE = """Name,Email,Company,Website,Title,Lead Source,Lead Status,Lead Owner,Created
Lena Ortiz,lena@acme.example,Acme,https://www.acme.example/,VP Data,Trade Show,Contacted,Ada AE,2026-03-04
Ben Akin,not-an-address,Acme,,Analyst,,,,
Cleo Marsh,cleo@other.example,Other Ltd,,,Webinar,,Somebody Else,2026-13-04
Dora Finch,dora@other.example,Other Ltd,,,,,,
Dora Twice,DORA@other.example,Other Ltd,,,,,,
"""


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def upload(user, text=FILE, target="leads", name="leads.csv"):
    content = text.encode() if isinstance(text, str) else text
    return actions.upload(user, registry[target], SimpleUploadedFile(name, content))


def checked(user, text=FILE, target="leads", **options):
    """Upload, match as suggested, check."""
    batch = upload(user, text, target)
    actions.match_columns(user, batch, batch.mapping, options)
    actions.work(batch.pk)
    return ImportBatch.objects.get(pk=batch.pk)


def imported(user, text=FILE, target="leads", **options):
    batch = checked(user, text, target, **options)
    assert batch.state == "ready", batch.message
    actions.confirm(user, batch)
    actions.work(batch.pk)
    return ImportBatch.objects.get(pk=batch.pk)


def test_columns_are_matched_by_what_people_call_them(admin):
    batch = upload(admin)
    assert batch.mapping == {
        "Name": "name", "Email": "email", "Company": "company", "Website": "website", "Title": "job_title",
        "Lead Source": "source", "Lead Status": "stage", "Lead Owner": "owner", "Created": "created_at",
    }  # fmt: skip


def test_the_check_reports_every_bad_row_and_imports_nothing(admin):
    batch = checked(admin)
    assert (batch.state, batch.rows_total, batch.created, batch.rejected) == ("ready", 5, 2, 3)
    assert [(item.line, item.column, item.reason) for item in batch.problems.all()] == [
        (3, "Email", "not an e-mail address"),
        (4, "Created", "no such day or time"),
        (6, "E-mail", "stands in the file twice; the first line counts"),
    ]
    assert not Lead.objects.exists()
    assert not Company.objects.exists()


def test_the_good_rows_come_in_whole(admin, ae):
    batch = imported(admin)
    assert (batch.state, batch.created) == ("done", 2)
    lena = Lead.objects.get(email="lena@acme.example")
    assert (lena.name, lena.owner, lena.team, lena.stage, lena.source) == (
        "Lena Ortiz",
        ae,
        ae.teams.get(),
        "sal",
        "event",
    )
    assert (lena.company.name, lena.company.domain) == ("Acme", "acme.example")
    assert (lena.seniority, lena.function) == ("vp", "data")
    assert lena.created_at.date().isoformat() == "2026-03-04"
    assert lena.score.input_rev != lena.score.computed_rev
    event = lena.events.get()
    assert (event.pgh_context["channel"], event.pgh_context["user"]) == ("import", admin.pk)


def test_the_same_file_twice_writes_nothing(admin, ae):
    imported(admin)
    before = list(Lead.objects.order_by("pk").values())
    again = imported_counts(checked(admin))
    assert again == (0, 2)
    assert list(Lead.objects.order_by("pk").values()) == before


def imported_counts(batch):
    return batch.created, batch.unchanged


def test_what_is_there_is_left_alone_unless_asked_to_fill_in(admin, ae):
    known = LeadFactory(name="Lena", email="LENA@acme.example", job_title="", phone="1")
    assert imported(admin).created == 1
    known.refresh_from_db()
    assert known.job_title == ""
    assert imported(admin, fill=True).updated == 1
    known.refresh_from_db()
    assert (known.job_title, known.seniority, known.phone, known.name, known.version) == (
        "VP Data",
        "vp",
        "1",
        "Lena",
        2,
    )


def test_undo_takes_the_whole_batch_back_but_not_what_was_worked_on(admin, ae):
    batch = imported(admin)
    Lead.objects.filter(email="dora@other.example").update(version=2)
    actions.undo(admin, batch)
    actions.undo(admin, batch)
    actions.work(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "undone"
    assert "1 removed. 1 stayed" in batch.message
    assert [lead.name for lead in Lead.objects.all()] == ["Dora Finch"]
    assert [company.name for company in Company.objects.all()] == ["Other Ltd"]


@pytest.mark.parametrize(
    ("known", "name"),
    [("Straße GmbH", "STRASSE GMBH"), ("İstanbul Ltd", "İSTANBUL  ltd"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("Ｇｏ", "ｇｏ"),
     ("Cafe\u0301 Noir", "CAFÉ NOIR"), ("GTX\u00a0Pro", "gtx pro")],
)  # fmt: skip
def test_names_are_the_same_in_files_and_forms(admin, known, name):
    company = CompanyFactory(name=known)
    lead = LeadFactory(name=known, email="", company=company)
    batch = imported(admin, f"Name,Company\n{name},{name}\n")
    assert (batch.created, batch.unchanged) == (0, 1)
    assert imported(admin, f"Name\n{name}\n", "companies").created == 0
    assert Company.objects.count() == Lead.objects.filter(pk=lead.pk).count() == 1


def test_a_name_at_the_same_company_comes_in_once(admin):
    file = "First name,Last name,Company\nLena,Ortiz,Acme\nLENA,ORTIZ,acme\nLena,Ortiz,Other\n"
    batch = imported(admin, file)
    assert (batch.created, batch.rejected) == (2, 1)
    assert imported(admin, file).created == 0


def test_a_name_too_long_together_is_a_bad_row(admin):
    batch = checked(admin, f"First name,Last name\n{'a' * 80},{'b' * 100}\nLena,Ortiz\n")
    assert (batch.created, batch.problems.get().reason) == (1, "longer than 160 characters with the first name")


def test_many_bad_rows_are_all_reported(admin):
    batch = checked(admin, "Name,Email\n" + "Lena,x\\ty\n" * 12_000)
    assert (batch.rejected, batch.problems.count()) == (12_000, 12_000)
    assert batch.problems.first().value == "x\\ty"


def test_confirming_twice_imports_once(admin):
    batch = checked(admin)
    actions.confirm(admin, batch)
    actions.confirm(admin, batch)
    actions.work(batch.pk)
    actions.work(batch.pk)
    assert Lead.objects.count() == 2


def test_the_sweep_goes_on_with_an_import_that_lost_its_worker(admin):
    batch = checked(admin)
    actions.confirm(admin, batch)
    assert actions.resume_lost() == 1
    assert Lead.objects.count() == 2


def test_an_ae_imports_into_the_own_team_and_finds_no_strangers(ae, other_team):
    hidden = LeadFactory(email="lena@acme.example", team=other_team)
    batch = imported(ae)
    assert batch.created == 2
    mine = Lead.objects.get(email="lena@acme.example", team=ae.teams.get())
    assert mine.company != hidden.company


def test_se_imports_nothing_and_nobody_sees_anothers_import(sign_in, se, ae, admin, team):
    with pytest.raises(NotAllowed):
        upload(se)
    batch = upload(ae)
    other = sign_in(UserFactory(role="ae", team=team))
    for part in ("", "match/", "problems/"):
        assert other.get(f"/imports/{batch.pk}/{part}").status_code == 404
    assert other.post(f"/imports/{batch.pk}/confirm/").status_code == 404
    assert sign_in(admin).get(f"/imports/{batch.pk}/match/").status_code == 200


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"), (b"name,email\n", "no rows"), (b"PK\x03\x04garbage", "damaged"), (b"\x1f\x8b\x08\x00", "gzip"),
        (b"name\nLe\x00na\n", "NUL"), (b"\n\n\n", "empty lines"), (("a," * 10000 + "\n1\n").encode(), "columns"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_a_sentence(admin, content, says):
    with pytest.raises(Conflict, match=says):
        upload(admin, content)


class TestThePages:
    def test_the_four_steps(self, sign_in, admin, django_assert_max_num_queries):
        client = sign_in(admin)
        response = client.post("/imports/", {"target": "leads", "file": SimpleUploadedFile("leads.csv", FILE.encode())})
        batch = ImportBatch.objects.get()
        assert response.url == f"/imports/{batch.pk}/"
        page = client.get(f"/imports/{batch.pk}/", follow=True)
        assert "Trade Show" in page.content.decode()
        form = page.context["form"]
        data = {name: form[name].initial or "" for name in form.fields} | {"save_as": "Ours"}
        assert client.post(f"/imports/{batch.pk}/match/", data).status_code == 302
        actions.work(batch.pk)
        with django_assert_max_num_queries(12):
            page = client.get(f"/imports/{batch.pk}/").content.decode()
        assert "not an e-mail address" in page
        assert "Import 2 rows" in page
        client.post(f"/imports/{batch.pk}/confirm/")
        actions.work(batch.pk)
        assert Lead.objects.count() == 2
        assert b"not-an-address" in b"".join(client.get(f"/imports/{batch.pk}/problems/").streaming_content)
        client.post(f"/imports/{batch.pk}/undo/")
        assert "Taking it back" in client.get(f"/imports/{batch.pk}/").content.decode()
        actions.work(batch.pk)
        assert not Lead.objects.exists()
        assert ImportMapping.objects.get().name == "Ours"

    def test_two_columns_cannot_mean_the_same(self, sign_in, admin):
        batch = upload(admin)
        data = {f"column-{position}": "name" for position in range(9)}
        response = sign_in(admin).post(f"/imports/{batch.pk}/match/", data)
        assert response.status_code == 422
        assert "Another column means this already" in response.content.decode()

    def test_an_unclear_date_is_a_question(self, sign_in, admin):
        batch = upload(admin, "Name,Created\nLena,03/04/2026\n")
        client = sign_in(admin)
        data = {"column-0": "name", "column-1": "created_at"}
        assert "March or April" in client.post(f"/imports/{batch.pk}/match/", data).content.decode()
        assert client.post(f"/imports/{batch.pk}/match/", data | {"order-1": "mdy"}).status_code == 302
        actions.work(batch.pk)
        actions.confirm(admin, batch)
        actions.work(batch.pk)
        assert Lead.objects.get().created_at.date().isoformat() == "2026-03-04"

    def test_an_unclear_decimal_mark_is_a_question_about_the_whole_column(self, sign_in, admin):
        batch = upload(admin, 'Name,Annual revenue\nAcme,"1,234"\nOther,"5,678"\n', "companies")
        client = sign_in(admin)
        assert "Decimal comma" in client.get(f"/imports/{batch.pk}/match/").content.decode()
        data = {"column-0": "name", "column-1": "annual_revenue"}
        assert "can be a thousand" in client.post(f"/imports/{batch.pk}/match/", data).content.decode()
        assert client.post(f"/imports/{batch.pk}/match/", data | {"mark-1": "comma"}).status_code == 302
        actions.work(batch.pk)
        assert "Decimal comma" in client.get(f"/imports/{batch.pk}/match/").content.decode(), "it can be changed"
        actions.confirm(admin, batch)
        actions.work(batch.pk)
        assert str(Company.objects.get(name="Acme").annual_revenue) == "1.23"

    def test_one_clear_amount_settles_the_column(self, sign_in, admin):
        batch = upload(admin, 'Name,Annual revenue\nAcme,"1.234"\nOther,"5,5"\nThird,"1,234.50"\n', "companies")
        assert batch.options["mark"] == {"Annual revenue": ""}, "they contradict each other"
        batch = upload(admin, 'Name,Annual revenue\nAcme,"1.234"\nOther,"5,5"\n', "companies")
        assert batch.options["mark"] == {"Annual revenue": "comma"}
        assert "Decimal comma" not in sign_in(admin).get(f"/imports/{batch.pk}/match/").content.decode()

    def test_an_unreadable_file_is_an_error_at_its_field(self, sign_in, admin):
        response = sign_in(admin).post(
            "/imports/", {"target": "leads", "file": SimpleUploadedFile("x.csv", b"\x1f\x8b")}
        )
        assert response.status_code == 422
        assert "gzip" in str(response.context["form"].errors["file"])
