"""What an admin keeps an eye on: the worker, imports, people and exports."""

import datetime

from django.db.models import Value
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from insights.home.parts import LINES, Action, Line, Section
from leads.models import ImportBatch
from people.models import Export, Role, User
from presales import set_aside
from presales.derived import MAX_ATTEMPTS

COUNTED = 1000  # rows are not counted beyond
PATIENCE = datetime.timedelta(minutes=10)  # a sweep runs every minute; later than this, something is wrong


def worker() -> Section:
    """Rows the worker gave up on, and those it has not caught up with."""
    now = timezone.now()
    lines = []
    for given in set_aside.given_up():
        title = f"{given.count:,} set aside after {MAX_ATTEMPTS} failures: {given.kind.what}"
        lines.append(Line(title, "", given.error, [("Set aside", "bad")]))
    for what, times in _to_compute(now).items():
        oldest = min(filter(None, times), default=None)
        late = oldest is not None and oldest < now - PATIENCE
        why = "" if oldest else "the worker is on it"
        title = f"{_number(len(times))} to compute anew: {what}"
        lines.append(Line(title, "", why, at=oldest, at_label="the oldest was computed", late=late))
    return Section(
        "Background work", "activity", lines, "Every figure of the worker is up to date.", more_url=reverse("jobs")
    )  # fmt: skip


def _to_compute(now: datetime.datetime) -> dict[str, list[datetime.datetime | None]]:
    """When what waits for the worker was computed last, by what it is; at most COUNTED and one of each; one query."""
    parts = [
        model.objects.stale(now).order_by()
        .annotate(what=Value(str(model._meta.verbose_name_plural))).values_list("what", "computed_at")[: COUNTED + 1]
        for model in set_aside.derived_models()
    ]  # fmt: skip
    found: dict[str, list[datetime.datetime | None]] = {}
    for what, computed_at in parts[0].union(*parts[1:], all=True):
        found.setdefault(what, []).append(computed_at)
    return found


def _number(count: int) -> str:
    return f"{COUNTED:,}+" if count > COUNTED else f"{count:,}"


def failed_imports(user: User) -> Section:
    """Imports that stopped."""
    found = ImportBatch.objects.visible_to(user).filter(state=ImportBatch.State.FAILED).order_by("-created_at")[:LINES]
    lines = [
        Line(
            batch.filename, _address("leads:import", batch.pk), batch.message, [("Failed", "bad")], batch.created_at,
            action=Action("Look", _address("leads:import", batch.pk)) if _address("leads:import", batch.pk) else None,
        )
        for batch in found
    ]  # fmt: skip
    return Section("Imports that failed", "file-import", lines)


def without_team() -> Section:
    """People who see nothing, since they belong to no team."""
    found = User.objects.in_role(Role.AE, Role.SE, Role.MANAGER).filter(memberships=None).order_by("name")[:LINES]
    url = _address("people:users")
    lines = [
        Line(
            person.name, url, person.get_role_display(), [("No team", "warn")],
            action=Action("Give a team", _address("people:user", person.pk) or url),
        )
        for person in found
    ]  # fmt: skip
    return Section("People without a team", "user-question", lines)


def exports(user: User) -> Section:
    """Who took which list out of the house lately."""
    found = Export.objects.visible_to(user).select_related("user")[:LINES]
    lines = [
        Line(
            f"{record.what.capitalize()}, {'running' if record.rows is None else f'{record.rows:,} rows'}", "",
            record.user.name if record.user else "somebody who left", at=record.started_at,
        )
        for record in found
    ]  # fmt: skip
    return Section("Exports lately", "download", lines, "Nobody has exported a list yet.")


def _address(name: str, *arguments: object) -> str:
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""
