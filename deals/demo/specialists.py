"""A specialist who helps on a deal of the other territory, and one whom the first SE is asked to be."""

from datetime import timedelta

from deals.actions import specialists as actions
from deals.demo.clock import at, days_ago
from deals.models import Opportunity, SpecialistRequest
from people.models import User


def tell() -> None:
    """Both keep the last activity of their deals, so that a deal that rests goes on resting."""
    deals = (
        Opportunity.objects.open().exclude(owner=None).select_related("owner", "se").order_by("-last_activity_at", "pk")
    )
    se, continental = (User.objects.get(email=f"{login}@demo.example") for login in ("se", "se3"))
    first = deals.filter(se=se).first()
    if first is not None:
        request = _ask(
            se, first, "security", "Security", days=6, within=9, named=continental,
            purpose="Their auditors ask how we keep European data apart. Half an hour with them would settle it.",
        )  # fmt: skip
        with at(days_ago(5)):
            actions.accept_specialist(continental, request)
        _keep(first)
    second = deals.filter(se=continental).first()
    if second is not None:
        _ask(
            second.owner, second, "architect", "PostgreSQL", days=1, within=5,
            purpose="Their architect wants to hear from somebody who has moved such a database before.",
        )  # fmt: skip
        _keep(second)


def _ask(
    actor: User, deal: Opportunity, kind: str, skill: str, *, days: int, within: int, purpose: str,
    named: User | None = None,
) -> SpecialistRequest:  # fmt: skip
    moment = days_ago(days)
    wanted = SpecialistRequest(
        kind=kind, skill=skill, purpose=purpose, due_on=(moment + timedelta(days=within)).date(), named=named
    )
    with at(moment):
        return actions.ask_specialist(actor, deal, wanted)


def _keep(deal: Opportunity) -> None:
    Opportunity.objects.filter(pk=deal.pk).update(last_activity_at=deal.last_activity_at)
