"""What an admin keeps an eye on: the worker, imports, people and exports."""

import datetime
from collections import Counter

from django.db.models import Count, Min, Value
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from insights.home.parts import LINES, Action, Line, Section
from leads.models import ImportBatch, LeadScore, ScoreRange
from people.models import Export, Role, User
from presales.derived import MAX_ATTEMPTS
from qualification.models import DossierStatus

COUNTED = 1000  # rows are not counted beyond
DERIVED = [(LeadScore, "scores"), (DossierStatus, "qualification statuses")]
PATIENCE = datetime.timedelta(minutes=10)  # a sweep runs every minute; later than this, something is wrong


def worker() -> Section:
    """Rows the worker gave up on, and those it has not caught up with."""
    now = timezone.now()
    lines = []
    for what, count, error in _given_up():
        lines.append(
            Line(f"{_number(count)} set aside after {MAX_ATTEMPTS} failures: {what}", "", error, [("Set aside", "bad")])
        )
    for model, what in DERIVED:
        stale = model.objects.stale(now).order_by()[: COUNTED + 1]
        found = stale.aggregate(n=Count("pk"), oldest=Min("computed_at"))
        if found["n"]:
            late = found["oldest"] is not None and found["oldest"] < now - PATIENCE
            why = "" if found["oldest"] else "the worker is on it"
            lines.append(
                Line(
                    f"{_number(found['n'])} to compute anew: {what}",
                    "",
                    why,
                    at=found["oldest"],
                    at_label="the oldest was computed",
                    late=late,
                )
            )
    return Section(
        "Background work", "activity", lines, "Every score and status is up to date.", more_url=reverse("jobs")
    )  # fmt: skip


def _given_up() -> list[tuple[str, int, str]]:
    """`(what, how many, an example's error)` of everything set aside; one query."""
    parts = [
        model.objects.set_aside().order_by().annotate(what=Value(what)).values_list("what", "last_error")[: COUNTED + 1]
        for model, what in DERIVED
    ]
    ranges = ScoreRange.objects.filter(attempts__gte=MAX_ATTEMPTS).order_by().annotate(what=Value("ranges of scores"))
    rows = list(ranges.values_list("what", "last_error")[: COUNTED + 1].union(*parts, all=True))
    counted = Counter(what for what, _ in rows)
    errors = dict(rows)
    return [(what, count, errors[what]) for what, count in sorted(counted.items())]


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
