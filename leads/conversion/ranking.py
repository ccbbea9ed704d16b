"""How rules that nobody saved yet would have ranked the leads that ended within the last year."""

import datetime
from dataclasses import dataclass

import numpy as np
from django.utils import timezone

from leads.conversion.outcomes import read
from leads.models.conversion import ConversionSettings
from leads.scoring.rules import Ruleset
from presales.learning import calibration
from presales.learning.fields import POINTS
from presales.learning.reasons import LEAST_OUTCOMES

YEAR = datetime.timedelta(days=365)


@dataclass(frozen=True)
class Ranking:
    """Of 100 pairs of a converted and a lost lead, how often the converted one has more points: before and after."""

    outcomes: int
    wins: int
    before: int
    after: int
    lift_before: float
    lift_after: float


def ranking(draft: Ruleset, now: datetime.datetime | None = None) -> Ranking | None:
    """Compare `draft` with the stored rules; None with fewer than 20 endings of either kind."""
    now = now or timezone.now()
    horizon = ConversionSettings.row().horizon_days
    by_draft = read([], horizon, now, draft)
    recent = np.array([at >= now - YEAR for at in by_draft.at], bool)
    won = by_draft.won[recent]
    wins = int(won.sum())
    if min(wins, len(won) - wins) < LEAST_OUTCOMES:
        return None
    new = dict(zip(by_draft.ids, by_draft.table[POINTS].numbers, strict=True))
    by_stored = read([], horizon, now)
    old = dict(zip(by_stored.ids, by_stored.table[POINTS].numbers, strict=True))
    ids = [lead for lead, is_recent in zip(by_draft.ids, recent, strict=True) if is_recent]
    after, before = np.array([new[lead] for lead in ids]), np.array([old.get(lead, 0.0) for lead in ids])
    return Ranking(
        outcomes=len(won),
        wins=wins,
        before=round(100 * calibration.auc(won, before)),
        after=round(100 * calibration.auc(won, after)),
        lift_before=calibration.lift(won, before),
        lift_after=calibration.lift(won, after),
    )
