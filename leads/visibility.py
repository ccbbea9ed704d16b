"""Who sees which leads and companies. Rooms above widen it for their own people through hooks.

A deal room's SE sees the lead behind a claimed opportunity; leads know nothing of opportunities, so
`deals` registers that as a hook when the site starts.
"""

from collections.abc import Callable

from django.db.models import Exists, OuterRef, Q, QuerySet

from people.models import Role, User

lead_hooks: list[Callable[[User], Q]] = []
company_hooks: list[Callable[[User], Q]] = []


def leads_visible_to(queryset: QuerySet, user: User) -> QuerySet:
    """Admins and marketing see all leads, managers and AEs those of their teams, AEs also their own."""
    if user.role in (Role.ADMIN, Role.MARKETING):
        return queryset
    seen = Q(pk__in=())
    if user.role in (Role.AE, Role.MANAGER):
        seen = Q(team__in=user.team_ids) | Q(owner=user)
    for hook in lead_hooks:
        seen |= hook(user)
    return queryset.filter(seen)


def leads_workable_by(queryset: QuerySet, user: User) -> QuerySet:
    """Those of `queryset` that `user` may change, as `leads.change_lead` says for one: for files of many."""
    from leads.models import LeadStage

    if user.role == Role.MARKETING:
        return queryset.filter(stage__in=(LeadStage.NEW, LeadStage.MQL, LeadStage.NURTURE))
    return leads_owned_by(queryset, user)


def leads_owned_by(queryset: QuerySet, user: User) -> QuerySet:
    """Those of `queryset` that are the AE's own or the manager's, as `leads.convert_lead` says for one."""
    if user.role == Role.ADMIN:
        return queryset
    if user.role == Role.MANAGER:
        return queryset.filter(team__in=user.team_ids)
    return queryset.filter(owner=user) if user.role == Role.AE else queryset.none()


def companies_visible_to(queryset: QuerySet, user: User) -> QuerySet:
    """Admins and marketing see all companies, others those they have a visible lead or deal with, or entered."""
    from leads.models import Lead

    if user.role in (Role.ADMIN, Role.MARKETING):
        return queryset
    seen = Q(created_by=user) | Q(Exists(Lead.objects.filter(company=OuterRef("pk")).visible_to(user)))
    for hook in company_hooks:
        seen |= hook(user)
    return queryset.filter(seen)
