"""What people decide about the learned probability: when to train, from which fields, and which version is in use."""

from leads.conversion import versions
from leads.conversion.fields import POINTS, all_known
from leads.models import ConversionModel, ConversionSettings
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.errors import Conflict, StaleEdit


def _settings() -> ConversionSettings:
    ConversionSettings.row()
    return ConversionSettings.objects.select_for_update().get(pk=1)


@action
def train_now(actor: User, *, reason: str = "") -> None:
    """Have the worker train, in the name of this person."""
    require(actor, "leads.change_conversion")
    row = _settings()
    row.wanted_by = actor
    row.save(update_fields=["wanted_by"])
    versions.want_training()


@action
def choose_fields(
    actor: User, *, version: int, used: set[str], leaks: set[str], horizon_days: int, reason: str = ""
) -> None:
    """Learn from `used` alone, and count leads as lost after `horizon_days`; a training follows.

    `leaks` are fields that know the outcome: left alone they stay out, used they are trusted from now on.

    Raises:
        StaleEdit: somebody saved since the page was opened.
    """
    require(actor, "leads.change_conversion")
    row = _settings()
    if row.version != version:
        raise StaleEdit(
            "Somebody else changed the fields while you did. Nothing was overwritten; look at the page anew."
        )
    switched_on, switched_off = [], []
    for key, known in all_known().items():
        usual = not known.off and key not in leaks
        if key != POINTS and (key in used) != usual:
            (switched_on if key in used else switched_off).append(key)
    row.switched_on, row.switched_off, row.horizon_days = switched_on, switched_off, horizon_days
    row.wanted_by, row.version = actor, row.version + 1
    row.save()
    versions.want_training()


@action
def use_version(actor: User, version: ConversionModel, *, reason: str = "") -> None:
    """Take a kept version into use and hold it there: trainings go on, but replace it no more.

    Raises:
        Conflict: it rests on fields that were switched off since.
    """
    require(actor, "leads.change_conversion")
    row = _settings()
    off = {column["key"] for column in version.data["columns"]} & set(row.switched_off)
    if off:
        raise Conflict("This version rests on a field that was switched off since. Switch it on, or train anew.")
    versions.use(version)
    row.is_held, row.version, row.watch = True, row.version + 1, {}
    row.save()


@action
def release(actor: User, *, reason: str = "") -> None:
    """Let trainings replace the version in use again, beginning with one now."""
    require(actor, "leads.change_conversion")
    row = _settings()
    row.is_held, row.wanted_by, row.version = False, actor, row.version + 1
    row.save()
    versions.want_training()
