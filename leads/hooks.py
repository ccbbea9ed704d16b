"""What the rooms above want to hear of a lead."""

from collections.abc import Callable

from leads.models import Lead

on_companies: list[Callable[[list[int]], None]] = []
"""Called in the transaction that changes facts of companies, with their ids."""
on_converted: list[Callable[[list[int]], None]] = []
"""Called in the transaction that changes facts of leads that became opportunities, with their ids."""
on_merge: list[Callable[[Lead, Lead], None]] = []
"""Called in the transaction that merges two leads, with the one that stays and the one that became part of it."""
