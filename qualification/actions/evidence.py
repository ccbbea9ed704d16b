"""Recording and withdrawing evidence."""

import datetime
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from people.models import User
from presales.actions import action
from presales.errors import Conflict, NotAllowed
from presales.jobs import nudge
from qualification.lanes import lanes_of
from qualification.models import Criterion, Dossier, DossierStatus, Evidence, Level


@action
def record_evidence(
    actor: User | None,
    dossier: Dossier,
    criterion: Criterion,
    *,
    level: int,
    observed_on: datetime.date,
    text: str = "",
    source_person: str = "",
    source_place: str = "",
    link: str = "",
    amount: Decimal | None = None,
    currency: str = "",
    decision_on: datetime.date | None = None,
    person_name: str = "",
) -> Evidence:
    """Add an entry that from now on counts for `criterion`; the one before is kept as superseded.

    Args:
        observed_on: the customer's day on which it was learned; staleness counts from it.
        amount: a year's budget in `currency` (ISO 4217; the company's where empty).

    Raises:
        NotAllowed: the actor does not work on the pursuit, or validates outside the own lane.
        Conflict: the criterion is not one of the dossier's framework, or level 2 and 3 lack text or source.
    """
    if criterion.framework_id != dossier.framework_id:
        raise Conflict("The dossier now uses another framework. Load the page again.")
    if level >= Level.STATED and not (text and source_person):
        raise Conflict("Stated and validated levels want what was said and who said it.")
    _require_lane(actor, dossier, criterion, level)
    _lock(dossier)
    dossier.evidence.current().filter(criterion=criterion).update(superseded_at=timezone.now())
    evidence = Evidence.objects.create(
        dossier=dossier, criterion=criterion, level=level, observed_on=observed_on, text=text,
        source_person=source_person, source_place=source_place, link=link, amount=amount,
        currency=currency or settings.COMPANY_CURRENCY, decision_on=decision_on, person_name=person_name,
        recorded_by=actor,
    )  # fmt: skip
    _changed(dossier)
    return evidence


@action
def withdraw_evidence(actor: User | None, evidence: Evidence, *, reason: str) -> Evidence | None:
    """Take the current entry of a criterion back, e.g. because it was wrong; the one before counts again.

    Returns:
        The entry that counts now, if there is one.

    Raises:
        Conflict: the entry is not the current one any more.
    """
    dossier = evidence.dossier
    _require_lane(actor, dossier, evidence.criterion, evidence.level)
    _lock(dossier)
    if not dossier.evidence.current().filter(pk=evidence.pk).update(superseded_at=timezone.now()):
        raise Conflict("Newer evidence has been recorded since. Load the page again.")
    withdrawn = Evidence.objects.filter(pk=evidence.pk).update(is_withdrawn=True)
    assert withdrawn
    before = (
        dossier.evidence.filter(criterion=evidence.criterion, is_withdrawn=False)
        .exclude(pk=evidence.pk)
        .order_by("-recorded_at", "-pk")
        .first()
    )
    if before is not None:
        Evidence.objects.filter(pk=before.pk).update(superseded_at=None)
    _changed(dossier)
    return before


def _require_lane(actor: User | None, dossier: Dossier, criterion: Criterion, level: int) -> None:
    if actor is None:
        return
    lanes = lanes_of(actor, dossier)
    if not lanes:
        raise NotAllowed("Only the people who work on this pursuit record evidence for it.")
    if level == Level.VALIDATED and criterion.lane not in lanes:
        raise NotAllowed(f"{criterion.name} is validated in the {criterion.get_lane_display()} lane.")


def _lock(dossier: Dossier) -> None:
    """Two people recording at once take turns."""
    DossierStatus.objects.select_for_update().get(pk=dossier.pk)


def _changed(dossier: Dossier) -> None:
    from qualification.tasks import derive_dossier

    DossierStatus.objects.filter(pk=dossier.pk).mark_stale()
    nudge(derive_dossier, dossier.pk)
