"""Keeping dashboards: putting them together, sharing, copying and removing them."""

from django.db import IntegrityError, transaction

from people.models import Dashboard, Sharing, User
from people.models.dashboards import MOST_CARDS, MOST_DASHBOARDS
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict

FIELDS = ["name", "cards", "team", "person", "period", "as_of", "sharing", "with_teams"]
TAKEN = "You have a dashboard of that name. Choose another."


@action
def add_dashboard(actor: User, dashboard: Dashboard) -> Dashboard:
    """Keep a new dashboard for the actor.

    Raises:
        Conflict: the name is taken, there are too many cards, or the actor keeps too many dashboards.
    """
    dashboard.owner = actor
    User.objects.select_for_update().get(pk=actor.pk)
    if Dashboard.objects.filter(owner=actor).count() >= MOST_DASHBOARDS:
        raise Conflict(f"You keep {MOST_DASHBOARDS} dashboards. Remove one first.")
    _check(dashboard)
    _unique(lambda: dashboard.save(force_insert=True))
    return dashboard


@action
def edit_dashboard(actor: User, dashboard: Dashboard, version: int) -> Dashboard:
    """Save name, cards, filters and sharing.

    Raises:
        NotAllowed: neither its owner nor, of a shared one, an admin.
        Conflict: the name is taken, or there are too many cards.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "people.edit_dashboard", dashboard)
    _check(dashboard)
    _unique(lambda: save_version(dashboard, FIELDS, version))
    return dashboard


@action
def copy_dashboard(actor: User, dashboard: Dashboard) -> Dashboard:
    """A private copy for the actor, of a dashboard that they see.

    Raises:
        Conflict: the actor keeps too many dashboards.
    """
    taken = {name.casefold() for name in Dashboard.objects.filter(owner=actor).values_list("name", flat=True)}
    names = [dashboard.name, *(f"{dashboard.name[:70]} ({number})" for number in range(2, MOST_DASHBOARDS + 3))]
    name = next(name for name in names if name.casefold() not in taken)
    return add_dashboard(
        actor,
        Dashboard(
            name=name, cards=dashboard.cards, team_id=dashboard.team_id, person_id=dashboard.person_id,
            period=dashboard.period, as_of=dashboard.as_of,
        ),
    )  # fmt: skip


@action
def remove_dashboard(actor: User, dashboard: Dashboard) -> None:
    """Remove it for everybody; the history keeps it. Repeating it is a success.

    Raises:
        NotAllowed: neither its owner nor, of a shared one, an admin.
    """
    require(actor, "people.edit_dashboard", dashboard)
    Dashboard.objects.filter(pk=dashboard.pk).delete()


def _check(dashboard: Dashboard) -> None:
    if len(dashboard.cards) > MOST_CARDS:
        raise Conflict(f"A dashboard has at most {MOST_CARDS} cards.")
    if len({card.name for card in dashboard.placed}) < len(dashboard.cards):
        raise Conflict("A card stands on a dashboard once.")
    if dashboard.sharing != Sharing.TEAMS:
        dashboard.with_teams = []
    elif not dashboard.with_teams:
        raise Conflict("Say with which teams it is shared.")


def _unique(save: object) -> None:
    try:
        with transaction.atomic():
            save()
    except IntegrityError as error:
        raise Conflict(TAKEN) from error
