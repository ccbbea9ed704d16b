"""Opening a dossier, and what happens to it as a whole."""

from django.utils import timezone

from people.models import Team, User
from presales.actions import action
from presales.errors import NotAllowed
from presales.jobs import nudge
from qualification.lanes import lanes_of
from qualification.models import Dossier, DossierStatus, Framework
from qualification.policy import policy_for


@action
def open_dossier(actor: User | None, team: Team | None) -> Dossier:
    """A new, empty dossier in the framework of `team`. The caller links it to its lead or opportunity."""
    dossier = Dossier.objects.create(team=team, framework=policy_for(team.pk if team else None).framework)
    DossierStatus.objects.create(dossier=dossier)
    _changed(dossier)
    return dossier


@action
def switch_framework(actor: User | None, dossier: Dossier, framework: Framework) -> Dossier:
    """Judge the pursuit by another framework; evidence of the old one is kept and counts again when switched back.

    Raises:
        NotAllowed: the actor does not work on the pursuit.
    """
    if actor is not None and not lanes_of(actor, dossier):
        raise NotAllowed("Only the people who work on this pursuit choose its framework.")
    Dossier.objects.filter(pk=dossier.pk).update(framework=framework)
    dossier.framework = framework
    _changed(dossier)
    return dossier


@action
def set_disqualified(actor: User | None, dossier: Dossier, disqualified: bool, *, reason: str = "") -> None:
    """Mark the dossier of a disqualified pursuit, or take the mark back. Called by the room whose pursuit it is."""
    Dossier.objects.filter(pk=dossier.pk).update(disqualified_at=timezone.now() if disqualified else None)
    _changed(dossier)


def _changed(dossier: Dossier) -> None:
    from qualification.tasks import derive_dossier

    DossierStatus.objects.filter(pk=dossier.pk).mark_stale()
    nudge(derive_dossier, dossier.pk)
