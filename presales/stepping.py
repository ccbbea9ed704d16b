"""Going through a list one by one, round and round: what comes after, and what before."""

from typing import TypeVar

T = TypeVar("T")


def after(items: list[T], current: T | None) -> T | None:
    """The one after `current`, from the top again at the end; the first where `current` is none of them.

    None where there is no other.
    """
    place = next((place for place, item in enumerate(items) if item is current), None)
    if place is None:
        return items[0] if items else None
    others = items[place + 1 :] + items[:place]
    return others[0] if others else None


def before(items: list[T], current: T | None) -> T | None:
    """The same the other way round."""
    return after(items[::-1], current)
