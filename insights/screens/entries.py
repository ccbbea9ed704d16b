"""Every screen that is cards, tables and charts: whose filters it takes, how it is built, who may look."""

from collections.abc import Callable
from dataclasses import dataclass

from insights.filters import Filters, OfLeads, Quarterly, Span, Yearly
from insights.screens import (
    forecast,
    funnel,
    goals,
    happy_ears,
    meetings,
    movement,
    pairings,
    se_team,
    velocity,
    win_loss,
)
from insights.screens.parts import Screen


@dataclass(frozen=True)
class Entry:
    """How a screen comes about: from these filters, by this function, for those with this permission."""

    filters: type[Filters]
    build: Callable[[Filters], Screen]
    permission: str = "insights.see_figures"


SCREENS = {
    "movement": Entry(Span, movement.build),
    "forecast": Entry(Quarterly, forecast.build),
    "funnel": Entry(OfLeads, funnel.build, "insights.see_funnel"),
    "velocity": Entry(Yearly, velocity.build),
    "se_team": Entry(Yearly, se_team.build),
    "win_loss": Entry(Yearly, win_loss.build),
    "happy_ears": Entry(Yearly, happy_ears.build),
    "pairings": Entry(Yearly, pairings.build),
    "meetings": Entry(Filters, meetings.build, "insights.see_meetings"),
    "goals": Entry(Quarterly, goals.build),
}
