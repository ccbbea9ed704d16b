"""Answering the questions of an RFP, one after the other, and finding what was answered before."""

from collections.abc import Callable

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deals.actions import rfps as actions
from deals.answers import find_answers, suggested_answers, topics
from deals.forms.rfps import AnswerForm
from deals.library import answers_like
from deals.models import AnswerFit, QuestionState, RfpQuestion
from leads.search import words_of
from people.models import Role
from people.permissions import require
from presales.errors import Conflict, NotAllowed, StaleEdit
from presales.forms import done, posted
from presales.history import changes_of

HISTORY = 10
FITS = dict(AnswerFit.choices)


def _question(request: HttpRequest, pk: int) -> RfpQuestion:
    visible = RfpQuestion.objects.visible_to(request.user).defer("search")
    related = ("rfp__opportunity__company", "owner", "answered_by", "reused_from__rfp")
    return get_object_or_404(visible.select_related(*related), pk=pk)


def _neighbours(question: RfpQuestion) -> tuple[int | None, int | None]:
    """The question before and the one after, in the order of the file."""
    others = RfpQuestion.objects.filter(rfp=question.rfp_id)
    before = others.filter(line__lt=question.line).order_by("-line").values_list("pk", flat=True).first()
    return before, others.filter(line__gt=question.line).order_by("line").values_list("pk", flat=True).first()


def _next_open(question: RfpQuestion, request: HttpRequest) -> str:
    """Where work goes on: the next open question, of the own ones if those were asked for; else the list."""
    left = RfpQuestion.objects.filter(rfp=question.rfp_id, state=QuestionState.OPEN).exclude(pk=question.pk)
    mine = request.GET.get("mine") == "1"
    if mine:
        left = left.filter(owner=request.user)
    later = left.filter(line__gt=question.line).order_by("line").values_list("pk", flat=True).first()
    found = later or left.order_by("line").values_list("pk", flat=True).first()
    if found is None:
        return reverse("deals:rfp", args=[question.rfp_id])
    return reverse("deals:rfp_question", args=[found]) + ("?mine=1" if mine else "")


@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, pk: int) -> HttpResponse:
    """One question: read it, answer it, go on to the next."""
    found = _question(request, pk)
    may_answer = request.user.has_perm("deals.answer_question", found)
    if request.method == "POST":
        require(request.user, "deals.answer_question", found)
    in_lane = request.user.has_perm("deals.work_technical", found.rfp.opportunity)
    form, status = AnswerForm(posted(request), instance=found, in_lane=in_lane), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                actions.save_answer(request.user, form.instance, form.cleaned_data["version"])
                go_on = "next" in request.POST
                return done(
                    request, _next_open(found, request) if go_on else request.get_full_path(), "" if go_on else "Saved."
                )
            except StaleEdit:
                form.show_conflict()
                status = 409
    before, after = _neighbours(found)
    context = {
        "question": found,
        "rfp": found.rfp,
        "opportunity": found.rfp.opportunity,
        "form": form,
        "may_answer": may_answer,
        "before": before,
        "after": after,
        "mine": request.GET.get("mine") == "1",
        "entries": changes_of(found, limit=HISTORY),
    }
    return render(request, "deals/rfps/question.html", context, status=status)


@require_safe
def suggestions(request: HttpRequest, pk: int) -> HttpResponse:
    """Past answers to take over: to questions like this one, or by the words typed."""
    found = _question(request, pk)
    q = request.GET.get("q", "")[:100].strip()
    rows, more = find_answers(request.user, q) if q else (suggested_answers(request.user, found), False)
    context = {
        "question": found,
        "rfp": found.rfp,
        "opportunity": found.rfp.opportunity,
        "q": q,
        "answers": [row for row in rows if row.pk != found.pk],
        "kept": answers_like(request.user, words_of(q) if q else topics(found.text)),
        "more": more,
        "fits": FITS,
        "mine": request.GET.get("mine") == "1",
        # The version that is on the screen: what somebody has saved since is not overwritten unseen.
        "version": request.GET.get("version") or found.version,
        "may_answer": request.user.has_perm("deals.answer_question", found),
    }
    template = "deals/rfps/_suggestions.html" if request.htmx else "deals/rfps/suggestions.html"
    return render(request, template, context)


@require_POST
def reuse(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a past answer over as a draft."""
    return take_over(request, pk, "source", RfpQuestion.objects.answers_visible_to(request.user), actions.reuse_answer)


def take_over(request: HttpRequest, pk: int, what: str, offered: QuerySet, act: Callable) -> HttpResponse:
    """Let `act` make that of `offered` whose number is posted as `what` a draft for the question."""
    found = _question(request, pk)
    require(request.user, "deals.answer_question", found)
    numbers = [request.POST.get(name, "") for name in (what, "version")]
    if not all(text.isascii() and text.isdigit() and len(text) < 19 for text in numbers):
        raise Conflict("Say which answer is to be taken over.")
    answer = offered.filter(pk=int(numbers[0])).first()
    if answer is None:
        raise Conflict("That answer cannot be taken over any more. Look for another one.")
    act(request.user, found, answer, int(numbers[1]))
    address = found.get_absolute_url() + ("?mine=1" if request.GET.get("mine") == "1" else "")
    return done(request, address, "Taken over as a draft. Read it once more before it goes out.")


@require_safe
def answers(request: HttpRequest) -> HttpResponse:
    """What was answered before, for everybody who may read it."""
    if request.user.role == Role.MARKETING:
        raise NotAllowed("Answers to RFPs are for those who sell.")
    q = request.GET.get("q", "")[:100].strip()
    rows, more = find_answers(request.user, q)
    context = {"q": q, "answers": rows, "more": more, "fits": FITS, "may_answer": False}
    return render(request, "deals/rfps/answers.html", context)
