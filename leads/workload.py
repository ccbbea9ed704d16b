"""How many leads people still work on."""

from collections.abc import Collection

from django.db.models import Count

from leads.models import Lead, LeadStage

CLOSED = (LeadStage.CONVERTED, LeadStage.DISQUALIFIED)


def open_leads_of(users: Collection[int]) -> dict[int, int]:
    """Leads by owner that are neither converted nor disqualified."""
    rows = (
        Lead.objects.unmerged()
        .filter(owner__in=users)
        .exclude(stage__in=CLOSED)
        .order_by()
        .values("owner")
        .annotate(held=Count("pk"))
    )
    return {row["owner"]: row["held"] for row in rows}
