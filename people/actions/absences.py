"""Planning when people are away: one's own absences, and a manager's those of the team."""

import datetime

from people.models import Absence, User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict


@action
def add_absence(actor: User | None, person: User, *, starts_on: datetime.date, ends_on: datetime.date) -> Absence:
    """`person` is away from `starts_on` to `ends_on`, both included.

    Raises:
        NotAllowed: neither the person themselves nor a manager of theirs.
        Conflict: the days are not in order, or overlap another absence of the person's.
    """
    require(actor, "people.plan_absences", person)
    _lock(person.pk)
    _check(person.pk, starts_on, ends_on)
    return Absence.objects.create(user=person, starts_on=starts_on, ends_on=ends_on)


@action
def change_absence(
    actor: User | None, absence: Absence, version: int, *, starts_on: datetime.date, ends_on: datetime.date
) -> Absence:  # fmt: skip
    """Other days; refuses as `add_absence` does.

    Raises:
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "people.plan_absences", absence.user)
    _lock(absence.user_id)
    locked = Absence.objects.select_for_update().filter(pk=absence.pk).first()
    if locked is None:
        raise Conflict("This absence was removed in the meantime.")
    _check(absence.user_id, starts_on, ends_on, besides=absence.pk)
    locked.starts_on, locked.ends_on = starts_on, ends_on
    save_version(locked, ["starts_on", "ends_on"], version)
    return locked


@action
def remove_absence(actor: User | None, absence: Absence) -> None:
    """It will not be; removing twice is a success."""
    require(actor, "people.plan_absences", absence.user)
    Absence.objects.filter(pk=absence.pk).delete()


def _lock(person: int) -> None:
    """Two plans of one person wait for each other, so that they cannot overlap."""
    User.objects.select_for_update(no_key=True).get(pk=person)


def _check(person: int, starts_on: datetime.date, ends_on: datetime.date, besides: int | None = None) -> None:
    if ends_on < starts_on:
        raise Conflict("The last day cannot be before the first.")
    other = (
        Absence.objects.filter(user=person, starts_on__lte=ends_on, ends_on__gte=starts_on).exclude(pk=besides).first()
    )
    if other is not None:
        raise Conflict(f"That overlaps the absence from {other.starts_on:%-d %b} to {other.ends_on:%-d %b}.")
