"""The story of a deal, read from the history's event tables."""

import datetime
from dataclasses import dataclass

from django.db.models.functions import Coalesce
from django.utils import timezone

from deals.models import Opportunity, Stage
from presales.history import Entry, changes_of


@dataclass
class StageTime:
    """How long the deal rested in a stage, in days, and when it entered last."""

    stage: Stage
    days: float
    entered: datetime.datetime


def timeline(opportunity: Opportunity) -> list[Entry]:
    """Changes of the deal and of its claims, newest first."""
    entries = changes_of(opportunity, limit=60)
    for claim in opportunity.claims.select_related("se", "assigned_by"):
        title = f"was assigned by {claim.assigned_by}" if claim.assigned_by else "claimed the deal"
        entries.append(
            Entry(at=claim.claimed_at, kind="claim", title=title, who=claim.se.name, icon="hand-grab", channel="web")
        )
        if claim.ended_at:
            title = f"no longer has the deal: {claim.get_end_display().lower()}"
            entries.append(
                Entry(
                    at=claim.ended_at,
                    kind="claim",
                    title=title,
                    who=claim.se.name,
                    icon="hand-off",
                    reason=claim.note,
                    channel="web",
                )
            )
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def stage_times(opportunity: Opportunity, stages: list[Stage]) -> list[StageTime]:
    """Days in each stage, from the event rows; one query."""
    events = (
        opportunity.events.annotate(at=Coalesce("stage_since", "pgh_created_at"))
        .order_by("pgh_id")
        .values_list("stage_id", "at")
    )
    visits: list[tuple[int, datetime.datetime]] = []
    for stage_id, at in events:
        if not visits or visits[-1][0] != stage_id:
            visits.append((stage_id, at))
    ends = [at for _, at in visits[1:]] + [timezone.now() if opportunity.is_open else opportunity.stage_since]
    known = {stage.pk: stage for stage in stages}
    times: dict[int, StageTime] = {}
    for (stage_id, entered), left in zip(visits, ends, strict=True):
        stage = known.get(stage_id)
        if stage is None or not stage.is_open:
            continue
        days = max((left - entered).total_seconds() / 86400, 0)
        before = times.get(stage_id)
        times[stage_id] = StageTime(stage, days + (before.days if before else 0), entered)
    return sorted(times.values(), key=lambda item: item.stage.order)
