"""Who sees which opportunities."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from people.models import Role, User


def opportunities_visible_to(queryset: QuerySet, user: User) -> QuerySet:
    """Admins see all; managers and AEs those of their teams and their own; SEs what waits in the queue of
    their teams and what they claimed, now or before; marketing none."""
    from deals.models.queue import Claim, QueueEntry

    if user.role == Role.ADMIN:
        return queryset
    if user.role in (Role.MANAGER, Role.AE):
        return queryset.filter(Q(team__in=user.team_ids) | Q(owner=user))
    if user.role == Role.SE:
        waiting = QueueEntry.objects.waiting().filter(opportunity=OuterRef("pk"))
        claimed = Claim.objects.filter(opportunity=OuterRef("pk"), se=user)
        return queryset.filter(Q(se=user) | Q(Exists(claimed)) | (Q(team__in=user.team_ids) & Q(Exists(waiting))))
    return queryset.none()
