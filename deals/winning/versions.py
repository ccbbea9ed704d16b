"""Learning how deals end: what presales/learning/versions.py asks of deals.

Taking a version into use has the sweep compute every evidence-based probability anew (deals/probability.py).
"""

import datetime

from django.db import connection, transaction

from deals.models.stages import Outcome
from deals.models.winning import WinModel, WinSettings
from deals.winning import outcomes
from deals.winning.fields import FIRST_DAY, all_known, known_by
from presales.jobs import nudge
from presales.learning import drift
from presales.learning.endings import Endings, raise_time_limit
from presales.learning.fields import Known
from presales.learning.model import Model
from presales.learning.table import Column
from presales.learning.versions import Learner


class Winning(Learner):
    """How deals end: won or not."""

    lock = "deals.winning.train"
    versions = WinModel
    settings = WinSettings

    def all_known(self) -> dict[str, Known]:
        """Built-in fields and custom ones of deals and companies."""
        return all_known()

    def known_by(self, key: str, label: str = "") -> Known | None:
        """As deals.winning.fields says."""
        return known_by(key, label)

    def read(self, fields: list[Known], horizon_days: int, now: datetime.datetime) -> Endings:
        """As deals.winning.outcomes says."""
        return outcomes.read(fields, horizon_days, now)

    def count(self, horizon_days: int, now: datetime.datetime) -> int:
        """As deals.winning.outcomes says."""
        return outcomes.count(horizon_days, now)

    @transaction.atomic
    def open_records(self, model: Model) -> tuple[dict[str, Column], int]:
        """The newest open deals."""
        keys = [key for key in model.encoders if known_by(key)]
        values = ", ".join(known_by(key).sql for key in keys)
        raise_time_limit()
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT {values}
                FROM (SELECT * FROM deals_opportunity WHERE outcome = %s ORDER BY created_at DESC, id DESC LIMIT %s) o
                {FIRST_DAY}
                """,  # noqa: S608
                [Outcome.OPEN, drift.SAMPLE],
            )
            rows = cursor.fetchall()
        return drift.table_of(model, keys, rows), len(rows)

    def current_id(self, *, lock: bool = False) -> int | None:
        """It stands in the settings."""
        WinSettings.row()
        rows = WinSettings.objects.select_for_update() if lock else WinSettings.objects
        return rows.values_list("model_id", flat=True).get(pk=1)

    def put_in_use(self, version: WinModel | None) -> None:
        """The sweep finds that the figures are another version's."""
        from deals.tasks import sweep_probabilities

        number = version.pk if version else None
        if WinSettings.objects.filter(pk=1).exclude(model=number).update(model=number):
            nudge(sweep_probabilities)

    def wake(self) -> None:
        """The job that trains."""
        from deals.tasks import train_winning

        nudge(train_winning)


LEARNER = Winning()
