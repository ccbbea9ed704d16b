"""The dossier of a lead, opened when somebody begins to qualify it."""

from leads.models import Lead
from people.models import User
from qualification.actions.dossiers import open_dossier
from qualification.models import Dossier


def ensure_dossier(actor: User | None, lead: Lead) -> Dossier:
    """The lead's dossier, opened in its team's framework where there is none yet.

    Call inside an action that holds the lead's lock.
    """
    if lead.dossier_id is None:
        lead.dossier = open_dossier(actor, lead.team)
        lead.save(update_fields=["dossier"])
    return lead.dossier
