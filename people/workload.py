"""What people hold, counted by the rooms above: each registers a `Workload` when the site starts."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal

from people.models.users import User

Counts = dict[int, int | Decimal]


@dataclass(frozen=True)
class Workload:
    """One kind of work: `counts(user ids)` gives the open amount by user id, missing ids have none.

    `role` names the role whose capacity it fills ("" for none).
    """

    label: str
    counts: Callable[[Collection[int]], Counts]
    role: str = ""


workloads: list[Workload] = []


@dataclass(frozen=True)
class Load:
    """How full a person is; `capacity` is None where the role has no limit."""

    held: int | Decimal
    capacity: int | None

    @property
    def tone(self) -> str:
        """good, warn from 80 % on, bad when over capacity."""
        if not self.capacity:
            return "quiet"
        share = self.held / self.capacity
        return "bad" if share > 1 else "warn" if share >= Decimal("0.8") else "good"


def loads(people: Iterable[User]) -> dict[int, Load]:
    """The load of each person by id; one query per registered workload."""
    people = list(people)
    held: Counts = {}
    for workload in workloads:
        ids = [person.pk for person in people if person.role == workload.role]
        if ids:
            for pk, count in workload.counts(ids).items():
                held[pk] = held.get(pk, 0) + count
    return {person.pk: Load(held.get(person.pk, 0), person.effective_capacity) for person in people}


def holdings(person: User) -> list[tuple[str, int | Decimal]]:
    """What stays with a person who leaves: label and count, without empty ones."""
    found = [(workload.label, workload.counts([person.pk]).get(person.pk, 0)) for workload in workloads]
    return [(label, count) for label, count in found if count]
