"""What an admin keeps an eye on: the worker, imports, people and exports."""

import datetime

from django.db.models import Min
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from insights.home.parts import LINES, Action, Line, Section
from leads.models import ImportBatch, LeadScore, ScoreRange
from people.models import Export, Role, User
from presales.derived import MAX_ATTEMPTS
from presales.paging import capped_count
from qualification.models import DossierStatus

PATIENCE = datetime.timedelta(minutes=10)  # a sweep runs every minute; later than this, something is wrong


def worker() -> Section:
    """Rows the worker has not caught up with, and those it gave up on."""
    now = timezone.now()
    lines = []
    for model, what in ((LeadScore, "scores"), (DossierStatus, "qualification statuses")):
        stale = model.objects.stale(now)
        count, more = capped_count(stale)
        if count:
            oldest = stale.order_by().aggregate(at=Min("computed_at"))["at"] if count and not more else None
            late = oldest is not None and oldest < now - PATIENCE
            lines.append(
                Line(
                    f"{count:,}{'+' if more else ''} {what} are being recomputed", "",
                    "the oldest was last computed" if oldest else "in the background", at=oldest, late=late,
                )
            )  # fmt: skip
        aside, many = capped_count(model.objects.set_aside())
        if aside:
            example = model.objects.set_aside().order_by("set_aside_at").values_list("last_error", flat=True).first()
            lines.insert(
                0,
                Line(
                    f"{aside:,}{'+' if many else ''} {what} set aside after {MAX_ATTEMPTS} failures", "", example or "",
                    [("Set aside", "bad")],
                ),
            )  # fmt: skip
    failed = ScoreRange.objects.filter(attempts__gte=MAX_ATTEMPTS).values_list("first", "last_error")[:1]
    lines += [Line(f"Scores from lead {first} on fail", "", error, [("Set aside", "bad")]) for first, error in failed]
    return Section("Background work", "activity", lines, "Every score and status is up to date.")


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
