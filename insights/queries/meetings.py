"""How well meetings are prepared and remembered, by AE, SE and team."""

import datetime
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from deals.models import HUDDLE_POINTS, Debrief, HuddlePoint, Meeting


@dataclass(frozen=True)
class Habits:
    """Meetings that took place, and how many of them had a whole huddle and both debriefs."""

    label: str
    held: int
    huddled: int
    debriefed: int

    @property
    def huddle_rate(self) -> Decimal | None:
        """Meetings with all five points ticked ÷ meetings held, in percent."""
        return _share(self.huddled, self.held)

    @property
    def debrief_rate(self) -> Decimal | None:
        """Meetings with a debrief of the AE's and one of the SE's ÷ meetings held, in percent."""
        return _share(self.debriefed, self.held)


def _share(part: int, whole: int) -> Decimal | None:
    return (Decimal(100) * part / whole).quantize(Decimal(1), ROUND_HALF_UP) if whole else None


def habits_of(
    deals: QuerySet, now: datetime.datetime, since: datetime.datetime, until: datetime.datetime
) -> dict[tuple[int | None, int | None], Habits]:
    """The habits of the meetings that ended in between by `(owner, SE)` of their deals, in one query."""
    held, wanted = _held(deals, now, since, until)
    rows = held.order_by().values(owner=F("opportunity__owner"), se=F("opportunity__se")).annotate(**wanted)
    return {(row["owner"], row["se"]): Habits("", row["held"], row["huddled"], row["debriefed"]) for row in rows}


def habits(deals: QuerySet, now: datetime.datetime, since: datetime.datetime, until: datetime.datetime) -> dict:
    """`total`, and lists `owners`, `ses` and `teams`, of the meetings of `deals` that ended in between."""
    held, wanted = _held(deals, now, since, until)

    def by(name: str, nobody: str) -> list[Habits]:
        rows = held.order_by().values(label=F(name)).annotate(**wanted)
        found = [Habits(row["label"] or nobody, row["held"], row["huddled"], row["debriefed"]) for row in rows]
        return sorted(found, key=lambda row: (row.debrief_rate, row.label))

    return {
        "total": Habits("All", **held.aggregate(**wanted)),
        "owners": by("opportunity__owner__name", "No AE"),
        "ses": by("opportunity__se__name", "No SE"),
        "teams": by("opportunity__team__name", "No team"),
    }


def _held(deals: QuerySet, now: datetime.datetime, since: datetime.datetime, until: datetime.datetime) -> tuple:
    """The meetings of `deals` that ended in between, and what to count of them."""
    ticked = HuddlePoint.objects.filter(meeting=OuterRef("pk")).order_by().values("meeting")
    written = Debrief.objects.filter(meeting=OuterRef("pk"))
    held = Meeting.objects.ended(now).filter(opportunity__in=deals, ends_at__gte=since, ends_at__lt=until).annotate(
        points=Coalesce(Subquery(ticked.annotate(n=Count("pk")).values("n")), 0),
        both=Exists(written.filter(lane=Debrief.Lane.AE)) & Exists(written.filter(lane=Debrief.Lane.SE)),
    )  # fmt: skip
    wanted = {
        "held": Count("pk"),
        "huddled": Count("pk", filter=Q(points__gte=HUDDLE_POINTS)),
        "debriefed": Count("pk", filter=Q(both=True)),
    }
    return held, wanted
