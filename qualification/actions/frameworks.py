"""Changing frameworks, criteria, questions and teams' policies."""

from django.db import IntegrityError, transaction

from people.models import Team, User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict
from qualification.models import Criterion, Framework, Question, TeamPolicy
from qualification.status import mark_framework_stale, mark_team_stale

POLICY_FIELDS = ["framework", "minimum_budget", "timeline_months", "stale_after_days", "discount_limit"]


@action
def save_framework(actor: User, framework: Framework, version: int | None) -> Framework:
    """Add a framework, or save name, description and whether teams may choose it.

    Raises:
        StaleEdit: saved elsewhere in between.
    """
    require(actor, "qualification.change_frameworks")
    if version is None:
        framework.save()
    else:
        save_version(framework, ["name", "description", "is_active"], version)
    return framework


@action
def save_criterion(actor: User, criterion: Criterion, questions: list[str]) -> Criterion:
    """Add or save a criterion with its question bank; the dossiers of its framework are judged anew."""
    require(actor, "qualification.change_frameworks")
    criterion.save()
    criterion.questions.all().delete()
    Question.objects.bulk_create(
        Question(criterion=criterion, text=text, order=order) for order, text in enumerate(questions)
    )
    mark_framework_stale(criterion.framework_id)
    return criterion


@action
def save_policy(actor: User, policy: TeamPolicy, team: Team, version: int | None) -> TeamPolicy:
    """Save a team's framework and thresholds; its dossiers are judged anew.

    Raises:
        StaleEdit: saved elsewhere in between.
        Conflict: the team got its first own policy in between.
    """
    require(actor, "qualification.change_policy", team)
    if version is None:
        policy.team = team
        try:
            with transaction.atomic():
                policy.save(force_insert=True)
        except IntegrityError as error:
            raise Conflict(f"Somebody else just set the rules of {team}. Look at theirs first.") from error
    else:
        save_version(policy, POLICY_FIELDS, version)
    mark_team_stale(team)
    return policy
