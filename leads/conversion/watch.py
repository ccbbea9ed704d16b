"""How the version in use does on leads of today: whether they are like those it learned from, and how it turned out.

Drift of a column is the population stability index over its cells: Σ (now − then) · ln(now / then). Below 0.1 nothing
changed, from 0.25 on the leads are others than those it learned from.
"""

import datetime
import math

import numpy as np
from django.db import connection, transaction

from leads.conversion.fields import POINTS, known_by
from leads.conversion.outcomes import SECONDS, Outcomes
from leads.learning import calibration
from leads.learning.logistic import losses, sigmoid
from leads.learning.model import Model, column_of
from leads.learning.table import Column, Kind, Table
from leads.models.conversion import ConversionModel
from leads.models.leads import LeadStage

SAMPLE = 5_000
ENOUGH = 50
SLIGHT, LARGE = 0.1, 0.25


def shares(model: Model, table: Table) -> dict[str, list[float]]:
    """By column, the share of rows in each cell; columns that have none, or several, are left out."""
    found = {}
    for key, encoder in model.encoders.items():
        if encoder.kind in (Kind.NUMBER, Kind.CATEGORY) and table[key].size:
            counts = np.bincount(encoder.cells(table[key]), minlength=len(encoder.weights))
            found[key] = (counts / table[key].size).round(6).tolist()
    return found


def drift(then: dict[str, list[float]], now: dict[str, list[float]]) -> dict[str, float]:
    """The population stability index of each column that both know, the most changed first."""
    found = {
        key: sum(
            (b - a) * math.log(b / a)
            for a, b in ((max(x, 1e-4), max(y, 1e-4)) for x, y in zip(before, now[key], strict=True))
        )
        for key, before in then.items()
        if key in now
    }
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def look(version: ConversionModel, rows: Outcomes, now: datetime.datetime) -> dict[str, object]:
    """What the page shows of `version` today: drift of open leads, and how outcomes since its training turned out."""
    model = Model.from_data(version.data)
    table, size = _open_leads(model)
    found: dict[str, object] = {"version": version.pk, "day": now.date().isoformat(), "open": size}
    if size >= ENOUGH:
        found["drift"] = drift(version.report.get("shares", {}), shares(model, table))
    newer = np.flatnonzero([at > version.outcomes_until for at in rows.at])
    won = rows.won[newer]
    if len(newer) >= ENOUGH and 0 < won.sum() < len(won) and set(model.encoders) <= set(rows.table):
        logits = model.logits({key: rows.table[key].take(newer) for key in model.encoders})
        found["newer"] = {
            "outcomes": len(newer),
            "won": float(won.mean()),
            "predicted": float(sigmoid(logits).mean()),
            "auc": calibration.auc(won, logits),
            "log_loss": float(losses(won, logits).mean()),
        }
    return found


@transaction.atomic
def _open_leads(model: Model) -> tuple[dict[str, Column], int]:
    """The newest open leads as a table of what `model` asks, without the points."""
    keys = [key for key in model.encoders if key != POINTS and known_by(key)]
    values = "".join(f", {known_by(key).sql}" for key in keys)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{SECONDS}s"])
        cursor.execute(
            f"""
            SELECT s.lead_id{values}
            FROM (SELECT k.lead_id, k.masses FROM leads_leadscore k JOIN leads_lead o ON o.id = k.lead_id
                  WHERE o.merged_into_id IS NULL AND o.stage = ANY(%s) ORDER BY k.lead_id DESC LIMIT %s) s
            JOIN leads_lead l ON l.id = s.lead_id LEFT JOIN leads_company c ON c.id = l.company_id
            """,  # noqa: S608
            [[LeadStage.NEW, LeadStage.MQL, LeadStage.SAL, LeadStage.SQL, LeadStage.NURTURE], SAMPLE],
        )
        rows = cursor.fetchall()
    columns = list(zip(*rows, strict=True))[1:] or [[] for _ in keys]
    table = {key: column_of(model.encoders[key].kind, list(one)) for key, one in zip(keys, columns, strict=True)}
    missing = {key: _nothing(encoder.kind, len(rows)) for key, encoder in model.encoders.items() if key not in table}
    return table | missing, len(rows)


def _nothing(kind: Kind, size: int) -> Column:
    return column_of(kind, [None] * size)
