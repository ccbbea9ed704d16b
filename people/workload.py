"""What people hold, counted by the rooms above: each registers a `Workload` when the site starts."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal

from people.models.users import User

Counts = dict[int, int]
Weights = dict[int, int | Decimal]


@dataclass(frozen=True)
class Workload:
    """One kind of work: `counts(user ids)` gives how many are open by user id, missing ids have none.

    `role` names the role whose capacity it fills ("" for none); `weights(user ids)` by how much, where that is not
    the number.
    """

    label: str
    counts: Callable[[Collection[int]], Counts]
    role: str = ""
    weights: Callable[[Collection[int]], Weights] | None = None


workloads: list[Workload] = []


@dataclass(frozen=True)
class Load:
    """How full a person is; `capacity` is None where the role has no limit."""

    held: int | Decimal
    capacity: int | None

    def __str__(self) -> str:
        held = f"{float(self.held):g}"
        return held if self.capacity is None else f"{held} of {self.capacity}"

    @property
    def free(self) -> int | Decimal | None:
        """What still fits, below zero when over capacity; None where there is no limit."""
        return None if self.capacity is None else self.capacity - self.held

    def takes(self, weight: int | Decimal) -> bool:
        """Whether `weight` still fits on top."""
        return self.free is None or weight <= self.free

    @property
    def is_over(self) -> bool:
        """More than there is room for."""
        return not self.takes(0)

    @property
    def tone(self) -> str:
        """good, warn from 80 % on, bad when over capacity."""
        if self.capacity is None or (not self.capacity and not self.held):
            return "quiet"
        if self.is_over:
            return "bad"
        return "warn" if self.held >= self.capacity * Decimal("0.8") else "good"


def loads(people: Iterable[User]) -> dict[int, Load]:
    """The load of each person by id; one query per registered workload."""
    people = list(people)
    held: Weights = {}
    for workload in workloads:
        ids = [person.pk for person in people if person.role == workload.role]
        if ids:
            for pk, amount in (workload.weights or workload.counts)(ids).items():
                held[pk] = held.get(pk, 0) + amount
    return {person.pk: Load(held.get(person.pk, 0), person.effective_capacity) for person in people}


def holdings(person: User) -> list[tuple[str, int]]:
    """What stays with a person who leaves: label and count, without empty ones."""
    found = [(workload.label, workload.counts([person.pk]).get(person.pk, 0)) for workload in workloads]
    return [(label, count) for label, count in found if count]
