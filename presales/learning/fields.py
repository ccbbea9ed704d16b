"""What may be learned from, as SQL by a lasting key. Which fields there are is for the rooms that learn to say."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from presales.learning.table import Kind

# The score by the rules, where there is one: always used.
POINTS = "points"
# Longer texts differ in nearly every record, and are found to number them.
LONGEST = 120

OWNER = "Says who works the {one}, not what it is worth; a percentage that rests on it makes itself come true."
CALENDAR = "Says when, not who; what held in one season rarely holds in the next."
DATE = "Counts as the days from then until the {one} came in. What lay later is not known yet and counts as missing."

UPPER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True)
class Known:
    """One thing that may be learned from. `off` says why it is not, unless somebody switches it on.

    `condition` is the SQL of whether it holds, where it can only be yes or no. `shown` is the SQL of a text as people
    wrote it, where `sql` compares it in small letters; `choices` says what stored values are called.
    """

    key: str
    label: str
    group: str
    kind: Kind
    sql: str
    off: str = ""
    condition: str = ""
    shown: str = ""
    choices: Callable[[], Mapping[str, str]] = field(default=dict)


def text_sql(expression: str) -> str:
    """SQL of a typed text as it is compared: in small letters, and missing where it is empty."""
    # Lower-casing ASCII alone takes a fifth of the time, and other letters are hardly ever all that differs.
    return f"nullif(left(lower({expression} COLLATE \"C\"), {LONGEST}), '')"


def as_compared(text: str | None) -> str | None:
    """What `text_sql` makes of this text."""
    return (text or "").translate(UPPER)[:LONGEST] or None


def yes_no_sql(condition: str) -> str:
    """SQL of the level of a condition."""
    return f"CASE WHEN {condition} THEN 'yes' ELSE 'no' END"


def custom_sql(column: str, kind: str, name: str, day: str) -> tuple[Kind, str, str, str]:
    """Kind, SQL, SQL of the text as written, and why it is off, of the custom field `name` in the JSON `column`; `day`
    is the SQL of the day the record came in."""
    text = f"({column} ->> '{name}')"
    match kind:
        case "number":
            # A number field holds nothing else; asking for the kind of each value would double what reading it costs.
            return Kind.NUMBER, f"{text}::float8", "", ""
        case "yes_no":
            return Kind.CATEGORY, f"CASE {text} WHEN 'true' THEN 'yes' WHEN 'false' THEN 'no' END", "", ""
        case "date":
            then = f"CASE WHEN {text} ~ '^\\d{{4}}-\\d\\d-\\d\\d$' THEN {text}::date END"
            age = f"({day} - ({then}))"
            return Kind.NUMBER, f"CASE WHEN {age} >= 0 THEN {age}::float8 END", "", DATE
        case _:
            return Kind.CATEGORY, text_sql(text), text, ""


def used(known: Mapping[str, Known], switched_on: Iterable[str], switched_off: Iterable[str]) -> list[Known]:
    """Those to learn from: on unless usually off, and as people switched them."""
    on, off = set(switched_on), set(switched_off)
    return [
        one for one in known.values() if one.key == POINTS or (one.key not in off and (not one.off or one.key in on))
    ]
