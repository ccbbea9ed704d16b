"""Rows that failed three times: each kind registers here how to find them and how to try them again."""

from collections.abc import Callable
from dataclasses import dataclass

from django.apps import apps
from django.db.models import QuerySet

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
    """What of one kind was given up: how many, and the first of them."""

    kind: Kind
    count: int
    rows: list


def given_up() -> list[GivenUp]:
    """The kinds of which something was given up; a query for each kind, and one for the rows."""
    found = []
    for kind in kinds().values():
        if count := kind.rows().count():
            found.append(GivenUp(kind, count, list(kind.rows().order_by("pk")[:SHOWN])))
    return found
