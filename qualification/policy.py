"""A team's framework and thresholds, with the defaults of a team that set none."""

from qualification.models import Dossier, Framework, TeamPolicy

DEFAULT_FRAMEWORK = "bant"


def thresholds_for(team_id: int | None) -> TeamPolicy:
    """The team's figures, or the defaults; without the framework, so one query at most."""
    return (TeamPolicy.objects.filter(team=team_id).first() if team_id else None) or TeamPolicy(team_id=team_id)


def thresholds_of(dossier: Dossier) -> TeamPolicy:
    """The figures that count for `dossier`; no query where its team and the team's policy were read along."""
    if dossier.team_id is None or not Dossier.team.is_cached(dossier):
        return thresholds_for(dossier.team_id)
    return getattr(dossier.team, "qualification_policy", None) or TeamPolicy(team_id=dossier.team_id)


def policy_for(team_id: int | None) -> TeamPolicy:
    """The team's policy; an unsaved one with the defaults (BANT, 50,000 a year, 6 months, 45 days) if none."""
    stored = TeamPolicy.objects.select_related("framework").filter(team=team_id).first() if team_id else None
    return stored or TeamPolicy(team_id=team_id, framework=Framework.objects.get(slug=DEFAULT_FRAMEWORK))
