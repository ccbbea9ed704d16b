"""Rows that failed three times: each kind registers here how to find them and how to try them again."""

from collections.abc import Callable
from dataclasses import dataclass

from django.apps import apps
from django.db.models import Count, Max, QuerySet, Value

from presales.derived import Derived

SHOWN = 20


@dataclass(frozen=True)
class Kind:
    """One kind of row that the worker gives up on: `rows` have `attempts` and `last_error`; `retry` says how many."""

    key: str
    what: str
    rows: Callable[[], QuerySet]
    retry: Callable[[], int]


_registered: list[Kind] = []


def register(kind: Kind) -> None:
    """Make a kind known, besides the derived rows, which are known by themselves."""
    _registered.append(kind)


def derived_models() -> list[type[Derived]]:
    """Every model of rows that the worker derives."""
    return [model for model in apps.get_models() if issubclass(model, Derived)]


def named(label: str) -> str:
    """What rows of the model `label` (`leads.leadscore`) are called."""
    return str(apps.get_model(label)._meta.verbose_name_plural)


def kinds() -> dict[str, Kind]:
    """Every kind by its key."""
    derived = [
        Kind(
            model._meta.label_lower.replace(".", "-"), str(model._meta.verbose_name_plural), model.objects.set_aside,
            lambda model=model: model.objects.set_aside().mark_stale(),
        )
        for model in derived_models()
    ]  # fmt: skip
    return {kind.key: kind for kind in [*derived, *_registered]}


@dataclass(frozen=True)
class GivenUp:
    """What of one kind was given up: how many, and one of their errors."""

    kind: Kind
    count: int
    error: str

    def first(self) -> QuerySet:
        """The rows that were given up first."""
        return self.kind.rows().order_by("pk")[:SHOWN]


def given_up() -> list[GivenUp]:
    """The kinds of which something was given up; one query for all of them."""
    known = kinds()
    counts = [
        kind.rows().order_by().values(of_kind=Value(key)).annotate(count=Count("pk"), error=Max("last_error"))
        for key, kind in known.items()
    ]  # fmt: skip
    found = counts[0].union(*counts[1:], all=True).order_by("of_kind")
    return [GivenUp(known[row["of_kind"]], row["count"], row["error"]) for row in found if row["count"]]
