"""What was learned says of one deal, and why, in words: from what is stored beside its probability, asking nothing.

The reasons are those of the very figure that is stored: the average deal's log-odds, plus every fact's part, are the
deal's, to the last digit.
"""

import calendar
import functools
from collections.abc import Mapping

from deals.models.probability import EvidenceProbability
from deals.models.winning import WinModel
from deals.winning.fields import CUSTOM, known_by
from leads.custom_values import in_words
from presales.learning.fields import as_compared
from presales.learning.model import Model
from presales.learning.reasons import Chance, explained

NOT_NAMED = {"owner", "team"}


@functools.lru_cache(maxsize=4)
def _version(pk: int) -> tuple[tuple[str, int, int], Model, dict[str, str], dict[str, Mapping[str, str]]] | None:
    """State, wins and losses; the model; what its fields and their levels are called. Versions never change."""
    row = WinModel.objects.filter(pk=pk).values_list("state", "wins", "losses", "data", "report").first()
    if row is None:
        return None
    *counted, data, report = row
    model = Model.from_data(data)
    known = {key: found for key in model.encoders if (found := known_by(key))}
    labels = {key: one.label for key, one in known.items()} | report.get("labels", {})
    return tuple(counted), model, labels, {key: one.choices() for key, one in known.items()}


def learned_of(row: EvidenceProbability) -> Chance | None:
    """The learned part of a stored probability; None where no version had a part in it."""
    found = _version(row.learned_by) if row.learned_by else None
    if found is None or row.facts is None:
        return None
    counted, model, labels, choices = found
    values = {key: _value(key, value) for key, value in row.facts.items()}
    return explained(
        model,
        values,
        label=lambda key: labels.get(key, key),
        words=lambda key, _value: _words(key, row.facts.get(key), choices.get(key, {})),
        counted=counted,
        stored=lambda logit, _chance: row.logit is not None and abs(row.logit - logit) <= 1e-6,
    )


def _value(key: str, stored: object) -> object:
    """What the version compared: typed texts are stored as people wrote them."""
    known = known_by(key)
    return as_compared(stored) if known is not None and known.shown and isinstance(stored, str) else stored


def _words(key: str, value: object, choices: Mapping[str, str]) -> str:
    if value is None or value == []:
        return "not known"
    if found := CUSTOM.match(key):
        kind = found[2]
        if kind == "date":
            return f"{value:,.0f} days before it came in"
        return str(value) if kind == "yes_no" else in_words(kind, value)
    if key == "month":
        return calendar.month_name[int(str(value))]
    if key == "weekday":
        return calendar.day_name[int(str(value)) - 1]
    if key in NOT_NAMED:
        return "this one"  # whoever it was when the deal came in; it may be another today
    if isinstance(value, int | float):
        return f"{value:,.0f}"
    if isinstance(value, list):
        return ", ".join(value[:3]) + (f" and {len(value) - 3} more" if len(value) > 3 else "")
    return choices.get(str(value), str(value))
