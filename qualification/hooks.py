"""What the rooms above want to hear of a dossier."""

from collections.abc import Callable

on_status_change: list[Callable[[list[tuple[int, str, str]]], None]] = []
"""Called in the transaction that writes new statuses, with (dossier id, old, new status) of those that changed."""

on_derived: list[Callable[[list[int]], None]] = []
"""Called in the transaction that writes derived rows, with the ids of the dossiers whose row changed in any way."""
