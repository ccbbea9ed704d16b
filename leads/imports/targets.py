"""What a file can be imported as. Rooms above register their own targets when the site starts."""

from collections.abc import Callable
from dataclasses import dataclass, field

from people.models import User
from presales.text import key


@dataclass(frozen=True)
class Field:
    """One field of a target.

    `kind` is text, email, day, moment, money, whole, words, person or choice; `names` are headers it goes by. `needs`
    names a field without which this one says nothing. With `every_value`, each value of a column has to have a meaning.
    """

    name: str
    label: str
    kind: str = "text"
    required: bool = False
    names: tuple[str, ...] = ()
    max_length: int = 200
    choices: Callable[[], list[tuple[str, str]]] | None = None
    guesses: dict[str, str] = field(default_factory=dict)
    needs: str = ""
    every_value: bool = False

    def goes_by(self, header: str) -> bool:
        """Whether a column of this name most likely means the field."""
        return plain(header) in {plain(name) for name in (self.name, self.label, *self.names)}

    def guess(self, value: str) -> str:
        """The choice that a value of the file most likely means; "" for no idea."""
        meant = plain(value)
        for choice, label in self.choices() if self.choices else []:
            if meant in (plain(choice), plain(label)):
                return choice
        return next((choice for text, choice in self.guesses.items() if plain(text) == meant), "")


def plain(text: str) -> str:
    """What headers and values are compared by: letters and digits alone, in lower case."""
    return "".join(character for character in key(text) if character.isalnum())


@dataclass
class Target:
    """A kind of record that a file can hold.

    `load(run)` moves the validated rows of an `leads.imports.engine.Run` from its staging table into the real
    tables, set-based, and returns the counts; `undo(batch, progress)` takes a batch back and
    returns how many records stay, since somebody worked on them; killed and called again, it goes on.
    `derive(row)` adds the columns named in `derived` to a good row. What two spellings of a name have in common is
    worked out there, in Python, as everywhere else: SQL's lower() knows neither `Straße` nor `İ` as Python folds them.
    """

    name: str
    label: str
    fields: list[Field]
    may: Callable[[User], bool]
    load: Callable
    undo: Callable
    check_row: Callable[[dict], list[tuple[str, str]]] = lambda row: []
    derived: tuple[str, ...] = ()
    record: str = ""  # whose custom fields a file may fill
    named_by: tuple[str, ...] = ()  # a file without any of these fields may name its records by their lines
    nameless: str = ""  # what is asked then
    closes_by: str = ""  # the field of the day on which closed records closed, where they need one
    derive: Callable[[dict], None] = lambda row: None

    def field(self, name: str) -> Field:
        """The field of this name."""
        return next(item for item in self.fields if item.name == name)

    def suggest(self, columns: list[str]) -> dict[str, str]:
        """Column name to field name, each field at most once."""
        mapping: dict[str, str] = {}
        for column in columns:
            for item in self.fields:
                if item.name not in mapping.values() and item.goes_by(column):
                    mapping[column] = item.name
                    break
        needed = {item.name: item.needs for item in self.fields}
        return {column: name for column, name in mapping.items() if needed[name] in ("", *mapping.values())}


registry: dict[str, Target] = {}


def register(target: Target) -> None:
    """Offer a target."""
    registry[target.name] = target


def targets_for(user: User) -> list[Target]:
    """What this person may import, leads before the rest."""
    return sorted((target for target in registry.values() if target.may(user)), key=lambda one: one.name != "leads")
