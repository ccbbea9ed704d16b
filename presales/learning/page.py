"""The page of the learned probability, in words and figures for people who do not know statistics."""

import itertools
from dataclasses import dataclass, field

from presales.learning.drift import LARGE, SLIGHT
from presales.learning.fields import POINTS, Known
from presales.learning.leaks import Cause
from presales.learning.reasons import LEAST_OUTCOMES, percent
from presales.learning.stored import LearnedVersion, LearningSettings, ModelState
from presales.learning.versions import Learner


@dataclass(frozen=True)
class Words:
    """What is learned about, as the page names it: one `lead`, many `leads`, and what came of those that were won."""

    one: str
    many: str
    won: str
    noun: str  # what winning is called: a conversion, a win
    nouns: str

    @property
    def wanting(self) -> dict[str, str]:
        """What keeps a version from being active, by `Report.shortfalls`."""
        return {
            "proof": f"On {self.many} it had not seen, it was not clearly better than saying the average for all.",
            "skill": "What it adds to the average is too little to be worth a percentage.",
            "ranking": f"It does not yet rank {self.won} {self.many} reliably above lost ones.",
            "calibration": "Its percentages were too far from what happened.",
        }


CHART = 240


@dataclass(frozen=True)
class Row:
    """A field as the page lists it."""

    key: str
    label: str
    group: str
    used: bool
    is_leak: bool
    note: str
    importance: float = 0.0


@dataclass(frozen=True)
class Cell:
    """A value, or a range of them: how many records have it, and what it does."""

    value: str
    share: float
    weight: float


@dataclass(frozen=True)
class Used:
    """A field of the version in use: how much it matters (0–100), and its values."""

    label: str
    importance: int
    cells: list[Cell]


@dataclass(frozen=True)
class Point:
    """A group of the reliability chart, with its place in the picture."""

    size: int
    predicted: str
    happened: str
    x: float
    y: float


@dataclass(frozen=True)
class Bar:
    """A step of the lift chart: the best tenth, two tenths and so on."""

    share: int
    lift: float
    x: float
    y: float
    height: float


@dataclass
class Page:
    """All that the page shows."""

    learner: Learner
    words: Words
    settings: LearningSettings
    current: LearnedVersion | None
    versions: list[LearnedVersion]
    rows: list[Row]
    state: str
    is_due: bool
    report: dict = field(default_factory=dict)

    @property
    def state_label(self) -> str:
        """Rules only, Learning or Active."""
        return ModelState(self.state).label

    @property
    def wins(self) -> int:
        """Those won, of the last training."""
        return self.settings.latest.get("wins", 0)

    @property
    def losses(self) -> int:
        """Those lost, of the last training."""
        return self.settings.latest.get("losses", 0)

    @property
    def missing(self) -> str:
        """What is missing before anything can be learned."""
        wanted = {self.words.won: LEAST_OUTCOMES - self.wins, "lost": LEAST_OUTCOMES - self.losses}
        return " and ".join(f"{number} {name}" for name, number in wanted.items() if number > 0)

    @property
    def shortfalls(self) -> list[str]:
        """What keeps the version in use from showing percentages."""
        return [self.words.wanting[name] for name in self.report.get("shortfalls", ()) if name in self.words.wanting]

    @property
    def leaks(self) -> list[Row]:
        """Fields that know the outcome already."""
        return [row for row in self.rows if row.is_leak]

    @property
    def groups(self) -> dict[str, list[Row]]:
        """The fields by where they come from."""
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row.group, []).append(row)
        return found

    @property
    def figures(self) -> list[tuple[str, str, str]]:
        """What the version in use is worth: label, figure, and what it means."""
        report = self.report
        if not report:
            return []
        words = self.words
        ranked = [
            (
                "Ranks right",
                f"{100 * report['auc']:.0f} of 100",
                f"times that a {words.won} and a lost {words.one} are compared, the {words.won} one has the higher "
                "figure. 50 is guessing.",
            )
        ]
        if report.get("points_auc"):
            ranked.append(
                (
                    "The rules alone",
                    f"{100 * report['points_auc']:.0f} of 100",
                    "the same, going by the score of the rules.",
                )
            )
        gap = f"{100 * report['calibration_error']:.1f} points"
        return [
            *ranked,
            (
                "Off by",
                gap,
                f"on average: how far its percentages were from what happened, {words.one} group by group.",
            ),
            (
                "Best tenth",
                f"{report['lift']:.1f} ×",
                f"as many {words.nouns} as among all {words.many}, in the tenth that it puts on top.",
            ),
        ]

    @property
    def points(self) -> list[Point]:
        """The groups of the reliability chart."""
        return [
            Point(
                one["size"], percent(one["predicted"]), percent(one["happened"]),
                round(CHART * one["predicted"], 1), round(CHART * (1 - one["happened"]), 1),
            )
            for one in self.report.get("groups", ())
        ]  # fmt: skip

    @property
    def bars(self) -> list[Bar]:
        """The steps of the lift chart."""
        steps = [(share, lift) for share, lift in self.report.get("lifts", ()) if lift is not None]
        most = max((lift for _, lift in steps), default=1) or 1
        return [
            Bar(
                share=round(100 * share),
                lift=lift,
                x=4 + place * CHART / 10,
                y=round(CHART * (1 - lift / most), 1),
                height=round(CHART * lift / most, 1),
            )
            for place, (share, lift) in enumerate(steps)
        ]

    @property
    def drift(self) -> list[tuple[str, str, float]]:
        """How today's open records differ from those learned from: field, in words, index; the most changed first."""
        labels = {row.key: row.label for row in self.rows}
        return [
            (labels.get(key) or known.label, _changed(index), index)
            for key, index in self.settings.watch.get("drift", {}).items()
            if (known := self.learner.known_by(key))
        ]

    @property
    def drifted(self) -> int:
        """How many fields changed much."""
        return sum(index >= LARGE for _, _, index in self.drift)

    @property
    def newer(self) -> dict[str, object]:
        """How those that ended since the training turned out; empty while there are too few."""
        found = self.settings.watch.get("newer")
        if not found:
            return {}
        return found | {
            "won": percent(found["won"]),
            "predicted": percent(found["predicted"]),
            "auc": round(100 * found["auc"]),
        }

    @property
    def used(self) -> list[Used]:
        """The fields of the version in use, the weightiest first."""
        if self.current is None:
            return []
        labels = {row.key: row.label for row in self.rows}
        importance = self.report.get("importance", {})
        most = max(importance.values(), default=0) or 1
        found = [
            Used(
                labels.get(known.key) or known.label,
                round(100 * importance.get(known.key, 0) / most),
                _cells(column, self.report, known),
            )
            for column in self.current.data["columns"]
            if (known := self.learner.known_by(column["key"]))
        ]
        return sorted(found, key=lambda one: (-one.importance, one.label))


def load(learner: Learner, words: Words) -> Page:
    """The page as things stand, in four queries."""
    settings = learner.settings.row()
    known = learner.all_known()
    in_use = learner.current_id()
    kept = list(learner.versions.objects.select_related("trained_by").defer("data", "findings"))
    current = next((version for version in kept if version.pk == in_use), None)
    if current is not None:
        current = learner.versions.objects.get(pk=current.pk)
    importance = current.report.get("importance", {}) if current else {}
    return Page(
        learner=learner,
        words=words,
        settings=settings,
        current=current,
        versions=kept,
        rows=[_row(one, settings, importance, words) for one in known.values() if one.key != POINTS],
        state=current.state if current else ModelState.RULES_ONLY,
        is_due=learner.is_due(settings),
        report=current.report if current else {},
    )


def _row(known: Known, settings: LearningSettings, importance: dict[str, float], words: Words) -> Row:
    found = settings.latest.get("findings", {}).get(known.key)
    leak = bool(found and found["is_leak"])
    used = known.key in settings.switched_on or (known.key not in settings.switched_off and not known.off and not leak)
    return Row(
        known.key,
        known.label,
        known.group,
        used,
        leak,
        _note(known, settings, found, used, words),
        importance.get(known.key, 0.0),
    )


def _note(known: Known, settings: LearningSettings, found: dict | None, used: bool, words: Words) -> str:
    if found and found["is_leak"]:
        told = leak_in_words(known.label, found, words)
        return f"{told} Used all the same, since somebody switched it on." if used else told
    if known.key in settings.switched_off:
        return "Switched off."
    if not used:
        return known.off
    cause = found and found["cause"]
    if cause == Cause.EMPTY.value:
        return f"Empty in every ended {words.one}."
    if cause == Cause.SAME.value:
        return f"The same in (nearly) every ended {words.one}, so it says nothing."
    if cause == Cause.NUMBERING.value:
        return f"Nearly every {words.one} has a value of its own, so nothing can be learned from it."
    return ""


def leak_in_words(label: str, found: dict, words: Words) -> str:
    """The warning of a field that knows the outcome already."""
    if found["cause"] == Cause.FILLED_AFTER.value:
        more, ending = (found["wins"], words.won) if found["wins"] >= found["losses"] else (found["losses"], "lost")
        return (
            f"“{label}” is filled for {percent(more)} of the {ending} {words.many} and for next to none of the others: "
            "it seems to be written down once the outcome is known."
        )
    if found["cause"] == Cause.ECHO.value:
        return (
            f"“{label}” goes with the days from the beginning of a {words.one} to its ending, which nobody knows "
            "before: it seems to be written down after the outcome."
        )
    times = 100 * max(found["auc"], 1 - found["auc"])
    return (
        f"“{label}” alone tells {words.won} from lost {words.many} {times:.0f} times of 100. "
        "Nothing that is known beforehand does; it seems to be written down after the outcome."
    )


def _changed(index: float) -> str:
    return "very different" if index >= LARGE else "somewhat different" if index >= SLIGHT else "as before"


def _cells(column: dict, report: dict, known: Known) -> list[Cell]:
    """The values of a field with what each does, the strongest first; ranges in their order."""
    shares = report.get("shares", {}).get(column["key"], [])
    mean, weights = column["mean"], column["weights"]
    match column["kind"]:
        case "points":
            worth = 10 * weights[0] / column["scale"]
            return [Cell("10 points more", 1.0, worth)]
        case "items":
            named = ["none known", *column["levels"]]
            return [
                Cell(name, 0.0, weight - (mean if not place else 0))
                for place, (name, weight) in enumerate(zip(named, weights, strict=True))
            ]
    if column["kind"] == "number":
        names = ["not known", *_ranges(column["edges"])]
    else:
        choices = known.choices()
        names = ["not known", "any other", *(choices.get(level, level) for level in column["levels"])]
    cells = [
        Cell(name, share, weight - mean)
        for name, weight, share in zip(names, weights, shares or [0.0] * len(weights), strict=True)
        if share or not shares
    ]
    return cells if column["kind"] == "number" else sorted(cells, key=lambda one: (-abs(one.weight), one.value))


def _ranges(edges: list[float]) -> list[str]:
    told = [f"{edge:,.4g}" if abs(edge) < 1000 else f"{edge:,.0f}" for edge in edges]
    if not told:
        return ["any"]
    return [
        f"under {told[0]}",
        *(f"{low} to under {high}" for low, high in itertools.pairwise(told)),
        f"{told[-1]} and more",
    ]
