"""Looking back at a lost deal: AE and SE each alone, then the lesson they agree on."""

from collections.abc import Iterable

from django.utils import timezone

from deals.models import Autopsy, AutopsyView, Opportunity, Outcome
from people.models import Role, User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict, StaleEdit
from qualification.models import Evidence

FIELDS = ["missed", "first_known", "known_on", "wrong", "again"]


def lane_of(user: User, opportunity: Opportunity) -> str:
    """On which side of the pair `user` looks back at the deal; "" on neither."""
    if user.role == Role.SE and user.pk == opportunity.se_id:
        return AutopsyView.Lane.SE
    return AutopsyView.Lane.AE if user.pk == opportunity.owner_id else ""


def still_to_write(opportunity: Opportunity, lanes: Iterable[str]) -> list[User]:
    """Who of the two has not written yet, where `lanes` have. A deal without an SE has one view."""
    both = ((AutopsyView.Lane.AE, opportunity.owner), (AutopsyView.Lane.SE, opportunity.se))
    return [person for lane, person in both if person is not None and lane not in lanes]


@action
def write_view(
    actor: User, opportunity: Opportunity, view: AutopsyView, evidence: Iterable[Evidence] = (),
    version: int | None = None,
) -> AutopsyView:  # fmt: skip
    """Keep the own view of a lost deal: a new one, or the changed one that had `version`.

    Raises:
        NotAllowed: neither AE nor SE of the deal.
        Conflict: the deal is not lost, the lesson is agreed, or that evidence is another deal's.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.write_autopsy", opportunity)
    autopsy = autopsy_of(opportunity)
    if autopsy.is_agreed:
        raise Conflict("The lesson is agreed. What led to it stays as it was.")
    evidence = list(evidence)
    if any(entry.dossier_id != opportunity.dossier_id for entry in evidence):
        raise Conflict("That evidence belongs to another deal.")
    lane = lane_of(actor, opportunity)
    stored = AutopsyView.objects.select_for_update().filter(autopsy=autopsy, lane=lane).first()
    if view.pk:
        if stored is None or stored.pk != view.pk or stored.author_id != actor.pk:
            raise Conflict("This view is not yours to change.")
        save_version(view, FIELDS, version)
    elif stored is not None:
        if stored.author_id != actor.pk:
            raise Conflict(f"{stored.author} has written the {stored.get_lane_display()}'s view. Agree on the lesson.")
        raise StaleEdit("You have written your view meanwhile. Nothing was overwritten.")
    else:
        view.autopsy, view.author, view.lane, view.written_at = autopsy, actor, lane, timezone.now()
        view.save(force_insert=True)
    view.wrong_evidence.set(evidence)
    _touch(opportunity)
    return view


@action
def agree_lesson(actor: User, autopsy: Autopsy, lesson: str, version: int) -> Autopsy:
    """Write down what both take from it, or change it later. With that the autopsy is done.

    A manager may close it without a view that will never come, because somebody has left.

    Raises:
        NotAllowed: neither of the two nor their manager.
        Conflict: a view is missing, no lesson, or the deal is open again.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.agree_lesson", autopsy.opportunity)
    deal = Opportunity.objects.select_for_update(of=("self",)).get(pk=autopsy.opportunity_id)
    locked = Autopsy.objects.select_for_update(of=("self",)).get(pk=autopsy.pk)
    if locked.is_record:
        raise Conflict("The deal was opened again. This is the record of an earlier closing.")
    if not lesson.strip():
        raise Conflict("Say what the two of you take from it.")
    missing = still_to_write(deal, locked.views.values_list("lane", flat=True))
    if missing and not actor.has_perm("deals.close_autopsy", deal):
        raise Conflict(f"{' and '.join(map(str, missing))} has not written yet. Each looks back alone first.")
    autopsy.lesson = lesson.strip()
    autopsy.agreed_by, autopsy.agreed_at = actor, timezone.now()
    save_version(autopsy, ["lesson", "agreed_by", "agreed_at"], version)
    _touch(deal)
    return autopsy


def autopsy_of(opportunity: Opportunity) -> Autopsy:
    """The autopsy of the deal's closing, for update; made where the deal was lost before there were autopsies."""
    deal = Opportunity.objects.select_for_update(of=("self",)).get(pk=opportunity.pk)
    if deal.outcome != Outcome.LOST:
        raise Conflict("The deal is not lost.")
    found = Autopsy.objects.current().select_for_update(of=("self",)).filter(opportunity=deal).first()
    return found or owe(deal)


def owe(opportunity: Opportunity) -> Autopsy:
    """The deal has just been lost: its autopsy is owed. Called inside the closing action."""
    return Autopsy.objects.create(
        opportunity=opportunity, closed_on=opportunity.closed_on, lost_reason=opportunity.lost_reason,
        lost_to=opportunity.lost_to,
    )  # fmt: skip


def keep_as_record(opportunity: Opportunity) -> None:
    """The deal is opened again: its autopsy stays as a record of that closing. Called inside `reopen`."""
    Autopsy.objects.current().filter(opportunity=opportunity).update(reopened_at=timezone.now())


def _touch(opportunity: Opportunity) -> None:
    Opportunity.objects.filter(pk=opportunity.pk).update(last_activity_at=timezone.now())
