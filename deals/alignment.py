"""The trend of a pair's alignment, as figures and as points of a small chart."""

import datetime
from dataclasses import dataclass, field

from django.utils import timezone

from deals.models import AlignmentCheck, AlignmentWish, Pairing
from deals.models.alignment import HIGHEST, LOWEST
from people.models import User

DAYS = 365
WIDTH, HEIGHT, MARGIN = 320, 96, 8
LABELS = 20  # left of the chart
MOST = 200


@dataclass
class Line:
    """One person's scores over time: the dots, and the line through them for an SVG polyline."""

    person: User
    lane: str
    dots: list[tuple[int, int, AlignmentCheck]] = field(default_factory=list)

    @property
    def points(self) -> str:
        """The corners of the line, in SVG's words."""
        return " ".join(f"{x},{y}" for x, y, _ in self.dots)

    @property
    def latest(self) -> AlignmentCheck | None:
        """The newest rating that may be seen."""
        return self.dots[-1][2] if self.dots else None

    @property
    def change(self) -> int:
        """By how much the newest differs from the one before."""
        return self.dots[-1][2].score - self.dots[-2][2].score if len(self.dots) > 1 else 0

    @property
    def before(self) -> int | None:
        """The score before the newest."""
        return self.dots[-2][2].score if len(self.dots) > 1 else None


@dataclass
class Alignment:
    """What one person may see of a pair's alignment: the ratings, newest first, with the wishes that may be read."""

    checks: list[AlignmentCheck]
    lines: list[Line]
    own: AlignmentCheck | None


def alignment(pairing: Pairing, user: User) -> Alignment:
    """The ratings of the last year that `user` may know of; two queries."""
    today = timezone.localdate()
    since = today - datetime.timedelta(days=DAYS)
    visible = AlignmentCheck.objects.visible_to(user).filter(pairing=pairing, rated_on__gte=since)
    checks = list(visible.select_related("author")[:MOST])
    wishes = AlignmentWish.objects.visible_to(user).filter(check_of__in=[check.pk for check in checks])
    texts = dict(wishes.values_list("check_of", "text"))
    lines = [Line(pairing.ae, "AE"), Line(pairing.se, "SE")]
    first = min((check.rated_on for check in checks), default=today)
    for check in reversed(checks):
        check.readable = texts.get(check.pk, "")
        for line in lines:
            if line.person.pk == check.author_id:
                line.dots.append((_x(check.rated_on, first, today), _y(check.score), check))
    own = next((check for check in checks if check.author_id == user.pk), None)
    return Alignment(checks, [line for line in lines if line.dots], own)


def _x(day: datetime.date, first: datetime.date, last: datetime.date) -> int:
    span = max((last - first).days, 1)
    return round(LABELS + (WIDTH - LABELS - MARGIN) * (day - first).days / span)


def _y(score: int) -> int:
    return round(HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (score - LOWEST) / (HIGHEST - LOWEST))
