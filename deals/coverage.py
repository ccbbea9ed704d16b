"""How far the solution covers what a deal's customer wants, from its requirements."""

from collections import Counter
from dataclasses import dataclass

from deals.models import Fit, Importance, Requirement

READY = (Fit.NATIVE, Fit.CONFIGURABLE)


@dataclass(frozen=True)
class Group:
    """The requirements of one importance."""

    importance: Importance
    rows: list[Requirement]

    @property
    def fits(self) -> list[tuple[str, str, int]]:
        """Fit, its label and how many there are, best first, what is not judged last; none without any."""
        counts = Counter(row.fit for row in self.rows)
        kinds = [*Fit.choices, ("", "Not judged yet")]
        return [(fit, label, counts[fit]) for fit, label in kinds if counts[fit]]

    @property
    def ready(self) -> int:
        """How many are met by what there is today, out of the box or by configuration."""
        return sum(row.fit in READY for row in self.rows)

    @property
    def unjudged(self) -> int:
        """How many nobody has judged."""
        return sum(not row.fit for row in self.rows)

    @property
    def percent(self) -> int:
        """How many of a hundred are met by what there is today, rounded down: 100 means all."""
        return self.ready * 100 // len(self.rows) if self.rows else 0


def groups_of(rows: list[Requirement]) -> list[Group]:
    """`rows`, in their order, by importance; an importance without any is left out."""
    found = [Group(importance, [row for row in rows if row.importance == importance]) for importance in Importance]
    return [group for group in found if group.rows]
