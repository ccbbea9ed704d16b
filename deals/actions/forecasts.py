"""Calling the forecast."""

import datetime
from decimal import Decimal

from deals.models import ForecastCall
from people.models import Team, User
from people.permissions import require
from presales.actions import action


@action
def call_forecast(
    actor: User, quarter: datetime.date, amount: Decimal, *, team: Team | None = None, note: str = ""
) -> ForecastCall:
    """Say what the quarter will bring: an AE for the own deals, a manager or admin for a `team`.

    Raises:
        NotAllowed: an AE for a team, or a manager for one they do not manage, or for nobody's.
    """
    call = ForecastCall(author=actor, team=team, quarter=quarter, amount=amount, note=note)
    require(actor, "deals.call_forecast", call)
    call.save(force_insert=True)
    return call
