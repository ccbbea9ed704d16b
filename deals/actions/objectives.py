"""Proposing objectives, agreeing on them, and saying how far their key results are.

Whoever may write an objective does so until it is agreed on; then its words are the manager's to change, and whoever
answers for it checks in. The lock order is the objective, then its key results.
"""

from django.utils import timezone

from deals.models import CheckIn, KeyResult, Objective, ObjectiveState
from deals.models.objectives import MOST_RESULTS, last_day
from deals.objectives import FIGURES
from people.models import Role, User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict

GONE = "This objective is gone."


@action
def propose_objective(actor: User, objective: Objective) -> Objective:
    """Write down an objective. It is a proposal until somebody who manages the person or the team agrees.

    Raises:
        NotAllowed: for somebody else, or for a team that the actor does not manage.
        Conflict: the deadline lies outside the quarter.
    """
    objective.state, objective.created_by = ObjectiveState.PROPOSED, actor
    if objective.user_id:
        objective.owner = objective.user
    require(actor, "deals.write_objective", objective)
    _within_quarter(objective)
    objective.save(force_insert=True)
    return objective


@action
def edit_objective(actor: User, objective: Objective, version: int) -> Objective:
    """Change sentence, owner and deadline; whom it is for and its quarter stay.

    Raises:
        NotAllowed: agreed on already, and the actor does not manage it.
        Conflict: dropped, or the deadline lies outside the quarter.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    stored = _hold(objective.pk)
    require(actor, "deals.write_objective", stored)
    _must_run(stored)
    if stored.user_id:
        objective.owner_id = stored.user_id
    _within_quarter(objective)
    save_version(objective, ["sentence", "owner", "deadline"], version)
    return objective


@action
def agree_objective(actor: User, objective: Objective) -> Objective:
    """From now on it counts. Repeating it is a success.

    Raises:
        NotAllowed: the actor manages neither the person nor the team.
        Conflict: it has no key result, or was dropped.
    """
    stored = _hold(objective.pk)
    require(actor, "deals.agree_objective", stored)
    _must_run(stored)
    if not stored.results.exists():
        raise Conflict("Say first how one would see it: an objective has at least one key result.")
    return _set(stored, ObjectiveState.AGREED)


@action
def drop_objective(actor: User, objective: Objective, *, reason: str) -> Objective:
    """It is given up; the history keeps why. Repeating it is a success.

    Raises:
        NotAllowed: the actor manages neither the person nor the team.
        Conflict: it is only proposed; such a one is removed.
    """
    stored = _hold(objective.pk)
    require(actor, "deals.agree_objective", stored)
    if stored.state == ObjectiveState.PROPOSED:
        raise Conflict("It was never agreed on. Remove it instead.")
    return _set(stored, ObjectiveState.DROPPED)


@action
def resume_objective(actor: User, objective: Objective) -> Objective:
    """A dropped one counts again. Repeating it is a success.

    Raises:
        NotAllowed: the actor manages neither the person nor the team.
        Conflict: it is only proposed.
    """
    stored = _hold(objective.pk)
    require(actor, "deals.agree_objective", stored)
    if stored.state == ObjectiveState.PROPOSED:
        raise Conflict("It was never agreed on. Agree on it.")
    return _set(stored, ObjectiveState.AGREED)


@action
def remove_objective(actor: User, objective: Objective) -> None:
    """Take a proposal back.

    Raises:
        NotAllowed: neither the own proposal nor that of somebody the actor manages.
        Conflict: it was agreed on; such a one is dropped, with a reason.
    """
    stored = _hold(objective.pk)
    require(actor, "deals.write_objective", stored)
    if stored.state != ObjectiveState.PROPOSED:
        raise Conflict("It was agreed on. Drop it and say why.")
    stored.delete()


@action
def add_key_result(actor: User, result: KeyResult) -> KeyResult:
    """One more way to see that the objective is met.

    Raises:
        NotAllowed: agreed on already, and the actor does not manage it.
        Conflict: there are five, the objective was dropped, or what is measured cannot be measured of a person in
            that role.
    """
    objective = _hold(result.objective_id)
    require(actor, "deals.write_objective", objective)
    _must_run(objective)
    free = sorted(set(range(1, MOST_RESULTS + 1)) - set(objective.results.values_list("place", flat=True)))
    if not free:
        raise Conflict(f"An objective has at most {MOST_RESULTS} key results.")
    _measurable(objective, result)
    result.objective, result.place = objective, free[0]
    result.save(force_insert=True)
    return result


@action
def edit_key_result(actor: User, result: KeyResult, version: int) -> KeyResult:
    """Change its words, unit, start and target. What it is measured by stays: another figure is another key result.

    Raises:
        NotAllowed: agreed on already, and the actor does not manage it.
        Conflict: the objective was dropped.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    objective = _hold(result.objective_id)
    require(actor, "deals.write_objective", objective)
    _must_run(objective)
    save_version(result, ["text", "unit", "start", "target"], version)
    return result


@action
def remove_key_result(actor: User, result: KeyResult) -> None:
    """Take a key result out of a proposal.

    Raises:
        NotAllowed: neither the own proposal nor that of somebody the actor manages.
        Conflict: the objective was agreed on, with this key result.
    """
    objective = _hold(result.objective_id)
    require(actor, "deals.write_objective", objective)
    if objective.state != ObjectiveState.PROPOSED:
        raise Conflict("The objective was agreed on with this key result. Change it, or drop the objective.")
    KeyResult.objects.filter(pk=result.pk).delete()


@action
def check_in(actor: User, check: CheckIn) -> CheckIn:
    """Say what a key result kept by hand stands at, on which day, and what shows it.

    Raises:
        NotAllowed: the actor neither answers for the objective nor manages it.
        Conflict: it is measured, not agreed on, dated on a day to come or after the deadline, or without evidence.
    """
    objective = _hold(check.key_result.objective_id)
    require(actor, "deals.check_in", check.key_result)
    if check.key_result.figure:
        raise Conflict("This key result is measured. Nobody checks it in.")
    if objective.state != ObjectiveState.AGREED:
        raise Conflict("Only an objective that is agreed on is checked in.")
    if check.on > timezone.localdate():
        raise Conflict("That day is still to come.")
    if check.on > objective.deadline:
        raise Conflict(f"The deadline was {objective.deadline:%-d %b %Y}. Say how it stood then.")
    if not check.evidence:
        raise Conflict("Say what shows it.")
    check.by = actor
    check.save(force_insert=True)
    return check


def _hold(pk: int) -> Objective:
    found = Objective.objects.select_for_update(of=("self",)).select_related("user", "team").filter(pk=pk).first()
    if found is None:
        raise Conflict(GONE)
    return found


def _set(objective: Objective, state: ObjectiveState) -> Objective:
    if objective.state != state:
        objective.state = state
        save_version(objective, ["state"], objective.version)
    return objective


def _must_run(objective: Objective) -> None:
    if objective.state == ObjectiveState.DROPPED:
        raise Conflict("This objective was dropped. Take it up again first.")


def _within_quarter(objective: Objective) -> None:
    if not objective.quarter <= objective.deadline <= last_day(objective.quarter):
        raise Conflict("The deadline lies outside the quarter.")


def _measurable(objective: Objective, result: KeyResult) -> None:
    if not result.figure:
        return
    if result.figure not in FIGURES:
        raise Conflict("There is no such figure.")
    if objective.user_id and objective.user.role not in (Role.AE, Role.SE):
        raise Conflict("What one person brings about is measured of AEs and SEs only. Keep it by hand.")
