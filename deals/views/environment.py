"""The technical environment: on a deal, where it is written; on its company, where all find it; its questions."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deals.actions import environment as actions
from deals.environment import environment_of
from deals.forms.environment import EnvironmentAnswerForm, QuestionForm, TopicForm
from deals.models import EnvironmentAnswer, EnvironmentQuestion, EnvironmentTopic, Opportunity
from deals.permissions import technical_lane
from deals.views.technical_wins import visible_deal
from leads.models import Company
from people.permissions import require
from presales.errors import Conflict, StaleEdit
from presales.forms import done, form_response, posted, save_or_show
from presales.history import changes_of

BANK = "deals:question_bank"
DEALS = 10
PEOPLE = 50


@require_safe
def environment(request: HttpRequest, pk: int) -> HttpResponse:
    """What is known of the company of a deal; whoever is in the lane writes the answers."""
    found = visible_deal(request, pk, "se")
    context = {
        "opportunity": found,
        "company": found.company,
        "environment": found.company and environment_of(found.company, request.user),
        "may_technical": request.user.has_perm("deals.work_technical", found),
    }
    return render(request, "deals/environment/of_deal.html", context)


@require_safe
def of_company(request: HttpRequest, pk: int) -> HttpResponse:
    """What is known of a company, for everybody who sees it, and on which deals the person may write."""
    company = get_object_or_404(Company.objects.visible_to(request.user).defer("search"), pk=pk)
    deals = Opportunity.objects.visible_to(request.user).filter(company=company).select_related("stage", "se")
    deals = list(deals.order_by("-created_at", "-pk")[:DEALS])
    context = {
        "nav": "leads:companies",
        "company": company,
        "environment": environment_of(company, request.user),
        "deals": deals,
        "own": [deal for deal in deals if technical_lane(request.user, deal)],
    }
    return render(request, "deals/environment/of_company.html", context)


def _answered(request: HttpRequest, pk: int, question: int) -> tuple[Opportunity, EnvironmentQuestion, object]:
    """The deal, the question, and the company's answer or an unsaved one; 403 outside the lane."""
    found = visible_deal(request, pk)
    require(request.user, "deals.work_technical", found)
    asked = get_object_or_404(EnvironmentQuestion.objects.visible_to(request.user), pk=question)
    if found.company_id is None:
        raise Conflict("The deal has no company whose environment this could be.")
    visible = EnvironmentAnswer.objects.visible_to(request.user)
    answer = visible.filter(company=found.company_id, question=asked).first()
    return found, asked, answer or EnvironmentAnswer(company=found.company, question=asked)


@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, pk: int, question: int) -> HttpResponse:
    """Write down or change what they answered to one question."""
    found, asked, answer = _answered(request, pk, question)
    page = reverse("deals:environment", args=[pk])
    form, status = EnvironmentAnswerForm(posted(request), instance=answer), None
    if request.method == "POST" and form.is_valid():
        try:
            actions.answer_environment(request.user, found, form.instance, form.cleaned_data.get("version"))
            return done(request, f"{page}#q{question}", "Kept for every deal with them.")
        except StaleEdit:
            if not form.instance.pk:
                raise
            form.show_conflict()
            status = 409
    context = {
        "opportunity": found, "question": asked, "answer": answer,
        "people": list(found.stakeholders.order_by("name").values_list("name", flat=True)[:PEOPLE]),
        "entries": changes_of(answer, limit=10) if answer.pk else [],
    }  # fmt: skip
    return form_response(
        request, form, title=asked.text, submit="Save", cancel_url=page, intro=asked.hint, status=status,
        context=context, template="deals/environment/_answer_form.html",
    )  # fmt: skip


@require_POST
def remove(request: HttpRequest, pk: int, question: int) -> HttpResponse:
    """Take an answer away."""
    found, _, answer = _answered(request, pk, question)
    if answer.pk:
        actions.remove_environment_answer(request.user, found, answer)
    return done(request, reverse("deals:environment", args=[pk]), "Removed. The history keeps it.")


# -- The question bank ------------------------------------------------------------------------------


@require_safe
def bank(request: HttpRequest) -> HttpResponse:
    """The questions, section by section: the admin's to change."""
    require(request.user, "deals.change_question_bank")
    topics = EnvironmentTopic.objects.visible_to(request.user).prefetch_related("questions")
    return render(request, "deals/environment/bank.html", {"topics": topics})


def _topic_form(request: HttpRequest, topic: EnvironmentTopic, title: str) -> HttpResponse:
    require(request.user, "deals.change_question_bank")
    return save_or_show(
        request, TopicForm(posted(request), instance=topic), actions.save_topic, reverse(BANK), title=title
    )


@require_http_methods(["GET", "HEAD", "POST"])
def add_topic(request: HttpRequest) -> HttpResponse:
    """One more section."""
    return _topic_form(request, EnvironmentTopic(), "Add a section")


@require_http_methods(["GET", "HEAD", "POST"])
def edit_topic(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename or move a section."""
    topic = get_object_or_404(EnvironmentTopic.objects.visible_to(request.user), pk=pk)
    return _topic_form(request, topic, f"Section {topic.name}")


def _question_form(request: HttpRequest, question: EnvironmentQuestion, title: str) -> HttpResponse:
    require(request.user, "deals.change_question_bank")
    return save_or_show(
        request, QuestionForm(posted(request), instance=question), actions.save_question, reverse(BANK), title=title
    )


@require_http_methods(["GET", "HEAD", "POST"])
def add_question(request: HttpRequest, pk: int) -> HttpResponse:
    """One more question of a section."""
    topic = get_object_or_404(EnvironmentTopic.objects.visible_to(request.user), pk=pk)
    last = topic.questions.order_by("-order").values_list("order", flat=True).first()
    order = 0 if last is None else min(last + 1, 1000)
    return _question_form(request, EnvironmentQuestion(topic=topic, order=order), f"Add a question to {topic.name}")


@require_http_methods(["GET", "HEAD", "POST"])
def edit_question(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a question, or ask it no more."""
    question = get_object_or_404(EnvironmentQuestion.objects.visible_to(request.user), pk=pk)
    return _question_form(request, question, "Question")
