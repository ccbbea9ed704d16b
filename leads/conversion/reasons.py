"""What the learned version says of one lead, and why, in words; or why it says nothing yet.

The reasons are those of the very figure that is stored: the average lead's logit, plus every field's part, is the
lead's logit, to the last digit that is shown.
"""

import calendar
import functools
import json
from decimal import Decimal

from leads.conversion.fields import CUSTOM, known_by
from leads.custom_values import in_words
from leads.models.conversion import ConversionModel, ModelState
from leads.models.leads import Lead, LeadStage
from leads.scoring.fields import FIELDS
from presales.learning.fields import POINTS
from presales.learning.model import Model
from presales.learning.reasons import Chance, explained


@functools.lru_cache(maxsize=4)
def _version(pk: int) -> tuple[str, int, int, Model] | None:
    """State, wins, losses and model of a version; versions never change."""
    row = ConversionModel.objects.filter(pk=pk).values_list("state", "wins", "losses", "data").first()
    return row and (*row[:3], Model.from_data(row[3]))


NAMES = """(SELECT coalesce(jsonb_object_agg('custom.' || f.record || '.' || f.kind || '.' || f.key, f.name), '{}')
              FROM leads_customfield f)"""


def question(version: int) -> list[str]:
    """SQL of all that `explain` wants to know, over a lead, its company and its score row."""
    found = _version(version) if version else None
    if found is None:
        return ["(SELECT latest FROM leads_conversionsettings WHERE id = 1)::text"]
    if found[0] != ModelState.ACTIVE:
        return []
    asked = _asked(found[3])
    names = NAMES if any(CUSTOM.match(key) for key in asked) else "'{}'"
    return [f"{names}::text", *(known_by(key).sql for key in asked)]


def _asked(model: Model) -> list[str]:
    return [key for key in model.encoders if key != POINTS and known_by(key)]


def explain(
    lead: Lead, version: int, total: int | None, stored: float | None, answers: tuple[object, ...]
) -> Chance | None:
    """The learned part of the score panel; None for a lead whose ending is known. `answers` are to `question`."""
    if lead.merged_into_id or lead.stage in (LeadStage.CONVERTED, LeadStage.DISQUALIFIED):
        return None
    found = _version(version) if version else None
    if found is None:
        latest = json.loads(str(answers[0])) if answers[0] else {}
        return Chance(ModelState.RULES_ONLY, latest.get("wins", 0), latest.get("losses", 0))
    state, wins, losses, model = found
    if state != ModelState.ACTIVE or total is None:
        return Chance(state, wins, losses)
    values = dict(zip(_asked(model), answers[1:], strict=True)) | {POINTS: total}
    names = json.loads(str(answers[0]))
    return explained(
        model,
        values,
        label=lambda key: known_by(key, names.get(key, "")).label,
        words=lambda key, value: _words(lead, key, value),
        counted=(state, wins, losses),
        stored=lambda logit, chance: stored is not None and abs(stored - chance) <= 1e-6,
    )


def _words(lead: Lead, key: str, value: object) -> str:
    """A value as people know it, not as it was compared."""
    if value is None or value == []:
        return "not known"
    if found := CUSTOM.match(key):
        record, kind, name = found.groups()
        custom = lead.custom if record == "lead" else lead.company.custom
        return in_words(kind, custom.get(name)) or str(value)
    match key:
        case "owner":
            return str(lead.owner or lead.owner_name)
        case "team":
            return str(lead.team)
        case "month":
            return calendar.month_name[int(str(value))]
        case "weekday":
            return calendar.day_name[int(str(value)) - 1]
    if isinstance(value, int | float | Decimal):
        return f"{value:,.0f}"
    if isinstance(value, list):
        return ", ".join(value[:3]) + (f" and {len(value) - 3} more" if len(value) > 3 else "")
    original = getattr(lead, key, None) or getattr(lead.company, key, None)
    text = original if isinstance(original, str) else str(value)
    return FIELDS[key].choices().get(text, text) if key in FIELDS else text
