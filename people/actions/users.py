"""Inviting, changing and switching off people."""

from collections.abc import Collection

from django.db import IntegrityError, transaction

from people.models import Membership, Role, Team, User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict

FIELDS = ["name", "role", "title", "seniority", "manager", "time_zone", "skills", "verticals", "capacity"]


@action
def invite_person(actor: User, person: User, teams: Collection[Team]) -> User:
    """Create `person`, unsaved so far, without a password, as a member of `teams`.

    Raises:
        NotAllowed: the actor is no admin.
        Conflict: the address is taken.
    """
    require(actor, "people.manage_people")
    person.email = person.email.strip().lower()
    person.set_unusable_password()
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError as error:
        raise Conflict("Somebody has this e-mail address already.") from error
    Membership.objects.bulk_create(Membership(team=team, user=person) for team in teams)
    return person


@action
def change_person(actor: User, person: User, teams: Collection[Team], version: int) -> User:
    """Save FIELDS of `person` and put them into exactly `teams`.

    Raises:
        NotAllowed: the actor is no admin.
        StaleEdit: saved elsewhere in between.
        Conflict: nobody would be admin any more.
    """
    require(actor, "people.manage_people")
    if person.role != Role.ADMIN:
        _keep_an_admin(person)
    save_version(person, FIELDS, version)
    wanted = {team.pk for team in teams}
    person.memberships.exclude(team__in=wanted).delete()
    had = set(person.memberships.values_list("team_id", flat=True))
    Membership.objects.bulk_create(Membership(team_id=pk, user=person) for pk in sorted(wanted - had))
    return person


@action
def switch_off(actor: User, person: User) -> User:
    """End the person's sessions and let them sign in no more; what they own stays theirs until reassigned.

    Raises:
        NotAllowed: the actor is no admin.
        Conflict: the actor themselves, or the last admin.
    """
    require(actor, "people.manage_people")
    if actor is not None and actor.pk == person.pk:
        raise Conflict("You cannot switch off your own account. Ask another admin.")
    _keep_an_admin(person)
    person = User.objects.select_for_update().get(pk=person.pk)
    if person.is_active:
        person.is_active = False
        person.sign_ins_ended += 1
        person.version += 1
        person.save(update_fields=["is_active", "sign_ins_ended", "version"])
    return person


@action
def switch_on(actor: User, person: User) -> User:
    """Let the person sign in again.

    Raises:
        NotAllowed: the actor is no admin.
    """
    require(actor, "people.manage_people")
    person = User.objects.select_for_update().get(pk=person.pk)
    if not person.is_active:
        person.is_active = True
        person.version += 1
        person.save(update_fields=["is_active", "version"])
    return person


@action
def end_sign_ins(actor: User, person: User) -> User:
    """Sign the person out everywhere: the own sessions, or, as an admin, somebody's.

    Raises:
        NotAllowed: somebody else's, without being admin.
    """
    if actor is None or actor.pk != person.pk:
        require(actor, "people.manage_people")
    person = User.objects.select_for_update().get(pk=person.pk)
    person.sign_ins_ended += 1
    person.save(update_fields=["sign_ins_ended"])
    return person


def _keep_an_admin(person: User) -> None:
    """Refuse if `person` is the only active admin. Locks the admins, so that two at once cannot both leave."""
    admins = list(User.objects.select_for_update().in_role(Role.ADMIN).order_by("pk").values_list("pk", flat=True))
    if admins == [person.pk]:
        raise Conflict("This is the only admin. Make somebody else admin first.")
