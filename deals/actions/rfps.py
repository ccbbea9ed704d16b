"""Working on an RFP: in the technical lane, but each question also by the person it was given to."""

from pathlib import Path

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from deals import rfp_files
from deals.models import Opportunity, QuestionState, Rfp, RfpQuestion
from deals.models.rfps import BY_HAND
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict, StaleEdit
from presales.spreadsheets import Reading, Unreadable

FIELDS = ["name", "kind", "due_on", "sent_on", "owner", "note"]
ANSWER_FIELDS = [
    "answer", "fit", "state", "owner", "requirement", "is_reusable", "reused_from", "answered_by", "answered_at",
]  # fmt: skip


@action
def add_rfp(actor: User, opportunity: Opportunity, rfp: Rfp) -> Rfp:
    """Put an unsaved `rfp` on `opportunity`; its questions come with a file."""
    require(actor, "deals.work_technical", opportunity)
    _hold(opportunity)
    rfp.opportunity, rfp.created_by = opportunity, actor
    rfp.save(force_insert=True)
    return rfp


@action
def edit_rfp(actor: User, rfp: Rfp, version: int) -> Rfp:
    """Save the changed facts of `rfp`, such as its day, or that it was sent.

    Raises:
        NotAllowed: not in the actor's lane.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.work_technical", rfp.opportunity)
    _hold(rfp.opportunity)
    save_version(rfp, FIELDS, version)
    return rfp


@action
def remove_rfp(actor: User, rfp: Rfp) -> None:
    """Take an RFP off the deal, with its file and its answers; the history keeps them. Repeating it is a success."""
    require(actor, "deals.work_technical", rfp.opportunity)
    _hold(rfp.opportunity)
    Rfp.objects.filter(pk=rfp.pk).delete()
    _drop_file(rfp, rfp.file.name)


@action
def upload_questions(actor: User, rfp: Rfp, file: UploadedFile) -> Rfp:
    """Keep the customer's file and guess which column is what; `import_questions` then reads it.

    Raises:
        NotAllowed: not in the actor's lane.
        Conflict: the file cannot be read, or questions of the one before are answered.
    """
    rfp = _lock(actor, rfp)
    _must_be_unanswered(rfp)
    before = rfp.file.name
    suffix = ".xlsx" if file.name.lower().endswith(".xlsx") else ".csv"
    rfp.file.save(f"{rfp.pk}{suffix}", file, save=False)
    try:
        how, columns, first = rfp_files.look_into(Path(rfp.file.path))
    except Unreadable as error:
        rfp.file.delete(save=False)
        raise Conflict(str(error)) from None
    rfp.questions.of_file().delete()
    rfp.filename, rfp.reading, rfp.columns = file.name[-255:], how.as_json(), columns
    rfp.mapping = rfp_files.suggest(columns, first)
    rfp.version += 1
    rfp.save()
    _drop_file(rfp, before)
    return rfp


@action
def import_questions(actor: User, rfp: Rfp, mapping: dict[str, int], header_line: int) -> int:
    """Read the questions from the file, in place of those read before; how many there are.

    What stands in the column of the answers already becomes a draft.

    Raises:
        NotAllowed: not in the actor's lane.
        Conflict: no file, no question in it, one too long, or somebody has answered meanwhile.
    """
    rfp = _lock(actor, rfp)
    _must_be_unanswered(rfp)
    if not rfp.file:
        raise Conflict("Upload the customer's file first.")
    reading = rfp_files.with_header(Reading(**rfp.reading), header_line)
    try:
        found = list(rfp_files.questions(Path(rfp.file.path), reading, mapping))
    except Unreadable as error:
        raise Conflict(str(error)) from None
    if not found:
        raise Conflict("No line has anything in the column of the questions. Choose another one.")
    rfp.questions.of_file().delete()
    RfpQuestion.objects.bulk_create(
        (
            RfpQuestion(
                rfp=rfp, line=row.line, number=row.number, section=row.section, text=row.text, answer=row.answer,
                state=QuestionState.DRAFTED if row.answer else QuestionState.OPEN, owner_id=rfp.owner_id,
            )
            for row in found
        ),
        batch_size=500,
    )  # fmt: skip
    rfp.mapping, rfp.reading = mapping, reading.as_json()
    rfp.version += 1
    rfp.save()
    return len(found)


@action
def add_question(actor: User, rfp: Rfp, question: RfpQuestion) -> RfpQuestion:
    """Add a question that is in no file: it was asked on the phone, or came in a mail.

    Raises:
        NotAllowed: not in the actor's lane.
        Conflict: the RFP has as many as it may.
    """
    rfp = _lock(actor, rfp)
    if rfp.questions.count() >= rfp_files.MAX_QUESTIONS:
        raise Conflict(f"An RFP has up to {rfp_files.MAX_QUESTIONS:,} questions. Begin another one.")
    last = rfp.questions.by_hand().aggregate(last=Max("line"))["last"]
    question.rfp, question.line = rfp, (last or BY_HAND) + 1
    question.save(force_insert=True)
    return question


@action
def remove_question(actor: User, question: RfpQuestion) -> None:
    """Take off a question that was added by hand; the history keeps it. Repeating it changes nothing.

    Raises:
        NotAllowed: not in the actor's lane.
        Conflict: it stands in the customer's file.
    """
    _lock(actor, question.rfp)
    if not question.is_by_hand:
        raise Conflict("It stands in the customer's file, which goes back whole.")
    RfpQuestion.objects.filter(pk=question.pk).delete()


@action
def save_answer(actor: User, question: RfpQuestion, version: int) -> RfpQuestion:
    """Write the answer, how we do it, how far it is and whose it is.

    An answer makes an open question drafted; without one it is open, and nobody can reuse it.

    Raises:
        NotAllowed: neither in the technical lane nor the person the question was given to.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    deal = question.rfp.opportunity
    _hold(deal)
    stored = RfpQuestion.objects.select_related("rfp__opportunity").select_for_update(of=("self",))
    stored = stored.filter(pk=question.pk).first()
    if stored is None:
        raise Conflict("The question is gone: somebody has read the file anew.")
    require(actor, "deals.answer_question", stored)
    if not actor.has_perm("deals.work_technical", deal):
        question.owner_id, question.is_reusable = stored.owner_id, stored.is_reusable
        question.requirement_id = stored.requirement_id
    elif question.requirement is not None and question.requirement.opportunity_id != deal.pk:
        raise Conflict(f"“{question.requirement}” belongs to another deal.")
    if not question.answer:
        question.state, question.is_reusable, question.reused_from = QuestionState.OPEN, False, None
    elif question.state == QuestionState.OPEN:
        question.state = QuestionState.DRAFTED
    if (stored.answer, stored.fit) != (question.answer, question.fit):
        question.answered_by, question.answered_at = actor, timezone.now()
    save_version(question, ANSWER_FIELDS, version)
    return question


@action
def reuse_answer(actor: User, question: RfpQuestion, source: RfpQuestion, version: int) -> RfpQuestion:
    """Answer `question` as `source` was answered, as a draft, and count it there: once, however often it is repeated.

    Raises:
        NotAllowed: neither in the technical lane nor the person the question was given to.
        Conflict: the actor may not read that answer, or it is gone.
        StaleEdit: the question was saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.answer_question", question)
    _hold(question.rfp.opportunity)
    # Both rows in the order of their keys, so that two people who reuse each other's answers do not wait for ever.
    pks = {question.pk, source.pk}
    rows = {row.pk: row for row in RfpQuestion.objects.filter(pk__in=pks).order_by("pk").select_for_update()}
    readable = RfpQuestion.objects.answers_visible_to(actor).filter(pk=source.pk).exists()
    if source.pk == question.pk or not readable or question.pk not in rows:
        raise Conflict("That answer cannot be taken over any more. Look for another one.")
    stored, source = rows[question.pk], rows[source.pk]
    if stored.version != version:
        raise StaleEdit("Somebody else has answered this question meanwhile. Nothing was overwritten.")
    counted = stored.reused_from_id == source.pk
    stored.answer, stored.fit, stored.state = source.answer, source.fit, QuestionState.DRAFTED
    stored.reused_from, stored.answered_by, stored.answered_at = source, actor, timezone.now()
    save_version(stored, ANSWER_FIELDS, version)
    if not counted:
        RfpQuestion.objects.filter(pk=source.pk).update(reuse_count=F("reuse_count") + 1)
    return stored


@action
def assign_questions(actor: User, rfp: Rfp, pks: list[int], owner: User | None) -> int:
    """Give questions of `rfp` to somebody, or to nobody; how many changed hands.

    Raises:
        NotAllowed: not in the actor's lane.
        Conflict: some of them do not belong to this RFP; nothing was written.
    """
    rfp = _lock(actor, rfp)
    wanted = set(pks)
    found = rfp.questions.filter(pk__in=wanted)
    if found.count() != len(wanted):
        raise Conflict("Some of these questions are not there any more. Load the page again.")
    changed = found.exclude(owner=owner) if owner else found.exclude(owner=None)
    return changed.update(owner=owner, version=F("version") + 1)


def _lock(actor: User, rfp: Rfp) -> Rfp:
    require(actor, "deals.work_technical", rfp.opportunity)
    _hold(rfp.opportunity)
    return Rfp.objects.select_for_update(of=("self",)).select_related("opportunity").get(pk=rfp.pk)


def _must_be_unanswered(rfp: Rfp) -> None:
    if rfp.questions.of_file().exclude(answered_at=None).exists():
        raise Conflict("Questions of the present file are answered. For another file, add another RFP.")


def _hold(opportunity: Opportunity) -> None:
    """The deal saw work; holding its row first also keeps a new reading of a file and its answers apart."""
    Opportunity.objects.filter(pk=opportunity.pk).update(last_activity_at=timezone.now())


def _drop_file(rfp: Rfp, name: str) -> None:
    """Remove a file that is no longer referred to, once that is certain."""
    storage = rfp.file.storage
    if name:
        transaction.on_commit(lambda: storage.delete(name))
