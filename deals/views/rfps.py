"""RFPs of a deal: the list, one with its questions, and its file on the way in and out."""

from pathlib import Path

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deals import rfp_files
from deals.actions import rfps as actions
from deals.forms.rfps import AssignForm, ColumnsForm, NewQuestionForm, QuestionsFileForm, RfpForm
from deals.models import Opportunity, QuestionState, Rfp, RfpQuestion
from deals.rfp_lists import QuestionList, with_progress
from people.exports import export, export_delimited, export_workbook
from people.permissions import require
from presales.errors import Conflict
from presales.forms import done, form_response, posted, save_or_show
from presales.spreadsheets import Reading


def _deal(request: HttpRequest, pk: int) -> Opportunity:
    visible = Opportunity.objects.visible_to(request.user).select_related("company", "technical_win", "se")
    return get_object_or_404(visible, pk=pk)


def _rfp(request: HttpRequest, pk: int) -> Rfp:
    visible = Rfp.objects.visible_to(request.user)
    return get_object_or_404(
        visible.select_related("opportunity__company", "opportunity__technical_win", "opportunity__se", "owner"), pk=pk
    )


@require_safe
def rfps(request: HttpRequest, pk: int) -> HttpResponse:
    """Every RFP of a deal, with how far it is."""
    found = _deal(request, pk)
    rows = list(with_progress(found.rfps.select_related("owner")))
    context = {"opportunity": found, "rfps": rows, "today": timezone.localdate()}
    return render(request, "deals/rfps/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """Put an RFP on the deal; its file comes next."""
    found = _deal(request, pk)
    require(request.user, "deals.work_technical", found)
    form = RfpForm(posted(request), opportunity=found)
    if request.method == "POST" and form.is_valid():
        made = actions.add_rfp(request.user, found, form.instance)
        return done(request, reverse("deals:upload_questions", args=[made.pk]))
    return form_response(
        request, form, title="Add an RFP", submit="Add", cancel_url=reverse("deals:rfps", args=[pk]),
        intro="Name it as the customer does. The file with the questions comes next.",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what it is called, its day, or that it was sent."""
    found = _rfp(request, pk)
    require(request.user, "deals.work_technical", found.opportunity)
    page = found.get_absolute_url()
    form = RfpForm(posted(request), instance=found, opportunity=found.opportunity)
    return save_or_show(request, form, actions.edit_rfp, page, title="Change the RFP")


@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take it off the deal, after asking."""
    found = _rfp(request, pk)
    require(request.user, "deals.work_technical", found.opportunity)
    if request.method == "POST":
        actions.remove_rfp(request.user, found)
        return done(request, reverse("deals:rfps", args=[found.opportunity_id]), f"{found.name} is removed.")
    return render(request, "deals/rfps/remove.html", {"rfp": found, "opportunity": found.opportunity})


@require_safe
def rfp(request: HttpRequest, pk: int) -> HttpResponse:
    """Its questions: what is open, what is whose, how far it is. Without any, whoever may bring them goes on to it."""
    found = _rfp(request, pk)
    in_lane = request.user.has_perm("deals.work_technical", found.opportunity)
    listing = QuestionList(found, request.user, request.GET)
    if in_lane and not listing.total:
        return redirect("deals:match_questions" if found.filename else "deals:upload_questions", found.pk)
    context = {
        "rfp": found,
        "opportunity": found.opportunity,
        "listing": listing,
        "page": listing.page(),
        "states": dict(QuestionState.choices),
        "overdue": found.is_overdue(),
        "in_lane": in_lane,
    }
    if in_lane:
        context["assign"] = AssignForm(opportunity=found.opportunity)
    return render(request, "deals/rfps/rfp.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest, pk: int) -> HttpResponse:
    """The customer's file."""
    found = _rfp(request, pk)
    require(request.user, "deals.work_technical", found.opportunity)
    form = QuestionsFileForm(posted(request), request.FILES if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.upload_questions(request.user, found, form.cleaned_data["file"])
            return redirect("deals:match_questions", found.pk)
        except Conflict as refusal:
            form.add_error("file", refusal.message)
    context = {"rfp": found, "opportunity": found.opportunity, "form": form}
    return render(request, "deals/rfps/upload.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def match(request: HttpRequest, pk: int) -> HttpResponse:
    """Which column is what, with the first lines to look at."""
    found = _rfp(request, pk)
    require(request.user, "deals.work_technical", found.opportunity)
    if not found.filename:
        return redirect("deals:upload_questions", found.pk)
    form = ColumnsForm(posted(request), rfp=found)
    if request.method == "POST" and form.is_valid():
        try:
            count = actions.import_questions(request.user, found, form.mapping(), form.cleaned_data["header_line"])
            word = "question" if count == 1 else "questions"
            return done(request, found.get_absolute_url(), f"{count:,} {word} read.")
        except Conflict as refusal:
            form.add_error(None, refusal.message)
    _, columns, first = rfp_files.look_into(Path(found.file.path))
    width = max(len(columns), *(len(cells) for cells in first))
    names = [*columns, *[""] * (width - len(columns))]
    context = {
        "rfp": found,
        "opportunity": found.opportunity,
        "form": form,
        "names": names,
        "first": [[*cells, *[""] * (width - len(cells))] for cells in first],
    }
    return render(request, "deals/rfps/match.html", context, status=422 if form.is_bound else 200)


@require_POST
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the ticked questions to somebody."""
    found = _rfp(request, pk)
    require(request.user, "deals.work_technical", found.opportunity)
    form = AssignForm(request.POST, opportunity=found.opportunity)
    pks = [
        int(text) for text in request.POST.getlist("question") if text.isascii() and text.isdigit() and len(text) < 19
    ]
    if not form.is_valid():
        raise Conflict("That person cannot be given questions of this deal.")
    if not pks:
        raise Conflict("Tick the questions first.")
    changed = actions.assign_questions(request.user, found, pks, form.cleaned_data["owner"])
    whose = form.cleaned_data["owner"] or "nobody"
    return done(
        request,
        found.get_absolute_url(),
        f"{changed} {'question is' if changed == 1 else 'questions are'} for {whose} now.",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def add_question(request: HttpRequest, pk: int) -> HttpResponse:
    """A question that is in no file."""
    found = _rfp(request, pk)
    require(request.user, "deals.work_technical", found.opportunity)
    form = NewQuestionForm(posted(request), instance=RfpQuestion(rfp=found), rfp=found)
    if request.method == "POST" and form.is_valid():
        actions.add_question(request.user, found, form.instance)
        return done(request, found.get_absolute_url(), "Added at the end.")
    return form_response(
        request, form, title="Add a question", submit="Add", cancel_url=found.get_absolute_url(),
        intro="What they asked besides their file: it stands behind the others, in what you export too.",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def remove_question(request: HttpRequest, pk: int) -> HttpResponse:
    """Take off one that was added by hand."""
    visible = RfpQuestion.objects.visible_to(request.user).defer("search").select_related("rfp__opportunity")
    question = get_object_or_404(visible, pk=pk)
    require(request.user, "deals.work_technical", question.rfp.opportunity)
    page = question.rfp.get_absolute_url()
    if request.method == "POST":
        actions.remove_question(request.user, question)
        return done(request, page, "Removed. The history keeps it.")
    return form_response(
        request, Form(), title="Remove the question", submit="Remove", tone="danger",
        cancel_url=question.get_absolute_url(), intro=f"“{question.text[:300]}”, with its answer.",
    )  # fmt: skip


def _added(found: Rfp) -> list[rfp_files.Added]:
    rows = found.questions.by_hand().only("line", "number", "section", "text", "answer", "fit").order_by("line")
    return [rfp_files.Added(row.number, row.section, row.text, row.answer, row.get_fit_display()) for row in rows]


def _given(found: Rfp) -> tuple[Path, Reading, dict[str, int], dict[int, rfp_files.Given], list[rfp_files.Added]]:
    # What came in the file stays as it came until somebody has changed it here.
    answered = found.questions.of_file().exclude(answered_at=None).only("line", "answer", "fit")
    given = {row.line: rfp_files.Given(row.answer, row.get_fit_display()) for row in answered}
    return Path(found.file.path), Reading(**found.reading), found.mapping, given, _added(found)


def _name(found: Rfp) -> str:
    return f"{found.name} answered"


def _must_ask_something(found: Rfp) -> None:
    if not found.filename and not found.questions.exists():
        raise Conflict("There is no file to fill in yet. Upload the customer's file first.")


@require_safe
def export_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """The customer's file with the answers in it: their CSV byte for byte, anything else as a CSV of ours."""
    found = _rfp(request, pk)
    _must_ask_something(found)
    if not found.filename:
        header, *lines = rfp_files.by_hand(_added(found))
    elif found.reading["kind"] == "csv":
        content = rfp_files.as_given_csv(*_given(found))
        return export_delimited(request, _name(found), content, found.questions.count())
    else:
        lines = rfp_files.as_csv(*_given(found))
        header = next(lines)
    return export(request, _name(found), header, lines)


@require_safe
def export_xlsx(request: HttpRequest, pk: int) -> HttpResponse:
    """The customer's file with the answers in it, as a workbook."""
    found = _rfp(request, pk)
    _must_ask_something(found)
    content = rfp_files.as_workbook(*_given(found)) if found.filename else rfp_files.workbook_by_hand(_added(found))
    return export_workbook(request, _name(found), content, found.questions.count())
