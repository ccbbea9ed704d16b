"""Merging two leads that are one person, without losing what was known of either."""

from leads.freshness import scores_stale
from leads.hooks import on_merge
from leads.models import Consent, Engagement, Lead, LeadComment, LeadStage, StopReason
from leads.nurture.stop import stop
from leads.scoring import masses
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.errors import Conflict
from qualification.models import DossierStatus, Evidence

# What the person merging may choose from either lead.
CHOOSABLE = ["name", "email", "phone", "job_title", "company", "source", "campaign"]


@action
def merge(actor: User, survivor: Lead, other: Lead, *, take: list[str] | None = None, reason: str = "") -> Lead:
    """Make `other` part of `survivor`, which keeps its own values but for those of `take`.

    `take` names fields of CHOOSABLE whose value comes from `other`; a field that `survivor` has
    empty is always filled. Engagements, comments and notes move over; so does the dossier, or,
    where both have one of the same framework, the evidence for criteria the survivor knows nothing
    about. A withdrawn consent wins over a given one. `other` keeps its history and points to `survivor`.

    Raises:
        Conflict: one of them is the same, already merged or converted.
    """
    if survivor.pk == other.pk:
        raise Conflict("These are the same lead.")
    locked = {
        lead.pk: lead
        for lead in Lead.objects.select_for_update(of=("self",)).filter(pk__in=[survivor.pk, other.pk]).order_by("pk")
    }
    survivor, other = locked[survivor.pk], locked[other.pk]
    for lead in (survivor, other):
        require(actor, "leads.merge_leads", lead)
        if lead.merged_into_id:
            raise Conflict(f"{lead} was already merged into another lead.")
        if lead.stage == LeadStage.CONVERTED:
            raise Conflict(f"{lead} became an opportunity and can no longer be merged.")
    take = [name for name in CHOOSABLE if name in (take or [])]
    for name in CHOOSABLE:
        if name in take or not getattr(survivor, name):
            setattr(survivor, name, getattr(other, name))
    survivor.custom = other.custom | survivor.custom
    if other.notes:
        survivor.notes = f"{survivor.notes}\n\n{other.notes}".strip()[:10000]
    _merge_consent(survivor, other)
    survivor.created_at = min(survivor.created_at, other.created_at)
    if not survivor.external_id and other.external_id:
        survivor.external_source, survivor.external_id = other.external_source, other.external_id
        other.external_source = other.external_id = ""
    moved_dossier = _merge_dossiers(survivor, other)
    other.merged_into = survivor
    other.version += 1
    other.save(update_fields=["merged_into", "version", "external_source", "external_id", "dossier"])
    survivor.version += 1
    survivor.save()
    Lead.objects.filter(merged_into=other).update(merged_into=survivor)
    Engagement.objects.filter(lead=other).update(lead=survivor)
    LeadComment.objects.filter(lead=other).update(lead=survivor)
    _merge_nurture(survivor, other)
    for move in on_merge:
        move(survivor, other)
    if moved_dossier:
        DossierStatus.objects.filter(dossier=survivor.dossier_id).mark_stale()
    masses.rebuild([survivor.pk, other.pk])
    scores_stale([survivor.pk, other.pk])
    return survivor


def _merge_nurture(survivor: Lead, other: Lead) -> None:
    """What the other was sent is the survivor's story too; on the way is the survivor alone."""
    stop(other.nurture.values_list("pk", flat=True), StopReason.MERGED)
    own = survivor.nurture.values_list("track", flat=True)
    other.nurture.exclude(track__in=list(own)).update(lead=survivor)


def _merge_consent(survivor: Lead, other: Lead) -> None:
    ranked = {Consent.UNKNOWN: 0, Consent.GIVEN: 1, Consent.WITHDRAWN: 2}
    if ranked[other.consent] > ranked[survivor.consent]:
        survivor.consent, survivor.consent_at = other.consent, other.consent_at


def _merge_dossiers(survivor: Lead, other: Lead) -> bool:
    """Give the survivor what the other's dossier knows beyond its own; whether anything moved."""
    if other.dossier_id is None:
        return False
    if survivor.dossier_id is None:
        survivor.dossier_id, other.dossier_id = other.dossier_id, None
        return True
    if survivor.dossier.framework_id != other.dossier.framework_id:
        return False
    known = Evidence.objects.filter(dossier=survivor.dossier_id).values("criterion")
    moved = Evidence.objects.filter(dossier=other.dossier_id).exclude(criterion__in=known)
    return bool(moved.update(dossier=survivor.dossier_id))
