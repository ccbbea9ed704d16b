"""Why a version says what it says of one record: the average record's logit, plus every field's part, is the record's
logit, to the last digit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from presales.learning.logistic import sigmoid
from presales.learning.model import Model
from presales.learning.stored import ModelState

SHOWN = 3
LEAST_OUTCOMES = 20


@dataclass(frozen=True)
class Reason:
    """One field's part in the logit, compared with the average record."""

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
    """What a record's page shows. Without `percent` there is only the state, with what is still wanting."""

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
        """How many records with a known ending it rests on."""
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


def explained(
    model: Model,
    values: Mapping[str, object],
    label: Callable[[str], str],
    words: Callable[[str, object], str],
    counted: tuple[str, int, int],
    stored: Callable[[float, float], bool],
) -> Chance:
    """What `model` says of a record with these values, three reasons up and three down, named by `label` and told by
    `words`. `counted` are state, wins and losses; `stored` says whether logit and probability are the stored ones."""
    table = model.columns_from({key: [values.get(key)] for key in model.encoders})
    parts = {key: float(part[0]) for key, part in model.parts(table).items()}
    logit = model.start + sum(parts.values())
    chance = float(sigmoid(logit))
    ranked = sorted(parts, key=lambda key: (-abs(parts[key]), key))
    up = [key for key in ranked if parts[key] > 0.005][:SHOWN]
    down = [key for key in ranked if parts[key] < -0.005][:SHOWN]
    others = [key for key in parts if key not in up and key not in down]

    def told(keys: list[str]) -> tuple[Reason, ...]:
        return tuple(Reason(label(key), words(key, values.get(key)), parts[key]) for key in keys)

    return Chance(
        *counted,
        percent=percent(chance),
        average=percent(float(sigmoid(model.start))),
        start=model.start,
        up=told(up),
        down=told(down),
        others=len(others),
        rest=sum(parts[key] for key in others),
        logit=logit,
        waiting=not stored(logit, chance),
    )
