"""Whether a dossier meets its team's framework, and what is missing."""

import datetime
from decimal import Decimal

from django.conf import settings
from django.db.models import Prefetch
from django.urls import reverse
from django.utils import timezone

from presales.errors import Missing
from qualification.models import Criterion, Dossier, Evidence, Level, TeamPolicy
from qualification.policy import thresholds_of


def meets_policy(dossier: Dossier | None) -> list[Missing]:
    """What keeps the dossier from *qualified* today, each with the link that mends it; empty means it is.

    Computed from the evidence itself, so that it never waits for the job.
    """
    if dossier is None:
        return [Missing("Open the qualification and record what you know")]
    if dossier.disqualified_at:
        return [Missing("The dossier is disqualified")]
    policy = thresholds_of(dossier)
    today = timezone.now().astimezone(datetime.UTC).date()
    current = _current(dossier)
    missing = []
    for criterion in dossier.framework.criteria.all():
        text = shortfall(criterion, current.get(criterion.pk), policy, today)
        if text:
            missing.append(Missing(text, reverse("qualification:record_evidence", args=[dossier.pk, criterion.pk])))
    return missing


def read_for_gates(dossier: Dossier) -> Dossier:
    """The dossier as it stands now, with all that gates ask of it: three queries, however many gates ask."""
    standing = Prefetch("evidence", Evidence.objects.current(), to_attr="standing")
    found = Dossier.objects.filter(pk=dossier.pk).select_related("framework", "team__qualification_policy")
    return found.prefetch_related("framework__criteria", standing)[0]


def _current(dossier: Dossier) -> dict[int, Evidence]:
    """The entry that counts, by criterion; no query for a dossier that came from `read_for_gates`."""
    standing = getattr(dossier, "standing", None)
    return {entry.criterion_id: entry for entry in (dossier.evidence.current() if standing is None else standing)}


def criterion_among(dossier: Dossier, keys: tuple[str, ...]) -> Criterion | None:
    """The first of `keys` that the dossier's framework has; None where it does not ask at all."""
    criteria = {found.key: found for found in dossier.framework.criteria.all()}
    return next((criteria[key] for key in keys if key in criteria), None)


def known_at(dossier: Dossier, keys: tuple[str, ...], wanted: Level) -> list[Missing]:
    """What keeps a criterion from level `wanted` today: the first of `keys` that the dossier's framework has.

    Frameworks ask differently (BANT's authority is MEDDICC's economic buyer); one that does not ask at all misses
    nothing.
    """
    criterion = criterion_among(dossier, keys)
    if criterion is None:
        return []
    entry = _current(dossier).get(criterion.pk)
    policy = thresholds_of(dossier)
    today = timezone.now().astimezone(datetime.UTC).date()
    level = effective_level(entry, policy, today)
    if level >= wanted:
        return []
    if level == Level.NEGATIVE:
        text = f"{criterion}: known not to be so"
    elif entry is not None and entry.level >= wanted:
        text = f"{criterion}: the evidence of {entry.observed_on:%-d %b %Y} went stale; confirm it"
    else:
        text = f"{criterion}: {Level(level).label.lower()}, wanted is {wanted.label.lower()}"
    return [Missing(text, reverse("qualification:record_evidence", args=[dossier.pk, criterion.pk]))]


def stale_on(entry: Evidence, policy: TeamPolicy) -> datetime.date | None:
    """The first day on which the entry counts one level lower; None for levels that do not go stale."""
    if entry.level < Level.STATED:
        return None
    return entry.observed_on + datetime.timedelta(days=policy.stale_after_days + 1)


def effective_level(entry: Evidence | None, policy: TeamPolicy, today: datetime.date) -> int:
    """The level the entry counts with today; no entry is 0."""
    if entry is None:
        return Level.UNKNOWN
    stale = stale_on(entry, policy)
    return entry.level - 1 if stale is not None and stale <= today else entry.level


def shortfall(criterion: Criterion, entry: Evidence | None, policy: TeamPolicy, today: datetime.date) -> str:
    """What the criterion lacks, in a sentence; "" where it is met. The same rules as qualification/status.py."""
    level = effective_level(entry, policy, today)
    wanted = Level(criterion.required_level).label.lower()
    name = criterion.name
    if level == Level.NEGATIVE:
        return f"{name}: known not to be so"
    if level < criterion.required_level:
        if entry is not None and entry.level >= criterion.required_level:
            return f"{name}: the evidence of {entry.observed_on:%-d %b %Y} went stale; confirm it"
        return f"{name}: {Level(level).label.lower()}, wanted is {wanted}"
    return _fact_shortfall(criterion, entry, policy, today)


def _fact_shortfall(criterion: Criterion, entry: Evidence, policy: TeamPolicy, today: datetime.date) -> str:
    name = criterion.name
    if criterion.fact == Criterion.Fact.MONEY:
        minimum = Decimal(policy.minimum_budget)
        if entry.amount is None:
            return f"{name}: the amount is missing"
        if entry.currency != settings.COMPANY_CURRENCY:
            return f"{name}: the amount is wanted in {settings.COMPANY_CURRENCY}"
        if entry.amount < minimum:
            return f"{name}: {entry.amount:,.0f} is under the team's minimum of {minimum:,.0f}"
    elif criterion.fact == Criterion.Fact.DATE:
        if entry.decision_on is None:
            return f"{name}: the decision date is missing"
        if entry.decision_on < today:
            return f"{name}: the decision date has passed"
        if entry.decision_on > add_months(today, policy.timeline_months):
            return f"{name}: the decision is more than {policy.timeline_months} months away"
    elif criterion.fact == Criterion.Fact.PERSON and not entry.person_name:
        return f"{name}: the person's name is missing"
    return ""


def add_months(day: datetime.date, months: int) -> datetime.date:
    """The same day `months` later, or the last day of that month, as PostgreSQL's intervals count."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    for last in (day.day, 30, 29, 28):
        try:
            return datetime.date(year, month, last)
        except ValueError:
            continue
    raise AssertionError("unreachable")
