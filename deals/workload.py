"""How many open opportunities people carry, for their load and for what they leave behind."""

from collections.abc import Collection

from django.db.models import Count

from deals.models import Opportunity


def owned_by(users: Collection[int]) -> dict[int, int]:
    """Open opportunities by owner."""
    rows = Opportunity.objects.open().filter(owner__in=users).order_by().values("owner").annotate(held=Count("pk"))
    return {row["owner"]: row["held"] for row in rows}


def claimed_by(users: Collection[int]) -> dict[int, int]:
    """Open opportunities by the SE who claimed them."""
    rows = Opportunity.objects.open().filter(se__in=users).order_by().values("se").annotate(held=Count("pk"))
    return {row["se"]: row["held"] for row in rows}
