"""Writing down a company's technical environment, in the technical lane of a deal with it; keeping the questions."""

from django.db.models import Value
from django.db.models.functions import Lower
from django.utils import timezone

from deals.actions.requirements import hold_deal
from deals.models import EnvironmentAnswer, EnvironmentQuestion, EnvironmentTopic, Opportunity
from leads.models import Company
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict, StaleEdit

FIELDS = ["text", "said_by", "said_on", "opportunity", "recorded_by", "recorded_at"]
TOPIC_FIELDS = ["name", "order"]
QUESTION_FIELDS = ["topic", "text", "hint", "order", "is_asked"]


@action
def answer_environment(
    actor: User, opportunity: Opportunity, answer: EnvironmentAnswer, version: int | None = None
) -> EnvironmentAnswer:
    """Keep what the company of `opportunity` answered: the first word, or a changed one that had `version`.

    Raises:
        NotAllowed: outside the technical lane of the deal.
        Conflict: the deal has no company, the answer is another company's, or was said on a day to come.
        StaleEdit: saved elsewhere in between, perhaps on another deal with the company; nothing was written.
    """
    require(actor, "deals.work_technical", opportunity)
    company = _hold(opportunity)
    if answer.pk and answer.company_id != company.pk:
        raise Conflict("That answer belongs to another company.")
    if answer.said_on > timezone.localdate():
        raise Conflict("An answer is recorded when it has been given.")
    answer.company, answer.opportunity = company, opportunity
    answer.recorded_by, answer.recorded_at = actor, timezone.now()
    if answer.pk:
        save_version(answer, FIELDS, version)
    elif EnvironmentAnswer.objects.filter(company=company, question=answer.question_id).exists():
        raise StaleEdit("Somebody else has answered this question meanwhile. Nothing was overwritten.")
    elif not EnvironmentQuestion.objects.filter(pk=answer.question_id, is_asked=True).exists():
        raise Conflict("This question is asked no more.")
    else:
        answer.save(force_insert=True)
    return answer


@action
def remove_environment_answer(actor: User, opportunity: Opportunity, answer: EnvironmentAnswer) -> None:
    """Take an answer away that was none; the history keeps it. Repeating it changes nothing.

    Raises:
        NotAllowed: outside the technical lane of the deal.
        Conflict: the answer is another company's.
    """
    require(actor, "deals.work_technical", opportunity)
    company = _hold(opportunity)
    if answer.company_id != company.pk:
        raise Conflict("That answer belongs to another company.")
    EnvironmentAnswer.objects.filter(pk=answer.pk).delete()


def _hold(opportunity: Opportunity) -> Company:
    """The deal's company, held: two deals with one company may answer the same question at once.

    Company before deal, as everywhere.
    """
    if opportunity.company_id is None:
        raise Conflict("The deal has no company whose environment this could be.")
    company = Company.objects.select_for_update(no_key=True).get(pk=opportunity.company_id)
    hold_deal(opportunity)
    return company


@action
def save_topic(actor: User, topic: EnvironmentTopic, version: int | None = None) -> EnvironmentTopic:
    """Add a section of the question bank, or save its name and place.

    Raises:
        NotAllowed: not an admin.
        Conflict: there is one of this name.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.change_question_bank")
    same = EnvironmentTopic.objects.alias(key=Lower("name")).filter(key=Lower(Value(topic.name)))
    if same.exclude(pk=topic.pk).exists():
        raise Conflict("There is a section of this name.")
    if topic.pk:
        save_version(topic, TOPIC_FIELDS, version)
    else:
        topic.save(force_insert=True)
    return topic


@action
def save_question(actor: User, question: EnvironmentQuestion, version: int | None = None) -> EnvironmentQuestion:
    """Add a question, or save its words, its section and place, and whether it is asked.

    Raises:
        NotAllowed: not an admin.
        Conflict: its section has the same question.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.change_question_bank")
    same = EnvironmentQuestion.objects.filter(topic=question.topic_id).alias(key=Lower("text"))
    if same.filter(key=Lower(Value(question.text))).exclude(pk=question.pk).exists():
        raise Conflict("Its section has this question already.")
    if question.pk:
        save_version(question, QUESTION_FIELDS, version)
    else:
        question.save(force_insert=True)
    return question
