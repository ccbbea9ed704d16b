"""Keeping the library: SEs and managers write, everybody who sells reads."""

from django.utils import timezone

from deals.actions.requirements import hold_deal
from deals.models import ItemKind, LibraryItem, QuestionState, RfpQuestion
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict

FIELDS = ["kind", "title", "shows", "script", "link", "tags", "tag_words", "is_retired", "updated_at"]


@action
def save_item(actor: User, item: LibraryItem, version: int | None = None) -> LibraryItem:
    """Add an item, or save the changed one.

    Raises:
        NotAllowed: not an SE, manager or admin.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.write_library")
    item.tag_words, item.updated_at = " ".join(item.tags), timezone.now()
    if item.pk:
        save_version(item, FIELDS, version)
    else:
        item.created_by = actor
        item.save(force_insert=True)
    return item


@action
def keep_answer(actor: User, question: RfpQuestion, item: LibraryItem) -> LibraryItem:
    """Put the answer to a question of an RFP into the library, in the words of `item`.

    Raises:
        NotAllowed: outside the technical lane of the deal, as with letting everybody reuse an answer.
        Conflict: there is no answer, or the library has it already.
    """
    require(actor, "deals.write_library")
    require(actor, "deals.work_technical", question.rfp.opportunity)
    stored = RfpQuestion.objects.select_for_update(of=("self",)).filter(pk=question.pk).first()
    if stored is None or not stored.answer:
        raise Conflict("There is no answer to keep yet.")
    if LibraryItem.objects.filter(source=stored).exists():
        raise Conflict("The library has this answer already.")
    item.kind, item.source = ItemKind.ANSWER, stored
    return save_item(actor, item)


@action
def use_library_answer(actor: User, question: RfpQuestion, item: LibraryItem, version: int) -> RfpQuestion:
    """Answer `question` with what the library says, as a draft.

    Raises:
        NotAllowed: neither in the technical lane nor the person the question was given to.
        Conflict: the item is no answer, or out of date by now.
        StaleEdit: the question was saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.answer_question", question)
    hold_deal(question.rfp.opportunity)
    answers = LibraryItem.objects.visible_to(actor).in_use().filter(kind=ItemKind.ANSWER)
    found = answers.filter(pk=item.pk).first()
    if found is None:
        raise Conflict("That answer cannot be taken over any more. Look for another one.")
    question.answer, question.library_item, question.reused_from = found.script, found, None
    question.state, question.answered_by, question.answered_at = QuestionState.DRAFTED, actor, timezone.now()
    fields = ["answer", "library_item", "reused_from", "state", "answered_by", "answered_at"]
    save_version(question, fields, version)
    return question
