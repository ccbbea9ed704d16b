"""Who may do what, as django-rules predicates. Rooms above add their own in their `permissions.py`.

A predicate is the one answer to "may they?": templates ask `user.has_perm("leads.accept_lead", lead)`,
actions enforce the same with `require(user, "leads.accept_lead", lead)`.
"""

import rules
from django.db import models

from people.models import Dashboard, Membership, Role, Sharing, User
from presales.errors import NotAllowed

is_admin = rules.predicate(lambda user: user.is_authenticated and user.role == Role.ADMIN, name="is_admin")
is_manager = rules.predicate(lambda user: user.is_authenticated and user.role == Role.MANAGER, name="is_manager")
is_ae = rules.predicate(lambda user: user.is_authenticated and user.role == Role.AE, name="is_ae")
is_se = rules.predicate(lambda user: user.is_authenticated and user.role == Role.SE, name="is_se")
is_marketing = rules.predicate(lambda user: user.is_authenticated and user.role == Role.MARKETING, name="is_marketing")


@rules.predicate
def is_owner(user: User, record: models.Model | None) -> bool:
    """The record's `owner` is this person."""
    return record is not None and record.owner_id == user.pk


@rules.predicate
def manages_team(user: User, record: models.Model | None) -> bool:
    """A manager of the record's team, or of a team above it; an admin manages all."""
    if user.role == Role.ADMIN:
        return True
    return user.role == Role.MANAGER and record is not None and record.team_id in user.team_ids


@rules.predicate
def in_team(user: User, record: models.Model | None) -> bool:
    """The record belongs to a team of this person's."""
    return record is not None and record.team_id in user.team_ids


@rules.predicate
def is_self(user: User, person: User | None) -> bool:
    """The person themselves."""
    return person is not None and person.pk == user.pk


@rules.predicate
def manages_person(user: User, person: User | None) -> bool:
    """A manager of a team in which the person is, or of a team above it; an admin manages all."""
    if user.role == Role.ADMIN:
        return True
    if user.role != Role.MANAGER or person is None:
        return False
    return Membership.objects.filter(user=person, team__in=user.team_ids).exists()


@rules.predicate
def keeps_dashboard(user: User, dashboard: Dashboard | None) -> bool:
    """Its owner; an admin, where it is shared."""
    if dashboard is None:
        return False
    return dashboard.owner_id == user.pk or (user.role == Role.ADMIN and dashboard.sharing != Sharing.PRIVATE)


rules.add_perm("people.edit_dashboard", keeps_dashboard)
rules.add_perm("people.share_with_all", is_admin | is_manager | is_marketing)
rules.add_perm("people.manage_people", is_admin)
rules.add_perm("people.plan_absences", is_self | manages_person)
rules.add_perm("people.see_teams", is_admin | is_manager)
rules.add_perm("presales.see_jobs", is_admin)


def require(user: User | None, permission: str, record: models.Model | None = None) -> None:
    """Refuse unless `user` has `permission` on `record`. None is a job, which may.

    Raises:
        NotAllowed: with a sentence for the person.
    """
    if user is not None and not (user.is_active and user.has_perm(permission, record)):
        raise NotAllowed("Your role does not include this. Ask the owner of the record or a manager.")
