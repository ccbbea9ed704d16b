"""Recording how the customer's technical people decided. The technical lane alone, also after the deal is closed."""

from django.utils import timezone

from deals.models import Opportunity, TechnicalState, TechnicalWin
from deals.probability import mark_stale
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict, StaleEdit

FIELDS = [
    "state", "decided_on", "signed_off_by", "signed_off_name", "against", "against_name", "satisfaction", "note",
    "recorded_by", "recorded_at",
]  # fmt: skip


@action
def record_technical_win(
    actor: User, opportunity: Opportunity, decision: TechnicalWin, version: int | None = None
) -> TechnicalWin:
    """Keep how the technical decision stands: the first word on it, or the changed one that had `version`.

    It says nothing about the commercial result, and that says nothing about it: a deal that was lost may have been
    won technically.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: a decision without its day, in the future, or a win that nobody signed off.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.work_technical", opportunity)
    # Holding the deal keeps two people from writing the first word at once.
    Opportunity.objects.select_for_update(of=("self",)).get(pk=opportunity.pk)
    decision.opportunity = opportunity
    decision.recorded_by, decision.recorded_at = actor, timezone.now()
    _complete(decision)
    if decision.pk:
        save_version(decision, FIELDS, version)
    elif TechnicalWin.objects.filter(opportunity=opportunity).exists():
        raise StaleEdit("Somebody else has recorded the technical decision meanwhile. Nothing was overwritten.")
    else:
        decision.save(force_insert=True)
    Opportunity.objects.filter(pk=opportunity.pk).update(last_activity_at=timezone.now())
    mark_stale([opportunity.pk])
    return decision


def _complete(decision: TechnicalWin) -> None:
    """Put in order what follows from the rest, and refuse what cannot be."""
    for person_or_rival in (decision.signed_off_by, decision.against):
        if person_or_rival is not None and person_or_rival.opportunity_id != decision.opportunity.pk:
            raise Conflict(f"{person_or_rival} belongs to another deal.")
    stored = TechnicalWin.objects.filter(pk=decision.pk).first() or TechnicalWin()
    # A name stays where its record has gone since, not where somebody took it out of the form.
    kept = stored.signed_off_name if stored.signed_off_by_id is None else ""
    decision.signed_off_name = decision.signed_off_by.name if decision.signed_off_by else kept
    kept = stored.against_name if stored.against_id is None else ""
    decision.against_name = decision.against.name if decision.against else kept
    if decision.state == TechnicalState.PENDING:
        decision.decided_on = decision.signed_off_by = decision.against = None
        decision.signed_off_name = decision.against_name = ""
    elif decision.decided_on is None:
        raise Conflict("Say on which day they decided.")
    elif decision.decided_on > timezone.localdate():
        raise Conflict("A decision is recorded when it has been made.")
    elif decision.state == TechnicalState.WON and not decision.signed_off_name:
        raise Conflict("Say who at the customer signed off. A win that nobody signs is a hope.")
