"""Training in the background, and which version is in use.

Wanted is data, not a message: a training is due while `wanted_at` is later than `trained_at`, so a lost message or a
killed worker costs minutes. A training takes no lock but its own while it computes; its result is written in one short
transaction, which also marks every range of leads for rescoring if the version in use changes.
"""

import datetime
import json
import logging
import math
from dataclasses import asdict

import numpy as np
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from leads.conversion import outcomes as ended
from leads.conversion import watch
from leads.conversion.fields import POINTS, Known, all_known, used
from leads.learning.logistic import losses
from leads.learning.model import Model
from leads.learning.training import Report, State, Trained, train
from leads.models.conversion import ConversionModel, ConversionSettings
from leads.models.scoring import ScoringSettings
from leads.scoring.rules import settings_row
from presales.derived import MAX_ATTEMPTS
from presales.jobs import nudge, session_lock

logger = logging.getLogger(__name__)

# How many newer outcomes, and of each kind, it takes to compare two versions by them.
NEWER, NEWER_OF_EACH = 30, 5
KEPT = 40
# So many outcomes more or fewer do not wait for the night.
MANY = 10


def is_shown() -> bool:
    """Whether the version in use has proved itself, so that probabilities may be shown."""
    return ConversionModel.objects.filter(pk=settings_row().model_id or 0, state=State.ACTIVE.value).exists()


def is_due(row: ConversionSettings) -> bool:
    """Whether a training is wanted that has not been done, and has not failed three times either."""
    return (row.trained_at is None or row.wanted_at > row.trained_at) and row.attempts < MAX_ATTEMPTS


def want_training() -> None:
    """Ask for a training, unless one is due already. Call it in the transaction that gives the reason."""
    from leads.tasks.conversion import train_conversion

    ConversionSettings.row()
    ConversionSettings.objects.filter(pk=1).update(wanted_at=timezone.now(), attempts=0)
    nudge(train_conversion)


def want_after_many_outcomes() -> None:
    """Ask for a training where a tenth more (or fewer) outcomes are known than at the last one: an import, mostly."""
    row = ConversionSettings.row()
    before = row.latest.get("wins", 0) + row.latest.get("losses", 0)
    now = ended.count(row.horizon_days, timezone.now())
    if not is_due(row) and abs(now - before) > max(MANY, before / 10):
        want_training()


def train_if_due() -> bool:
    """Train where it is wanted; whether it was done. One training at a time, wherever it runs."""
    if not is_due(ConversionSettings.row()):
        return False
    with session_lock("leads.conversion.train") as locked:
        row = ConversionSettings.row()
        if not locked or not is_due(row):
            return False
        ConversionSettings.objects.filter(pk=1).update(attempts=F("attempts") + 1)
        try:
            _train(row, timezone.now())
        except Exception as error:
            ConversionSettings.objects.filter(pk=1).update(
                failed_at=timezone.now(), last_error=f"{type(error).__name__}: {error}"[:500]
            )
            raise
    return True


def _train(row: ConversionSettings, now: datetime.datetime) -> None:
    known = all_known()
    fields = used(known, row.switched_on, row.switched_off)
    rows = ended.read(fields, row.horizon_days, now)
    trained = train(rows.table, rows.won, trusted=row.switched_on)
    keep(trained, rows, fields, row, now)
    current = ConversionModel.objects.filter(pk=settings_row().model_id or 0).first()
    if current is not None:
        ConversionSettings.objects.filter(pk=1).update(watch=_plain(watch.look(current, rows, now)))


@transaction.atomic
def keep(
    trained: Trained, rows: ended.Outcomes, fields: list[Known], row: ConversionSettings, now: datetime.datetime
) -> ConversionModel | None:
    """Store what a training gave, and take it into use where it deserves it; the new version if there is one."""
    scoring = ScoringSettings.objects.select_for_update().get(pk=settings_row().pk)
    settings = ConversionSettings.objects.select_for_update().get(pk=1)
    current = ConversionModel.objects.filter(pk=scoring.model_id or 0).first()
    settings.latest = report_data(trained.report)
    settings.latest["findings"] = findings_data(trained)
    settings.trained_at, settings.failed_at, settings.last_error, settings.attempts = now, None, "", 0
    made = None
    if trained.model is None:
        _use(scoring, None)
    elif current is None or current.data != trained.model.to_data():
        taken, verdict = _verdict(trained, rows, fields, current, settings)
        made = ConversionModel.objects.create(
            state=trained.report.state.value,
            data=trained.model.to_data(),
            report=report_data(trained.report)
            | {
                "shares": watch.shares(trained.model, rows.table),
                "importance": {key: float(abs(part).mean()) for key, part in trained.model.parts(rows.table).items()},
            },
            findings=findings_data(trained),
            wins=trained.report.wins,
            losses=trained.report.losses,
            outcomes_until=max(rows.at),
            verdict=verdict,
            trained_by_id=row.wanted_by_id,
            created_at=now,
        )
        if taken:
            _use(scoring, made)
        _forget_old(scoring)
    settings.wanted_by = None
    settings.watch = {}
    settings.save()
    return made


def _verdict(
    trained: Trained,
    rows: ended.Outcomes,
    fields: list[Known],
    current: ConversionModel | None,
    settings: ConversionSettings,
) -> tuple[bool, str]:
    """Whether a newly trained version replaces the one in use, and why, in words."""
    if current is None:
        return True, "The first version."
    if settings.is_held:
        return False, "Not taken into use: the version in use is held."
    old = Model.from_data(current.data)
    gone = set(old.encoders) - {one.key for one in fields} | {
        key
        for key, found in trained.findings.items()
        if found.is_leak and key in old.encoders and key not in settings.switched_on
    }
    if gone:
        return True, "The version before rests on fields that are not used any more."
    newer = np.array([at > current.outcomes_until for at in rows.at])
    of_newer = rows.won[newer]
    if newer.sum() >= NEWER and min(of_newer.sum(), len(of_newer) - of_newer.sum()) >= NEWER_OF_EACH:
        by_old = losses(
            of_newer, old.logits({key: column.take(np.flatnonzero(newer)) for key, column in rows.table.items()})
        )
        by_new = losses(of_newer, trained.left_out[newer])
        better = float(by_new.mean()) <= float(by_old.mean()) + 1e-9
        against = (
            f"On {len(of_newer):,} newer outcomes its error is {by_new.mean():.4f}, "
            f"that of version {current.pk} {by_old.mean():.4f}."
        )
        return better, against if better else f"Not taken into use. {against}"
    if trained.report.state is State.ACTIVE or current.state != State.ACTIVE.value:
        return True, "Too few newer outcomes to compare by; it proves itself on all of them."
    return False, "Not taken into use: it has not proved itself, and there are too few newer outcomes to compare by."


def use(version: ConversionModel | None) -> None:
    """Take `version` into use and have every lead scored by it. Call it in a transaction."""
    _use(ScoringSettings.objects.select_for_update().get(pk=settings_row().pk), version)


def _use(scoring: ScoringSettings, version: ConversionModel | None) -> None:
    from leads.tasks.scoring import score_all

    if scoring.model_id != (version.pk if version else None):
        scoring.model = version
        scoring.save(update_fields=["model"])
        nudge(score_all)


def _forget_old(scoring: ScoringSettings) -> None:
    kept = list(ConversionModel.objects.values_list("pk", flat=True)[:KEPT])
    ConversionModel.objects.exclude(pk__in=[*kept, scoring.model_id]).delete()


def report_data(report: Report) -> dict[str, object]:
    """A report as JSON; a figure that could not be computed is None."""
    data = asdict(report) | {"state": report.state.value, "skill": report.skill}
    return json.loads(json.dumps(_plain(data)))


def _plain(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


def findings_data(trained: Trained) -> dict[str, dict]:
    """The columns kept out, but for the points, which are alike for all where nobody set rules."""
    return {
        key: _plain(asdict(found) | {"cause": found.cause.value, "is_leak": found.is_leak})
        for key, found in trained.findings.items()
        if key != POINTS
    }
