"""The dossier of a lead, started when somebody begins to qualify it."""

from leads.models import Lead
from qualification.models import Dossier, DossierStatus, Framework, TeamPolicy

DEFAULT_FRAMEWORK = "bant"


def ensure_dossier(lead: Lead) -> Dossier:
    """The lead's dossier, started with its team's framework (else BANT) where there is none.

    Call inside an action that holds the lead's lock.
    """
    if lead.dossier_id is None:
        policy = TeamPolicy.objects.filter(team=lead.team_id).select_related("framework").first()
        framework = policy.framework if policy else Framework.objects.get_or_create(
            slug=DEFAULT_FRAMEWORK, defaults={"name": "BANT"}
        )[0]  # fmt: skip
        lead.dossier = Dossier.objects.create(framework=framework, team_id=lead.team_id)
        DossierStatus.objects.create(dossier=lead.dossier)
        lead.save(update_fields=["dossier"])
    return lead.dossier
