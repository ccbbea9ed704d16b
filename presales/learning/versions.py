"""Training in the background, and which version is in use: the same for whatever is learned about.

Wanted is data, not a message: a training is due while `wanted_at` is later than `trained_at`, so a lost message or a
killed worker costs minutes. A training takes no lock but its own while it computes; its result is written in one short
transaction.
"""

import datetime
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import asdict
from typing import ClassVar

import numpy as np
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from presales.derived import MAX_ATTEMPTS
from presales.errors import Conflict, StaleEdit
from presales.jobs import session_lock
from presales.learning import drift
from presales.learning.endings import Endings
from presales.learning.fields import POINTS, Known, used
from presales.learning.logistic import losses
from presales.learning.model import Model
from presales.learning.stored import LearnedVersion, LearningSettings
from presales.learning.table import Column
from presales.learning.training import Report, State, Trained, train

# How many newer outcomes, and of each kind, it takes to compare two versions by them.
NEWER, NEWER_OF_EACH = 30, 5
KEPT = 40
# So many outcomes more or fewer do not wait for the night.
MANY = 10


class Learner(ABC):
    """What is learned about something: a room says where its endings are and what takes a version into use.

    Attributes:
        lock: the name of the lock under which one training at a time runs.
        versions: the room's table of versions.
        settings: the room's row of what people decided.
    """

    lock: ClassVar[str]
    versions: ClassVar[type[LearnedVersion]]
    settings: ClassVar[type[LearningSettings]]

    # -- what a room says ---------------------------------------------------------------------------

    @abstractmethod
    def all_known(self) -> dict[str, Known]:
        """Everything that may be learned from, by key."""

    @abstractmethod
    def known_by(self, key: str, label: str = "") -> Known | None:
        """The field of this key; None for a key that no field ever had."""

    @abstractmethod
    def read(self, fields: list[Known], horizon_days: int, now: datetime.datetime) -> Endings:
        """Every record whose ending is known, with `fields` as they were before."""

    @abstractmethod
    def count(self, horizon_days: int, now: datetime.datetime) -> int:
        """How many endings are known."""

    @abstractmethod
    def open_records(self, model: Model) -> tuple[dict[str, Column], int]:
        """The newest open records as a table of what `model` asks, and how many they are."""

    @abstractmethod
    def current_id(self, *, lock: bool = False) -> int | None:
        """The version in use; with `lock`, nobody else changes that until the transaction ends."""

    @abstractmethod
    def put_in_use(self, version: LearnedVersion | None) -> None:
        """Take `version` into use and have every record computed by it; in a transaction."""

    @abstractmethod
    def wake(self) -> None:
        """Have the worker look whether a training is due, once this transaction has ended."""

    # -- when to train ------------------------------------------------------------------------------

    def is_due(self, row: LearningSettings) -> bool:
        """Whether a training is wanted that has not been done, and has not failed three times either."""
        return (row.trained_at is None or row.wanted_at > row.trained_at) and row.attempts < MAX_ATTEMPTS

    def want(self) -> None:
        """Ask for a training. Call it in the transaction that gives the reason."""
        self.settings.row()
        self.settings.objects.filter(pk=1).update(wanted_at=timezone.now(), attempts=0)
        self.wake()

    def want_after_many_outcomes(self) -> None:
        """Ask for a training where a tenth more (or fewer) outcomes are known than at the last one, as by an import."""
        row = self.settings.row()
        before = row.latest.get("wins", 0) + row.latest.get("losses", 0)
        now = self.count(row.horizon_days, timezone.now())
        if not self.is_due(row) and abs(now - before) > max(MANY, before / 10):
            self.want()

    def train_if_due(self) -> bool:
        """Train where it is wanted; whether it was done. One training at a time, wherever it runs."""
        if not self.is_due(self.settings.row()):
            return False
        with session_lock(self.lock) as locked:
            row = self.settings.row()
            if not locked or not self.is_due(row):
                return False
            self.settings.objects.filter(pk=1).update(attempts=F("attempts") + 1)
            try:
                self._train(row, timezone.now())
            except Exception as error:
                self.settings.objects.filter(pk=1).update(
                    failed_at=timezone.now(), last_error=f"{type(error).__name__}: {error}"[:500]
                )
                raise
        return True

    # -- what a training gives ----------------------------------------------------------------------

    def current(self) -> LearnedVersion | None:
        """The version in use."""
        return self.versions.objects.filter(pk=self.current_id() or 0).first()

    def is_shown(self) -> bool:
        """Whether the version in use has proved itself, so that percentages may be shown."""
        return self.versions.objects.filter(pk=self.current_id() or 0, state=State.ACTIVE.value).exists()

    def _train(self, row: LearningSettings, now: datetime.datetime) -> None:
        fields = used(self.all_known(), row.switched_on, row.switched_off)
        rows = self.read(fields, row.horizon_days, now)
        trained = train(rows.table, rows.won, trusted=row.switched_on, after=rows.after)
        self.keep(trained, rows, fields, row, now)
        current = self.current()
        if current is not None:
            self.settings.objects.filter(pk=1).update(watch=_plain(self.look(current, rows, now)))

    @transaction.atomic
    def keep(
        self, trained: Trained, rows: Endings, fields: list[Known], row: LearningSettings, now: datetime.datetime
    ) -> LearnedVersion | None:
        """Store what a training gave, and take it into use where it deserves it; the new version if there is one."""
        current = self.versions.objects.filter(pk=self.current_id(lock=True) or 0).first()
        self.settings.row()
        settings = self.settings.objects.select_for_update().get(pk=1)
        settings.latest = report_data(trained.report)
        settings.latest["findings"] = findings_data(trained)
        settings.trained_at, settings.failed_at, settings.last_error, settings.attempts = now, None, "", 0
        settings.wanted_by, settings.watch = None, {}
        settings.save(
            update_fields=["latest", "trained_at", "failed_at", "last_error", "attempts", "wanted_by", "watch"]
        )
        if trained.model is None:
            self.put_in_use(None)
            return None
        if current is not None and current.data == trained.model.to_data():
            return None
        taken, verdict = _verdict(trained, rows, fields, current, settings)
        importance = {key: float(abs(part).mean()) for key, part in trained.model.parts(rows.table).items()}
        labels = {one.key: one.label for one in fields if one.key in trained.model.encoders}
        more = {"shares": drift.shares(trained.model, rows.table), "importance": importance, "labels": labels}
        made = self.versions.objects.create(
            state=trained.report.state.value,
            data=trained.model.to_data(),
            report=report_data(trained.report) | more,
            findings=findings_data(trained),
            wins=trained.report.wins,
            losses=trained.report.losses,
            outcomes_until=max(rows.at),
            verdict=verdict,
            trained_by_id=row.wanted_by_id,
            created_at=now,
        )
        if taken:
            self.put_in_use(made)
        self._forget_old()
        return made

    def look(self, version: LearnedVersion, rows: Endings, now: datetime.datetime) -> dict[str, object]:
        """What the page shows of `version` today: drift of open records, and how endings since its training turned
        out."""
        model = Model.from_data(version.data)
        table, size = self.open_records(model)
        found: dict[str, object] = {"version": version.pk, "day": now.date().isoformat(), "open": size}
        compared = drift.compared(model, version.report.get("shares", {}), table, size)
        newer = drift.turned_out(model, rows, np.flatnonzero([at > version.outcomes_until for at in rows.at]))
        if compared is not None:
            found["drift"] = compared
        return found | ({"newer": newer} if newer else {})

    @transaction.atomic
    def use(self, version: LearnedVersion | None) -> None:
        """Take `version` into use and have every record computed by it."""
        self.current_id(lock=True)
        self.put_in_use(version)

    def _forget_old(self) -> None:
        kept = list(self.versions.objects.values_list("pk", flat=True)[:KEPT])
        self.versions.objects.exclude(pk__in=[*kept, self.current_id()]).delete()

    # -- what people decide; in an action's transaction, which has asked whether they may ---------------

    def locked_row(self) -> LearningSettings:
        """The settings, held until the transaction ends. Whoever holds them too holds what is in use first."""
        self.current_id(lock=True)
        self.settings.row()
        return self.settings.objects.select_for_update().get(pk=1)

    def decide_to_train(self, actor: object) -> None:
        """Have the worker train, in the name of this person."""
        row = self.locked_row()
        row.wanted_by = actor
        row.save(update_fields=["wanted_by"])
        self.want()

    def decide_fields(self, actor: object, version: int, used: set[str], leaks: set[str], horizon_days: int) -> None:
        """Learn from `used` alone, and count records as lost after `horizon_days`; a training follows.

        `leaks` are fields that know the outcome: left alone they stay out, used they are trusted from now on.

        Raises:
            StaleEdit: somebody saved since the page was opened.
        """
        row = self.locked_row()
        if row.version != version:
            raise StaleEdit(
                "Somebody else changed the fields while you did. Nothing was overwritten; look at the page anew."
            )
        switched_on, switched_off = [], []
        for key, known in self.all_known().items():
            usual = not known.off and key not in leaks
            if key != POINTS and (key in used) != usual:
                (switched_on if key in used else switched_off).append(key)
        row.switched_on, row.switched_off, row.horizon_days = switched_on, switched_off, horizon_days
        row.wanted_by, row.version = actor, row.version + 1
        row.save()
        self.want()

    def decide_version(self, version: LearnedVersion) -> None:
        """Take a kept version into use and hold it there: trainings go on, but replace it no more.

        Raises:
            Conflict: it rests on fields that were switched off since.
        """
        row = self.locked_row()
        off = {column["key"] for column in version.data["columns"]} & set(row.switched_off)
        if off:
            raise Conflict("This version rests on a field that was switched off since. Switch it on, or train anew.")
        self.put_in_use(version)
        row.is_held, row.version, row.watch = True, row.version + 1, {}
        row.save(update_fields=["is_held", "version", "watch"])

    def decide_to_release(self, actor: object) -> None:
        """Let trainings replace the version in use again, beginning with one now."""
        row = self.locked_row()
        row.is_held, row.wanted_by, row.version = False, actor, row.version + 1
        row.save(update_fields=["is_held", "wanted_by", "version"])
        self.want()


def _verdict(
    trained: Trained,
    rows: Endings,
    fields: Iterable[Known],
    current: LearnedVersion | None,
    settings: LearningSettings,
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
