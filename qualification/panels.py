"""What the dossier panel of a lead or an opportunity shows, in a fixed number of queries."""

import datetime
from dataclasses import dataclass, field

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, CharField, F, QuerySet
from django.utils import timezone

from people.models import User
from presales.prepared import Given, prepared
from presales.sql import Template
from qualification.gates import effective_level, shortfall, stale_on
from qualification.lanes import lanes_of
from qualification.models import Criterion, Dossier, DossierStatus, Evidence, Lane, Level
from qualification.policy import thresholds_of

QUESTIONS = """ARRAY(SELECT question.text FROM qualification_question question
                    WHERE question.criterion_id = {0} ORDER BY question.order, question.id)"""


@dataclass
class Row:
    """One criterion on the scorecard."""

    criterion: Criterion
    entry: Evidence | None
    level: int
    stale_since: datetime.date | None
    shortfall: str
    next_question: str
    in_lane: bool

    @property
    def level_label(self) -> str:
        """The recorded level in words."""
        return Level(self.entry.level if self.entry else 0).label

    @property
    def lane_label(self) -> str:
        """Whose lane validates it."""
        return Lane(self.criterion.lane).label


@dataclass
class Panel:
    """The dossier as one person sees it."""

    dossier: Dossier
    derived: DossierStatus
    rows: list[Row] = field(default_factory=list)
    may_record: bool = False

    @property
    def missing(self) -> list[Row]:
        """The criteria that keep the dossier from qualified."""
        return [row for row in self.rows if row.shortfall]

    @property
    def next(self) -> Row | None:
        """The criterion to ask about next: the weakest unmet one."""
        return min(self.missing, key=lambda row: (row.level, row.criterion.order), default=None)


@prepared
def _entries() -> QuerySet:
    return Evidence.objects.filter(dossier=Given("dossier", BigIntegerField())).current()


@prepared
def _criteria() -> QuerySet:
    asked = Template(QUESTIONS, F("pk"), output_field=ArrayField(CharField()))
    of_framework = Criterion.objects.filter(framework=Given("framework", BigIntegerField()))
    return of_framework.annotate(asked=asked).order_by("order", "pk")


def dossier_panel(dossier: Dossier | None, user: User) -> Panel | None:
    """The scorecard of `dossier`; None for a pursuit that has none yet."""
    if dossier is None:
        return None
    policy = thresholds_of(dossier)
    today = timezone.now().astimezone(datetime.UTC).date()
    entries = {entry.criterion_id: entry for entry in _entries().rows(dossier=dossier.pk)}
    lanes = lanes_of(user, dossier)
    rows = []
    for criterion in _criteria().rows(framework=dossier.framework_id):
        entry = entries.get(criterion.pk)
        stale = stale_on(entry, policy) if entry else None
        level = effective_level(entry, policy, today)
        rows.append(
            Row(
                criterion=criterion,
                entry=entry,
                level=level,
                stale_since=stale if stale is not None and stale <= today else None,
                shortfall=shortfall(criterion, entry, policy, today),
                # Another question for each level that is already known.
                next_question=criterion.asked[max(level, 0) % len(criterion.asked)] if criterion.asked else "",
                in_lane=criterion.lane in lanes,
            )
        )
    return Panel(dossier, dossier.derived, rows, may_record=bool(lanes))
