"""What the learned version says of one lead, and why, in words; or why it says nothing yet.

The reasons are those of the very figure that is stored: the average lead's logit, plus every field's part, is the
lead's logit, to the last digit that is shown.
"""

import calendar
import functools
import json
from dataclasses import dataclass
from decimal import Decimal

from leads.conversion.fields import CUSTOM, POINTS, known_by
from leads.custom_values import in_words
from leads.learning.logistic import sigmoid
from leads.learning.model import Model
from leads.models.conversion import ConversionModel, ModelState
from leads.models.leads import Lead, LeadStage
from leads.scoring.fields import FIELDS

SHOWN = 3
LEAST_OUTCOMES = 20


@dataclass(frozen=True)
class Reason:
    """One field's part in the logit, compared with the average lead."""

    label: str
    value: str
    weight: float

    @property
    def strength(self) -> str:
        """How much it matters, in a word."""
        size = abs(self.weight)
        return "strongly" if size >= 1 else "clearly" if size >= 0.4 else "slightly"


@dataclass(frozen=True)
class Chance:
    """What the lead's page shows. Without `percent` there is only the state, with what is still wanting."""

    state: str
    wins: int = 0
    losses: int = 0
    percent: str = ""
    average: str = ""
    start: float = 0.0
    up: tuple[Reason, ...] = ()
    down: tuple[Reason, ...] = ()
    others: int = 0
    rest: float = 0.0
    logit: float = 0.0
    waiting: bool = False

    @property
    def outcomes(self) -> int:
        """How many ended leads it rests on."""
        return self.wins + self.losses

    @property
    def state_label(self) -> str:
        """Rules only, Learning or Active."""
        return ModelState(self.state).label

    @property
    def wanting(self) -> str:
        """Which outcomes are missing before anything can be learned: `8 won and 3 lost`."""
        missing = {"won": LEAST_OUTCOMES - self.wins, "lost": LEAST_OUTCOMES - self.losses}
        return " and ".join(f"{number} {name}" for name, number in missing.items() if number > 0)


def percent(probability: float) -> str:
    """A probability as people read it; never a plain 0 or 100."""
    whole = round(100 * probability)
    return "less than 1 %" if whole < 1 else "more than 99 %" if whole > 99 else f"{whole} %"


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
    return _explained(lead, model, values, json.loads(str(answers[0])), stored, Chance(state, wins, losses))


def _explained(
    lead: Lead, model: Model, values: dict[str, object], names: dict[str, str], stored: float | None, counted: Chance
) -> Chance:
    table = model.columns_from({key: [values.get(key)] for key in model.encoders})
    parts = {key: float(part[0]) for key, part in model.parts(table).items()}
    logit = model.start + sum(parts.values())
    chance = float(sigmoid(logit))
    ranked = sorted(parts, key=lambda key: (-abs(parts[key]), key))
    up = [key for key in ranked if parts[key] > 0.005][:SHOWN]
    down = [key for key in ranked if parts[key] < -0.005][:SHOWN]
    others = [key for key in parts if key not in up and key not in down]

    def told(keys: list[str]) -> tuple[Reason, ...]:
        return tuple(
            Reason(known_by(key, names.get(key, "")).label, _words(lead, key, values.get(key)), parts[key])
            for key in keys
        )

    return Chance(
        state=counted.state,
        wins=counted.wins,
        losses=counted.losses,
        percent=percent(chance),
        average=percent(float(sigmoid(model.start))),
        start=model.start,
        up=told(up),
        down=told(down),
        others=len(others),
        rest=sum(parts[key] for key in others),
        logit=logit,
        waiting=stored is None or abs(stored - chance) > 1e-6,
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
