"""What the rooms above want to hear of a lead."""

from collections.abc import Callable

from leads.models import Lead

on_merge: list[Callable[[Lead, Lead], None]] = []
"""Called in the transaction that merges two leads, with the one that stays and the one that became part of it."""
