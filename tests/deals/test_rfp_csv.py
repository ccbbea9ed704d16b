"""The customer's CSV goes back byte for byte with the answers in it; questions added by hand follow at the end."""

import csv
import io

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from deals.actions import rfps as actions
from deals.models import Claim, Rfp, RfpQuestion
from deals.models.rfps import BY_HAND
from deals.rfp_csv import filled
from presales.csv import csv_cell
from presales.errors import Conflict, NotAllowed
from presales.spreadsheets import inspect
from tests.deals.factories import OpportunityFactory

pytestmark = pytest.mark.django_db
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"]


@pytest.fixture
def deal(team, ae, se):
    made = OpportunityFactory(team=team, owner=ae, se=se)
    Claim.objects.create(opportunity=made, se=se)
    return made


@pytest.fixture
def rfp(deal, se, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return actions.add_rfp(se, deal, Rfp(name="Acme 2026", due_on=timezone.localdate(), owner=se))


def read(rfp, se, content):
    rfp = actions.upload_questions(se, rfp, SimpleUploadedFile("acme.csv", content))
    actions.import_questions(se, rfp, rfp.mapping, rfp.reading["header_line"])
    return Rfp.objects.get(pk=rfp.pk)


def answer(se, question, text):
    question = RfpQuestion.objects.select_related("rfp__opportunity").get(pk=question.pk)
    question.answer = text
    actions.save_answer(se, question, question.version)


def exported(client, se, rfp, ending="csv"):
    client.force_login(se)
    return b"".join(client.get(f"/rfps/{rfp.pk}/answered.{ending}"))


def in_bytes(text, encoding):
    mark = {"utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    return mark + text.encode(encoding)


def as_text(content, encoding):
    return content.decode("utf-16" if encoding == "utf-16-be" else encoding)


class TestByteForByte:
    @pytest.mark.parametrize("encoding", ENCODINGS)
    @pytest.mark.parametrize(("delimiter", "end"), [(",", "\r\n"), (";", "\n"), ("\t", "\r"), ("|", "\r\n")])
    def test_an_unanswered_file_goes_back_as_it_came(self, client, rfp, se, encoding, delimiter, end):
        rows = [
            ["Nr", "Frage", "Antwort"],
            ["1", '"Größe; Länge, | und\nHöhe?"', ""],
            ["2", '"Ein ""Wort"""', '""'],
            ["3", "Zürich?", ""],
        ]
        content = in_bytes(end.join(delimiter.join(row) for row in rows), encoding)
        rfp = read(rfp, se, content)
        assert rfp.questions.count() == 3
        assert exported(client, se, rfp) == content

    @pytest.mark.parametrize("encoding", ENCODINGS)
    def test_answers_change_their_own_cells_alone(self, client, rfp, se, encoding):
        lines = [f'{n};"Frage {n}: wie, „{n}“?";;\'x' for n in range(50)]
        before = "\r\n".join(["Nr;Frage;Antwort;Note", *lines]) + "\r\n"
        content = in_bytes(before.replace("„", "«").replace("“", "»"), encoding)
        rfp = read(rfp, se, content)
        said = {7: "Ja; auch über Größe.", 9: 'Sie nennen es "Hub"'}
        for question in rfp.questions.filter(number__in=map(str, said)):
            answer(se, question, said[int(question.number)])
        after = as_text(exported(client, se, rfp), encoding).split("\r\n")
        for number, line in enumerate(as_text(content, encoding).split("\r\n")):
            if number - 1 in said:
                words = said[number - 1].replace('"', '""')
                line = line.replace('";;', f'";"{words}";')
            assert after[number] == line

    def test_a_thousand_questions_in_order(self, client, rfp, se):
        rows = [f'"{n}","Question {n}: ""how""?",""' for n in range(1000)]
        content = ("\r\n".join(['"No.","Question","Answer"', *rows]) + "\r\n").encode("cp1252")
        rfp = read(rfp, se, content)
        assert rfp.questions.count() == 1000
        assert exported(client, se, rfp) == content
        RfpQuestion.objects.update(answer="Yes", state="done", answered_at=timezone.now())
        assert exported(client, se, rfp) == content.replace(b'?",""', b'?","Yes"')

    def test_what_a_spreadsheet_would_run_is_made_harmless_also_in_the_customers_cells(self, client, rfp, se):
        content = b'No,Question,Answer\r\n1,"=HYPERLINK(""http://x"")",\r\n2,Price?,\r\n'
        rfp = read(rfp, se, content)
        answer(se, rfp.questions.get(number="2"), "=1+1")
        assert exported(client, se, rfp) == (
            b'No,Question,Answer\r\n1,"\'=HYPERLINK(""http://x"")",\r\n2,Price?,\'=1+1\r\n'
        )

    def test_an_answer_that_the_encoding_cannot_hold_makes_it_utf_8(self, client, rfp, se):
        rfp = read(rfp, se, "No,Frage,Antwort\n1,Größe?,\n".encode("cp1252"))
        answer(se, rfp.questions.get(), "Łódź ≥ 3")
        assert exported(client, se, rfp) == "\ufeffNo,Frage,Antwort\n1,Größe?,Łódź ≥ 3\n".encode()

    def test_a_new_column_stands_to_the_right_of_everything(self, client, rfp, se):
        rfp = read(rfp, se, b"Acme RFP\n\nNo,Question\n1,Price?\n2,Term?")
        answer(se, rfp.questions.get(number="2"), "A year")
        assert exported(client, se, rfp) == b"Acme RFP\n\nNo,Question,Answer\n1,Price?\n2,Term?,A year"

    def test_stray_quotes_lose_nothing(self, client, rfp, se):
        rfp = read(rfp, se, b'No,Question,Answer\n1,"Price" of it?,\n2,5" disk?,\n')
        answer(se, rfp.questions.get(number="2"), "Yes")
        rows = list(csv.reader(io.StringIO(exported(client, se, rfp).decode())))
        assert rows[1:] == [["1", "Price of it?", ""], ["2", '5" disk?', "Yes"]]


def harmless(cell):
    """A customer's own cell as it may go back: line breaks are no danger, the beginning of a formula is."""
    flat = cell.replace("\n", " ")
    return csv_cell(cell) if csv_cell(flat) != flat and not cell.startswith("'") else cell


CELL = st.text(alphabet="ab\"=' ,;\n-€ü", max_size=6)
TABLE = st.lists(st.lists(CELL, min_size=2, max_size=4), min_size=1, max_size=5)


@settings(max_examples=150, deadline=None)
@given(TABLE, st.sampled_from(",;"), st.sampled_from(["\r\n", "\n"]), st.booleans(), st.data())
def test_only_what_is_written_or_dangerous_changes(tmp_path_factory, table, delimiter, end, whole, data):
    out = io.StringIO()
    quoting = csv.QUOTE_ALL if whole else csv.QUOTE_MINIMAL
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([["No", "Question", "Answer"], *table])
    path = tmp_path_factory.mktemp("rfp") / "file.csv"
    path.write_bytes(out.getvalue().encode())
    reading, _ = inspect(path)
    reading.delimiter = delimiter
    text = data.draw(CELL)
    written = {1: {1: text}}
    content = filled(path, reading, written).decode(reading.encoding)
    rows = list(csv.reader(io.StringIO(content, newline=""), delimiter=delimiter))
    assert rows == [["No", csv_cell(text), "Answer"], *([harmless(cell) for cell in row] for row in table)]
    if all(harmless(cell) == cell for row in table for cell in row):
        assert filled(path, reading, {}) == path.read_bytes()


class TestByHand:
    def test_they_stand_behind_the_others_and_go_out_in_the_same_columns(self, client, rfp, se):
        rfp = read(rfp, se, b"No,Question,Answer\n1,Price?,\n")
        for text in ("And on the phone?", "And by mail?"):
            actions.add_question(se, rfp, RfpQuestion(text=text, number="T"))
        assert list(rfp.questions.values_list("text", flat=True)) == ["Price?", "And on the phone?", "And by mail?"]
        answer(se, rfp.questions.get(text="And by mail?"), "Yes")
        assert exported(client, se, rfp) == (
            b"No,Question,Answer\n1,Price?,\nT,And on the phone?\nT,And by mail?,Yes\n"
        )
        sheet = openpyxl.load_workbook(io.BytesIO(exported(client, se, rfp, "xlsx"))).active
        assert [cell.value for cell in sheet[4]] == ["T", "And by mail?", "Yes"]

    def test_at_the_end_of_a_workbook(self, client, rfp, se):
        book = openpyxl.Workbook()
        for row in (["No", "Question", "Answer"], ["1", "Price?", None]):
            book.active.append(row)
        content = io.BytesIO()
        book.save(content)
        rfp = actions.upload_questions(se, rfp, SimpleUploadedFile("a.xlsx", content.getvalue()))
        actions.import_questions(se, rfp, rfp.mapping, 1)
        actions.add_question(se, rfp, RfpQuestion(text="=And by mail?"))
        sheet = openpyxl.load_workbook(io.BytesIO(exported(client, se, rfp, "xlsx"))).active
        assert (sheet["B3"].value, sheet["B3"].data_type) == ("=And by mail?", "s")

    def test_without_a_file_the_table_is_ours(self, client, rfp, se):
        actions.add_question(se, rfp, RfpQuestion(text="Price?", number="1", section="Money"))
        answer(se, rfp.questions.get(), "=Ask the AE")
        text = exported(client, se, rfp).decode("utf-8-sig")
        assert text == "No.,Section,Question,Answer,How we do it\r\n1,Money,Price?,'=Ask the AE,\r\n"
        sheet = openpyxl.load_workbook(io.BytesIO(exported(client, se, rfp, "xlsx"))).active
        assert [cell.value for cell in sheet[2]] == ["1", "Money", "Price?", "=Ask the AE", None]
        assert client.get(f"/rfps/{rfp.pk}/").status_code == 200

    def test_another_file_leaves_them_where_they_are(self, rfp, se):
        rfp = read(rfp, se, b"No,Question,Answer\n1,Price?,\n")
        actions.add_question(se, rfp, RfpQuestion(text="On the phone?"))
        answer(se, rfp.questions.by_hand().get(), "Yes")
        rfp = read(Rfp.objects.get(), se, b"No,Question,Answer\n1,Term?,\n")
        assert list(rfp.questions.values_list("text", flat=True)) == ["Term?", "On the phone?"]

    def test_they_are_removed_and_those_of_the_file_are_not(self, rfp, se):
        rfp = read(rfp, se, b"No,Question,Answer\n1,Price?,\n")
        mine = actions.add_question(se, rfp, RfpQuestion(text="On the phone?"))
        assert mine.line > BY_HAND
        actions.remove_question(se, mine)
        actions.remove_question(se, mine)
        with pytest.raises(Conflict, match="goes back whole"):
            actions.remove_question(se, RfpQuestion.objects.select_related("rfp__opportunity").get())

    def test_outside_the_lane_nobody_adds_or_removes(self, rfp, se, ae):
        made = actions.add_question(se, rfp, RfpQuestion(text="Price?", owner=ae))
        for act in (
            lambda: actions.add_question(ae, rfp, RfpQuestion(text="X")),
            lambda: actions.remove_question(ae, made),
        ):
            with pytest.raises(NotAllowed):
                act()

    def test_from_the_form(self, client, rfp, se):
        client.force_login(se)
        assert client.post(f"/rfps/{rfp.pk}/questions/add/", {"text": " "}).status_code == 422
        assert client.post(f"/rfps/{rfp.pk}/questions/add/", {"text": "Price?", "owner": se.pk}).status_code == 302
        question = RfpQuestion.objects.get()
        assert "added by hand" in client.get(question.get_absolute_url()).content.decode()
        assert client.post(f"/rfp-questions/{question.pk}/remove/").status_code == 302
