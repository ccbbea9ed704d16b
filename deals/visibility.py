"""Who sees which opportunities."""

from django.db.models import BooleanField, Exists, OuterRef, Q, QuerySet, Subquery

from people.models import Role, User
from presales.sql import Template


def opportunities_visible_to(queryset: QuerySet, user: User) -> QuerySet:
    """Admins see all; managers and AEs those of their teams and their own; SEs what waits in the queue of
    their teams, what they claimed, now or before, and what they help with as a specialist as long as they do;
    marketing none."""
    from deals.models.queue import Claim, QueueEntry
    from deals.models.specialists import SpecialistRequest

    if user.role == Role.ADMIN:
        return queryset
    if user.role in (Role.MANAGER, Role.AE):
        return queryset.filter(Q(team__in=user.team_ids) | Q(owner=user))
    if user.role == Role.SE:
        waiting = QueueEntry.objects.waiting().filter(opportunity=OuterRef("pk"))
        claimed = Claim.objects.filter(opportunity=OuterRef("pk"), se=user)
        helped = SpecialistRequest.objects.engaged().filter(opportunity=OuterRef("pk"), specialist=user)
        own = Q(se=user) | Q(Exists(claimed)) | Q(Exists(helped))
        return queryset.filter(own | (Q(team__in=user.team_ids) & Q(Exists(waiting))))
    return queryset.none()


def opportunities_offered_to(queryset: QuerySet, user: User) -> QuerySet:
    """What `user` sees, and for SEs also what their teams' queue once offered and somebody took meanwhile.

    Only for answering a click in a queue that was loaded before: whoever could see the deal there hears who was
    faster. Pages and lists keep to `visible_to`.
    """
    from deals.models.queue import QueueEntry

    if user.role != Role.SE:
        return queryset.visible_to(user)
    offered = QueueEntry.objects.filter(opportunity=OuterRef("pk"))
    mine = queryset.model.objects.visible_to(user).values("pk")
    return queryset.filter(Q(pk__in=mine) | (Q(team__in=user.team_ids) & Q(Exists(offered))))


def specialist_requests_visible_to(queryset: QuerySet, user: User) -> QuerySet:
    """Requests for specialists of the deals that `user` sees, and for SEs those that wait for them and those they
    took themselves, finished or withdrawn ones too: of such a deal they read what the request says and no more."""
    from deals.models.opportunities import Opportunity

    seen = Q(opportunity__in=Opportunity.objects.visible_to(user))
    if user.role == Role.SE:
        asked = queryset.model.objects.asked_of(user)
        seen |= Q(specialist=user) | Q(pk__in=asked.values("pk"))
    return queryset.filter(seen)


def specialist_requests_ever_offered_to(queryset: QuerySet, user: User) -> QuerySet:
    """What `user` sees, and for SEs also what was offered to them and somebody took meanwhile.

    Only for answering a click on a page that was loaded before, as with `opportunities_offered_to`.
    """
    seen = Q(pk__in=queryset.model.objects.visible_to(user).values("pk"))
    if user.role == Role.SE:
        seen |= Q(pk__in=queryset.model.objects.brought_by(user).values("pk"))
    return queryset.filter(seen)


def answers_visible_to(queryset: QuerySet, user: User) -> QuerySet:
    """Answers of RFPs on the deals that `user` sees, and from any deal those marked as reusable.

    The one place that says which past answers somebody finds, reads and takes over. Of a deal that `user` does not
    see (`seen` says which), pages show question and answer alone, never whose they were. Marketing reads none.
    """
    from deals.models.opportunities import Opportunity

    if user.role == Role.MARKETING:
        return queryset.none()
    # Asked deal by deal: the hits of a search are few, and the deals that somebody sees may be very many, which
    # PostgreSQL would collect first, were this an EXISTS.
    deal = Opportunity.objects.visible_to(user).filter(pk=OuterRef("rfp__opportunity")).order_by().values("pk")[:1]
    seen = Template("{0} IS NOT NULL", Subquery(deal), output_field=BooleanField())
    return queryset.annotate(seen=seen).filter(Q(is_reusable=True) | Q(seen=True)).exclude(answer="")
