"""RFPs: the customer's questions come in as they were sent, are answered in the lane, and go back in their order."""

import datetime
import io

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from deals.actions import rfps as actions
from deals.models import Claim, Rfp, RfpQuestion
from people.models import Export
from presales.csv import csv_cell
from presales.errors import Conflict, NotAllowed, StaleEdit
from presales.spreadsheets import inspect, lines_as_given
from tests.deals.factories import OpportunityFactory
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

SHEET = [
    ["Request for proposal of Acme", "", ""],
    ["No.", "Question", "Answer"],
    ["1", "Security", ""],
    ["1.1", "Do you encrypt data at rest?  ", ""],
    ["1.2", "=Is this cell a formula?", "Yes, it looks like one"],
    ["", "", ""],
    ["Operations", "", ""],
    ["2.1", "Two lines\nof one question", ""],
]


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def deal(team, ae, se):
    made = OpportunityFactory(team=team, owner=ae, se=se)
    Claim.objects.create(opportunity=made, se=se)
    return made


@pytest.fixture
def rfp(deal, se):
    return actions.add_rfp(se, deal, Rfp(name="Acme 2026", due_on=timezone.localdate(), owner=se))


def workbook(table):
    book = openpyxl.Workbook()
    for at, cells in enumerate(table, 1):
        for column, text in enumerate(cells, 1):
            if text:
                cell = book.active.cell(at, column, text)
                cell.data_type = "s"
    content = io.BytesIO()
    book.save(content)
    return SimpleUploadedFile("acme.xlsx", content.getvalue())


def csv_file(table, name="acme.csv"):
    text = "".join(",".join(f'"{csv_cell(cell)}"' if cell else "" for cell in cells) + "\r\n" for cells in table)
    return SimpleUploadedFile(name, text.encode())


def read(rfp, actor, file):
    """Upload `file` and read its questions with the columns as they are guessed."""
    rfp = actions.upload_questions(actor, rfp, file)
    actions.import_questions(actor, rfp, rfp.mapping, rfp.reading["header_line"])
    return Rfp.objects.get(pk=rfp.pk)


def many(count):
    body = [[f"{n // 100 + 1}.{n % 100}", f"Question {n}: how do you do the “{n}th” thing?", ""] for n in range(count)]
    return [["No.", "Question", "Answer"], *body]


def answer(actor, question, text, **fields):
    question = RfpQuestion.objects.select_related("rfp__opportunity").get(pk=question.pk)
    question.answer = text
    for name, value in fields.items():
        setattr(question, name, value)
    return actions.save_answer(actor, question, question.version)


def lines_of(response, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"".join(response.streaming_content) if response.streaming else response.content)
    reading, _ = inspect(path)
    return [cells for _, cells in lines_as_given(path, reading)]


def trimmed(table):
    out = []
    for cells in table:
        cells = list(cells)
        while cells and not cells[-1]:
            cells.pop()
        out.append(cells)
    return out


@pytest.mark.parametrize("file_of", [workbook, csv_file])
class TestReading:
    def test_questions_with_number_section_and_what_is_answered_already(self, rfp, se, file_of):
        read(rfp, se, file_of(SHEET))
        rows = list(RfpQuestion.objects.values_list("line", "number", "section", "text", "answer", "state"))
        assert rows == [
            (3, "1", "", "Security", "", "open"),
            (4, "1.1", "", "Do you encrypt data at rest?", "", "open"),
            (5, "1.2", "", "=Is this cell a formula?", "Yes, it looks like one", "drafted"),
            (8, "2.1", "Operations", "Two lines\nof one question", "", "open"),
        ]

    def test_the_owner_of_the_rfp_gets_the_questions(self, rfp, se, file_of):
        read(rfp, se, file_of(SHEET))
        assert set(RfpQuestion.objects.values_list("owner", flat=True)) == {se.pk}

    def test_every_original_cell_goes_back_and_the_answers_with_them(
        self, rfp, se, sign_in, tmp_path, file_of, django_assert_max_num_queries
    ):
        read(rfp, se, file_of(SHEET))
        [first, second, third, _] = RfpQuestion.objects.all()
        answer(se, first, "=HYPERLINK(1)")
        answer(se, third, "No longer")
        expected = [list(cells) for cells in SHEET]
        expected[2][2], expected[4][2] = "=HYPERLINK(1)", "No longer"
        client = sign_in(se)
        for ending in ("xlsx", "csv"):
            with django_assert_max_num_queries(12):
                response = client.get(f"/rfps/{rfp.pk}/answered.{ending}")
                assert "attachment" in response["Content-Disposition"]
                found = lines_of(response, tmp_path, f"out.{ending}")
            assert trimmed(found) == trimmed(expected)
        assert Export.objects.filter(user=se, rows__gt=0).count() == 2
        assert second.answer == ""

    def test_read_again_until_the_first_answer(self, rfp, se, file_of):
        read(rfp, se, file_of(SHEET))
        read(rfp, se, file_of(many(3)))
        assert RfpQuestion.objects.count() == 3
        answer(se, RfpQuestion.objects.first(), "Yes")
        with pytest.raises(Conflict, match="are answered"):
            actions.upload_questions(se, rfp, file_of(SHEET))
        with pytest.raises(Conflict, match="are answered"):
            actions.import_questions(se, rfp, {"question": 1}, 1)
        assert RfpQuestion.objects.count() == 3


class TestAThousandQuestions:
    @pytest.mark.parametrize("file_of", [workbook, csv_file])
    def test_come_in_and_go_back_in_order_and_unchanged(self, rfp, se, sign_in, tmp_path, file_of):
        table = many(1000)
        read(rfp, se, file_of(table))
        assert RfpQuestion.objects.count() == 1000
        answered = RfpQuestion.objects.order_by("line")[499]
        answer(se, answered, "Like this")
        table[500][2] = "Like this"
        for ending in ("xlsx", "csv"):
            found = lines_of(sign_in(se).get(f"/rfps/{rfp.pk}/answered.{ending}"), tmp_path, f"out.{ending}")
            assert trimmed(found) == trimmed(table)

    def test_few_queries(self, rfp, se, sign_in, django_assert_max_num_queries):
        client = sign_in(se)
        rfp = actions.upload_questions(se, rfp, csv_file(many(1000)))
        with django_assert_max_num_queries(24):
            actions.import_questions(se, rfp, rfp.mapping, 1)
        question = RfpQuestion.objects.order_by("line")[500]
        deal = rfp.opportunity_id
        addresses = (
            f"/opportunities/{deal}/rfps/",
            f"/rfps/{rfp.pk}/?q=thing&mine=1",
            f"/rfp-questions/{question.pk}/",
        )
        for path in (*addresses, f"/rfp-questions/{question.pk}/suggestions/", "/answers/?q=thing"):
            with django_assert_max_num_queries(12):
                assert client.get(path).status_code == 200


class TestAFormattedWorkbook:
    def test_keeps_its_sheets_and_widths_and_runs_nothing(self, rfp, se, sign_in):
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.title = "Questions"
        sheet.append(["Question", "Weight", "Total"])
        sheet.append(["Do you encrypt?", 3, "=B2*2"])
        sheet.append(["=cmd()", 2.5, datetime.date(2026, 3, 4)])
        sheet["A3"].data_type = "s"
        sheet.column_dimensions["A"].width = 77
        sheet["A2"].font = openpyxl.styles.Font(bold=True)
        book.create_sheet("Read me").append(["Send it back by May"])
        content = io.BytesIO()
        book.save(content)
        read(rfp, se, SimpleUploadedFile("their.xlsx", content.getvalue()))
        answer(se, RfpQuestion.objects.get(line=3), "=1+1", fit="native")
        back = openpyxl.load_workbook(io.BytesIO(sign_in(se).get(f"/rfps/{rfp.pk}/answered.xlsx").content))
        sheet = back["Questions"]
        assert back["Read me"]["A1"].value == "Send it back by May"
        assert (sheet.column_dimensions["A"].width, sheet["A2"].font.bold) == (77, True)
        assert (sheet["B2"].value, sheet["B3"].value, sheet["C3"].value.date()) == (3, 2.5, datetime.date(2026, 3, 4))
        assert [sheet.cell(row, 4).value for row in (1, 2, 3)] == ["Answer", None, "=1+1"]
        assert {cell.data_type for line in sheet.iter_rows() for cell in line} & {"f"} == set()
        assert sheet["D3"].quotePrefix

    def test_an_answer_below_a_merged_cell_has_its_own(self, rfp, se, sign_in):
        book = openpyxl.Workbook()
        for cells in (["Question", "Response"], ["First?", "Fill in"], ["Second?", None], ["Third?", None]):
            book.active.append(cells)
        book.active.merge_cells("B2:B3")
        content = io.BytesIO()
        book.save(content)
        read(rfp, se, SimpleUploadedFile("their.xlsx", content.getvalue()))
        answer(se, RfpQuestion.objects.get(line=3), "Second answer")
        back = openpyxl.load_workbook(io.BytesIO(sign_in(se).get(f"/rfps/{rfp.pk}/answered.xlsx").content)).active
        assert [cell.value for cell in back["B"]] == ["Response", "Fill in", "Second answer", None]


class TestBadFiles:
    @pytest.mark.parametrize(
        ("file", "sentence"),
        [
            (SimpleUploadedFile("a.xlsx", b"PK\x03\x04 broken"), "damaged"),
            (SimpleUploadedFile("a.xls", b"\xd0\xcf\x11\xe0 old"), "old Excel file"),
            (SimpleUploadedFile("a.pdf", b"%PDF-1.7"), "a PDF"),
            (SimpleUploadedFile("a.csv", b"a,b\n1,\x00\n"), "NUL"),
            (SimpleUploadedFile("a.csv", b"Question,Answer\n"), "no lines below"),
        ],
    )
    def test_are_refused_with_a_sentence_and_leave_nothing(self, rfp, se, sign_in, file, sentence, settings):
        file.seek(0)
        answer = sign_in(se).post(f"/rfps/{rfp.pk}/file/", {"file": file})
        assert answer.status_code == 422
        assert sentence in answer.content.decode()
        assert Rfp.objects.get().filename == ""
        assert not list(settings.MEDIA_ROOT.rglob("rfps/*"))

    def test_too_large(self, rfp, se, monkeypatch):
        monkeypatch.setattr("deals.rfp_files.MAX_BYTES", 10)
        with pytest.raises(Conflict, match="larger than"):
            actions.upload_questions(se, rfp, csv_file(SHEET))

    def test_unpacks_to_too_much(self, rfp, se, monkeypatch):
        monkeypatch.setattr("deals.rfp_files.MAX_UNPACKED", 1000)
        with pytest.raises(Conflict, match="unpacks to too much"):
            actions.upload_questions(se, rfp, workbook(SHEET))

    @pytest.mark.parametrize(
        ("table", "sentence"),
        [
            ([["Question", "Answer"], ["x" * 10_001, ""], ["b", "c"]], "in line 2 has 10,001 characters"),
            ([["Question", "Answer"], ["", "x"]], "Choose another one"),
        ],
    )
    def test_what_cannot_be_kept_is_named_by_line(self, rfp, se, table, sentence):
        rfp = actions.upload_questions(se, rfp, csv_file(table))
        with pytest.raises(Conflict, match=sentence):
            actions.import_questions(se, rfp, {"question": 0, "answer": 1}, 1)

    def test_too_many(self, rfp, se, monkeypatch):
        monkeypatch.setattr("deals.rfp_files.MAX_QUESTIONS", 5)
        rfp = actions.upload_questions(se, rfp, csv_file(many(6)))
        with pytest.raises(Conflict, match="more than 5 questions"):
            actions.import_questions(se, rfp, rfp.mapping, 1)

    def test_a_file_without_names_of_columns(self, rfp, se):
        rfp = actions.upload_questions(se, rfp, csv_file([["1", "First?"], ["2", "Second?"]]))
        actions.import_questions(se, rfp, {"number": 0, "question": 1, "answer": -1}, 0)
        assert list(RfpQuestion.objects.values_list("text", flat=True)) == ["First?", "Second?"]

    @pytest.mark.parametrize(
        "columns",
        [
            {},
            {"question": "9"},
            {"question": "0", "answer": "0"},
            {"question": "1", "answer": "-1", "header_line": "x"},
        ],
    )
    def test_columns_that_make_no_sense(self, rfp, se, sign_in, columns):
        actions.upload_questions(se, rfp, csv_file(SHEET))
        data = {"answer": "-1", "header_line": "2"} | columns
        assert sign_in(se).post(f"/rfps/{rfp.pk}/columns/", data).status_code == 422
        assert not RfpQuestion.objects.exists()


class TestAnswering:
    @pytest.fixture
    def question(self, rfp, se):
        read(rfp, se, csv_file(many(5)))
        return RfpQuestion.objects.order_by("line")[1]

    def post(self, client, question, **data):
        given = {"answer": "Yes", "state": "open", "version": question.version, "fit": "", "owner": question.owner_id}
        return client.post(f"/rfp-questions/{question.pk}/", given | data)

    def test_makes_a_draft_and_goes_on_to_the_next_open_one(self, question, se, sign_in):
        reply = self.post(sign_in(se), question, fit="native", next="1")
        kept = RfpQuestion.objects.get(pk=question.pk)
        assert (kept.state, kept.answer, kept.fit, kept.answered_by) == ("drafted", "Yes", "native", se)
        following = RfpQuestion.objects.order_by("line")[2]
        assert reply.url == f"/rfp-questions/{following.pk}/"

    def test_the_last_one_leads_back_to_those_left_then_to_the_list(self, question, se, sign_in, rfp):
        client = sign_in(se)
        last = RfpQuestion.objects.order_by("line").last()
        first = RfpQuestion.objects.order_by("line").first()
        assert self.post(client, last, next="1").url == f"/rfp-questions/{first.pk}/"
        for left in RfpQuestion.objects.filter(state="open"):
            reply = self.post(client, left, next="1")
        assert reply.url == f"/rfps/{rfp.pk}/"

    def test_without_an_answer_nothing_is_reviewed_done_or_reusable(self, question, se, sign_in):
        for data in ({"state": "reviewed"}, {"state": "done"}, {"is_reusable": "on"}):
            assert self.post(sign_in(se), question, answer="", **data).status_code == 422
        answer(se, question, "Yes", state="done", is_reusable=True)
        emptied = answer(se, question, "")
        assert (emptied.state, emptied.is_reusable) == ("open", False)

    @pytest.mark.parametrize("facts", [{"state": "done"}, {"is_reusable": True}, {"fit": "x"}, {"state": "x"}])
    def test_the_database_refuses_it_too(self, question, facts):
        with pytest.raises(IntegrityError), transaction.atomic():
            RfpQuestion.objects.filter(pk=question.pk).update(**facts)

    @pytest.mark.parametrize("data", [{"answer": "x" * 20_001}, {"state": "x"}, {"fit": "x"}, {"owner": "99999"}])
    def test_bad_input_is_a_form_error(self, question, se, sign_in, data):
        assert self.post(sign_in(se), question, **data).status_code == 422

    def test_the_second_of_two_sees_both_answers(self, question, se, manager, sign_in):
        answer(manager, question, "What the manager wrote")
        reply = self.post(sign_in(se), question, answer="What the SE wrote", version=1)
        assert reply.status_code == 409
        page = reply.content.decode()
        assert "What the SE wrote" in page
        assert "Now stored: What the manager wrote" in page
        assert RfpQuestion.objects.get(pk=question.pk).answer == "What the manager wrote"

    def test_a_question_that_was_read_anew_meanwhile_is_gone_not_an_error(self, question, rfp, se):
        stale = RfpQuestion.objects.select_related("rfp__opportunity").get(pk=question.pk)
        read(rfp, se, csv_file(many(2)))
        with pytest.raises(Conflict, match="gone"):
            actions.save_answer(se, stale, stale.version)

    def test_is_work_on_the_deal(self, question, se, deal):
        before = deal.last_activity_at
        answer(se, question, "Yes")
        deal.refresh_from_db()
        assert deal.last_activity_at > before


class TestLane:
    @pytest.fixture
    def question(self, rfp, se):
        read(rfp, se, csv_file(many(3)))
        return RfpQuestion.objects.order_by("line").first()

    def test_the_ae_adds_changes_reads_in_assigns_and_removes_nothing(self, rfp, question, deal, ae, sign_in):
        client = sign_in(ae)
        data = {"name": "Mine", "kind": "rfp", "due_on": "2026-12-01", "version": rfp.version}
        for address, sent in (
            (f"/opportunities/{deal.pk}/rfps/add/", data),
            (f"/rfps/{rfp.pk}/edit/", data),
            (f"/rfps/{rfp.pk}/file/", {"file": csv_file(SHEET)}),
            (f"/rfps/{rfp.pk}/columns/", {"question": "1", "answer": "-1", "header_line": "1"}),
            (f"/rfps/{rfp.pk}/assign/", {"question": question.pk, "owner": ae.pk}),
            (f"/rfps/{rfp.pk}/remove/", {}),
            (f"/rfp-questions/{question.pk}/", {"answer": "Cheap", "state": "open", "version": 1}),
            (f"/rfp-questions/{question.pk}/reuse/", {"source": question.pk, "version": 1}),
        ):
            assert client.post(address, sent).status_code == 403, address
        assert (Rfp.objects.get().name, RfpQuestion.objects.exclude(answer="").count()) == ("Acme 2026", 0)

    def test_the_ae_answers_what_the_se_gave_away_and_nothing_else(self, rfp, question, ae, se, sign_in):
        other = RfpQuestion.objects.order_by("line").last()
        sign_in(se).post(f"/rfps/{rfp.pk}/assign/", {"question": question.pk, "owner": ae.pk})
        question.refresh_from_db()
        assert question.owner == ae
        data = {"answer": "By user and year", "state": "done", "version": question.version}
        # Whose it is and what leaves the deal stays with the lane, whatever is sent.
        sent = data | {"owner": se.pk, "is_reusable": "on"}
        assert sign_in(ae).post(f"/rfp-questions/{question.pk}/", sent).status_code == 302
        question.refresh_from_db()
        assert (question.answer, question.owner, question.is_reusable) == ("By user and year", ae, False)
        assert sign_in(ae).post(f"/rfp-questions/{other.pk}/", data).status_code == 403

    def test_the_action_asks_too(self, question, ae, team):
        question = RfpQuestion.objects.select_related("rfp__opportunity").get(pk=question.pk)
        for person in (ae, UserFactory(role="se", team=team)):
            # Saying that it is one's own does not make it so.
            question.owner, question.answer = person, "Mine"
            with pytest.raises(NotAllowed):
                actions.save_answer(person, question, 1)

    def test_questions_are_given_to_those_who_see_the_deal(self, rfp, question, se, sign_in, other_team):
        stranger = UserFactory(role="ae", team=other_team)
        reply = sign_in(se).post(f"/rfps/{rfp.pk}/assign/", {"question": question.pk, "owner": stranger.pk})
        assert reply.status_code == 409
        question.refresh_from_db()
        assert question.owner == se

    def test_one_question_of_another_rfp_and_none_changes_hands(self, rfp, question, se, ae, deal, sign_in):
        second = read(actions.add_rfp(se, deal, Rfp(name="B", due_on=timezone.localdate())), se, csv_file(many(1)))
        sent = {"question": [question.pk, second.questions.get().pk], "owner": ae.pk}
        assert sign_in(se).post(f"/rfps/{rfp.pk}/assign/", sent).status_code == 409
        assert not RfpQuestion.objects.filter(owner=ae).exists()

    @pytest.mark.parametrize("junk", ["", "x", "-1", "9" * 30, "１"])
    def test_junk_ids_are_no_error(self, rfp, question, se, sign_in, junk):
        client = sign_in(se)
        assert client.post(f"/rfps/{rfp.pk}/assign/", {"question": junk, "owner": ""}).status_code == 409
        for sent in ({"source": junk, "version": "1"}, {"source": "1", "version": junk}):
            assert client.post(f"/rfp-questions/{question.pk}/reuse/", sent).status_code == 409


class TestTheRfp:
    def test_overdue_until_it_is_sent(self, rfp, se, sign_in, deal):
        rfp.due_on = timezone.localdate() - datetime.timedelta(days=1)
        actions.edit_rfp(se, rfp, rfp.version)
        address = f"/opportunities/{deal.pk}/rfps/"
        assert "Overdue" in sign_in(se).get(address).content.decode()
        rfp.sent_on = timezone.localdate()
        actions.edit_rfp(se, rfp, rfp.version)
        page = sign_in(se).get(address).content.decode()
        assert "Overdue" not in page
        assert "Sent" in page

    def test_two_who_change_it_see_both_values(self, rfp, se, manager, sign_in):
        rfp.name = "Acme, second round"
        actions.edit_rfp(manager, rfp, 1)
        data = {"name": "Acme global", "kind": "rfp", "due_on": "2026-12-01", "version": 1}
        reply = sign_in(se).post(f"/rfps/{rfp.pk}/edit/", data)
        assert reply.status_code == 409
        assert "Now stored: Acme, second round" in reply.content.decode()
        with pytest.raises(StaleEdit):
            actions.edit_rfp(se, rfp, 1)

    def test_progress_by_state(self, rfp, se, sign_in):
        read(rfp, se, csv_file(many(4)))
        first, second, *_ = RfpQuestion.objects.all()
        answer(se, first, "Yes", state="done")
        answer(se, second, "No")
        assert "2 of 4" in sign_in(se).get(f"/rfps/{rfp.pk}/").content.decode()
        page = sign_in(se).get(f"/rfps/{rfp.pk}/?state=done").content.decode()
        assert "Question 0:" in page
        assert "Question 1:" not in page

    def test_removing_takes_questions_and_file_along(
        self, rfp, se, sign_in, settings, django_capture_on_commit_callbacks
    ):
        read(rfp, se, csv_file(many(4)))
        assert list(settings.MEDIA_ROOT.rglob("*.csv"))
        with django_capture_on_commit_callbacks(execute=True):
            assert sign_in(se).post(f"/rfps/{rfp.pk}/remove/").status_code == 302
        assert not RfpQuestion.objects.exists()
        assert not list(settings.MEDIA_ROOT.rglob("*.csv"))
