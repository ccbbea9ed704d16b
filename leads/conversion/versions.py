"""Learning how leads end: what presales/learning/versions.py asks of leads.

Taking a version into use marks every range of leads for rescoring.
"""

import datetime

from django.db import connection, transaction

from leads.conversion import outcomes
from leads.conversion.fields import all_known, known_by
from leads.models.conversion import ConversionModel, ConversionSettings
from leads.models.leads import LeadStage
from leads.models.scoring import ScoringSettings
from leads.scoring.rules import settings_row
from presales.jobs import nudge
from presales.learning import drift
from presales.learning.endings import Endings, raise_time_limit
from presales.learning.fields import POINTS, Known
from presales.learning.model import Model
from presales.learning.table import Column
from presales.learning.versions import Learner

OPEN = [LeadStage.NEW, LeadStage.MQL, LeadStage.SAL, LeadStage.SQL, LeadStage.NURTURE]


class Conversion(Learner):
    """How leads end: converted or not."""

    lock = "leads.conversion.train"
    versions = ConversionModel
    settings = ConversionSettings

    def all_known(self) -> dict[str, Known]:
        """Built-in fields and custom ones of leads and companies."""
        return all_known()

    def known_by(self, key: str, label: str = "") -> Known | None:
        """As leads.conversion.fields says."""
        return known_by(key, label)

    def read(self, fields: list[Known], horizon_days: int, now: datetime.datetime) -> Endings:
        """As leads.conversion.outcomes says."""
        return outcomes.read(fields, horizon_days, now)

    def count(self, horizon_days: int, now: datetime.datetime) -> int:
        """As leads.conversion.outcomes says."""
        return outcomes.count(horizon_days, now)

    @transaction.atomic
    def open_records(self, model: Model) -> tuple[dict[str, Column], int]:
        """The newest open leads, without the points."""
        keys = [key for key in model.encoders if key != POINTS and known_by(key)]
        values = ", ".join(known_by(key).sql for key in keys)
        raise_time_limit()
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT {values}
                FROM (SELECT k.lead_id, k.masses FROM leads_leadscore k JOIN leads_lead o ON o.id = k.lead_id
                      WHERE o.merged_into_id IS NULL AND o.stage = ANY(%s) ORDER BY k.lead_id DESC LIMIT %s) s
                JOIN leads_lead l ON l.id = s.lead_id LEFT JOIN leads_company c ON c.id = l.company_id
                """,  # noqa: S608
                [OPEN, drift.SAMPLE],
            )
            rows = cursor.fetchall()
        return drift.table_of(model, keys, rows), len(rows)

    def current_id(self, *, lock: bool = False) -> int | None:
        """It stands in the settings of scoring, since it is part of what a score is computed by."""
        found = settings_row()
        return ScoringSettings.objects.select_for_update().get(pk=found.pk).model_id if lock else found.model_id

    def put_in_use(self, version: ConversionModel | None) -> None:
        """Every range of leads is scored anew."""
        from leads.tasks.scoring import score_all

        number = version.pk if version else None
        if self.current_id() != number:
            ScoringSettings.objects.filter(pk=settings_row().pk).update(model=number)
            nudge(score_all)

    def wake(self) -> None:
        """The job that trains."""
        from leads.tasks.conversion import train_conversion

        nudge(train_conversion)


LEARNER = Conversion()
