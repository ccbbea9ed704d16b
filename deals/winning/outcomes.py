"""Deals whose ending is known, with their facts as they came in: what training learns from.

| ending | when | at |
| --- | --- | --- |
| won | closed as won | the day it closed |
| lost | closed as lost | the day it closed |
| lost | still open, and older than the horizon | the end of the horizon |

Open deals within the horizon are left out: it is too early to say. So are open deals that a file brought, however
old: the file tells how they stood on one day, and nobody says what became of them. A no-go is left out too, as in the
history of similar deals (deals/probability.py): the SE ended it, and neither side decided.
"""

import datetime

from django.db import connection, transaction

from deals.models.stages import Outcome
from deals.winning.fields import FIRST_DAY
from presales.learning import endings
from presales.learning.endings import MOST, Endings
from presales.learning.fields import Known
from presales.sql import Sql


def _known(horizon_days: int, now: datetime.datetime) -> Sql:
    horizon = now - datetime.timedelta(days=horizon_days)
    return Sql(
        "(outcome IN (%s, %s) OR (outcome = %s AND import_batch_id IS NULL AND created_at < %s))",
        (Outcome.WON, Outcome.LOST, Outcome.OPEN, horizon),
    )


def count(horizon_days: int, now: datetime.datetime) -> int:
    """How many endings are known, at most MOST."""
    known = _known(horizon_days, now)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM (SELECT FROM deals_opportunity WHERE {known.text} LIMIT %s) o",  # noqa: S608
            [*known.parameters, MOST],
        )
        return cursor.fetchone()[0]


@transaction.atomic
def read(fields: list[Known], horizon_days: int, now: datetime.datetime) -> Endings:
    """Every deal whose ending is known, the newest MOST, with `fields` as they came in."""
    known = _known(horizon_days, now)
    values = "".join(f", {one.sql}" for one in fields)
    query = f"""
        SELECT o.id, o.won, o.at, extract(epoch FROM o.at - o.created_at) / 86400{values}
        FROM (
            SELECT * FROM (
                SELECT id, outcome = %s AS won, created_at, company_id, lead_id, pipeline_id,
                       CASE WHEN outcome = %s THEN created_at + %s * interval '1 day'
                            ELSE closed_on::timestamp AT TIME ZONE 'UTC' END AS at
                  FROM deals_opportunity WHERE {known.text}
            ) every ORDER BY at DESC, id LIMIT %s
        ) o {FIRST_DAY}
    """  # noqa: S608  the parts come from this room's files
    parameters = (Outcome.WON, Outcome.OPEN, horizon_days, *known.parameters, MOST)
    return endings.read(Sql(query, parameters), fields, with_points=False)
