"""The story of a deal, read from the history's event tables."""

import datetime
from dataclasses import dataclass

from django.utils import timezone

from deals.models import Claim, Opportunity, Stage
from presales.history import Entry, changes_of


@dataclass
class StageTime:
    """How long the deal rested in a stage, in days, and when it entered last."""

    stage: Stage
    days: float
    entered: datetime.datetime


def timeline(opportunity: Opportunity, events: list, claims: list[Claim], stages: list[Stage]) -> list[Entry]:
    """Changes of the deal (its `events` as history.events_of reads them) and of its claims, newest first."""
    names = {stage.pk: stage.name for stage in stages}
    entries = changes_of(opportunity, limit=60, events=events, known={Stage: names})
    for claim in claims:
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


def stage_times(opportunity: Opportunity, events: list, stages: list[Stage]) -> list[StageTime]:
    """Days in each stage, from the same event rows."""
    visits: list[tuple[int, datetime.datetime]] = []
    for event in reversed(events):
        if not visits or visits[-1][0] != event.stage_id:
            visits.append((event.stage_id, event.stage_since or event.pgh_created_at))
    if not visits:
        return []
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
