"""An SE reads a customer's questions in, answers by keyboard with what was answered before, and takes the file back."""

import io

import openpyxl
import pytest
from django.utils import timezone

from deals.models import Claim, Rfp, RfpQuestion
from tests.deals.factories import OpportunityFactory

TABLE = [
    ["No.", "Question", "Response"],
    ["1", "How is customer data encrypted at rest?", None],
    ["2", "Which price do you charge for a plant?", None],
    ["3", "How often are backups tested?", None],
]


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def deal(base, team, ae, se):
    made = OpportunityFactory(name="Acme", team=team, owner=ae, se=se)
    Claim.objects.create(opportunity=made, se=se)
    return made


@pytest.fixture
def past(team, ae):
    """What a colleague let everybody reuse."""
    rfp = Rfp.objects.create(
        opportunity=OpportunityFactory(team=team, owner=ae), name="Older", due_on=timezone.localdate()
    )
    return RfpQuestion.objects.create(
        rfp=rfp, line=2, text="Is data encrypted at rest?", answer="With AES-256", state="done", is_reusable=True
    )


@pytest.fixture
def workbook(tmp_path):
    book = openpyxl.Workbook()
    for cells in TABLE:
        book.active.append(cells)
    path = tmp_path / "acme-rfp.xlsx"
    book.save(path)
    return path


def read_in(page, deal, workbook):
    """From the deal to the list of its questions."""
    page.goto(deal.get_absolute_url())
    page.get_by_role("link", name="RFPs", exact=True).click()
    page.get_by_role("link", name="Add an RFP").click()
    page.get_by_label("Name").fill("Acme 2026")
    page.get_by_label("Due on").fill("2026-12-31")
    with page.expect_navigation():
        page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("The customer's file").set_input_files(workbook)
    page.get_by_role("button", name="Upload").click()
    page.get_by_text("Which column is what").wait_for()


def exported(page):
    page.get_by_text("Export", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Workbook (XLSX)").click()
    content = io.BytesIO(download.value.path().read_bytes())
    return [list(cells) for cells in openpyxl.load_workbook(content).active.iter_rows(values_only=True)]


def test_from_their_spreadsheet_to_the_answers_in_it(deal, past, workbook, ae, se, sign_in_page, axe):
    page = sign_in_page(se)
    read_in(page, deal, workbook)
    assert axe(page) == []
    page.get_by_role("button", name="Read the questions").click()
    page.get_by_text("3 questions read").wait_for()
    assert axe(page) == []

    # The price is the AE's to answer.
    page.get_by_role("checkbox", name="Question 2").check()
    page.get_by_label("Give the ticked ones to").select_option(label="Ada AE")
    page.get_by_role("button", name="Give").click()
    page.get_by_text("1 question is for Ada AE now").wait_for()

    # By keyboard: the first open question, the past answer to it, on to the next.
    page.keyboard.press("a")
    page.get_by_role("button", name="Use this answer").wait_for()
    assert axe(page) == []
    with page.expect_navigation():
        page.keyboard.press("Alt+1")
    page.get_by_text("Taken over as a draft").wait_for()
    assert page.get_by_label("Answer", exact=True).input_value() == "With AES-256"
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    page.get_by_text("Which price do you charge").first.wait_for()
    page.keyboard.press("Escape")
    with page.expect_navigation():
        page.keyboard.press("j")
    page.get_by_text("How often are backups").first.wait_for()
    page.keyboard.type("=Every hour, and restored twice a year")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    past.refresh_from_db()
    assert past.reuse_count == 1

    # The AE finds the own question and answers it.
    other = sign_in_page(ae)
    rfp = Rfp.objects.get(name="Acme 2026")
    other.goto(f"{rfp.get_absolute_url()}?mine=1")
    other.get_by_role("link", name="Which price").click()
    other.get_by_label("Answer", exact=True).fill("By user")
    other.get_by_role("button", name="Save and next").click()
    other.get_by_text("3 of 3").wait_for()

    page.goto(rfp.get_absolute_url())
    expected = [list(cells) for cells in TABLE]
    for line, text in ((1, "With AES-256"), (2, "By user"), (3, "=Every hour, and restored twice a year")):
        expected[line][2] = text
    assert exported(page) == expected
    page.goto("/answers/?q=backups")
    page.get_by_text("=Every hour").wait_for()
    assert axe(page) == []
    assert page.complaints + other.complaints == []


def test_without_scripts(deal, past, workbook, se, sign_in_page):
    page = sign_in_page(se, java_script_enabled=False)
    read_in(page, deal, workbook)
    page.get_by_role("button", name="Read the questions").click()
    page.get_by_role("link", name="Answer the next").click()
    page.get_by_role("link", name="Answers to questions like this one").click()
    page.get_by_role("button", name="Use this answer").click()
    page.get_by_role("button", name="Save and next").click()
    page.get_by_label("Answer", exact=True).fill("By user")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Saved.").wait_for()
    assert [row[2] for row in exported_of(page)] == ["Response", "With AES-256", "By user", None]


def exported_of(page):
    page.goto(Rfp.objects.get(name="Acme 2026").get_absolute_url())
    return exported(page)
