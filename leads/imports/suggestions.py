"""What a file's columns most likely mean, so that nothing of it is lost with one click, and what stays a question."""

from leads.imports import custom, outcomes
from leads.imports.targets import Field, Target
from leads.models import FieldKind
from people.models import User


def suggested(target: Target, user: User, columns: list[str], found: dict) -> tuple[dict[str, str], dict[str, object]]:
    """The mapping to begin with, and options beside it.

    By their headers, columns mean fields. The column of outcomes is found by its values too, and asked for where several
    could be it. A column that is left becomes a custom field. Where the values of a choice are not all understood, the
    column is also kept as it is, in a custom field.

    Args:
        target: what the file is imported as.
        user: who imports, since not everybody adds fields.
        columns: the headers.
        found: what `questions` says of the columns.

    Returns:
        The mapping, and the options `outcomes` (columns of which one is the outcome: a question), `keep` (kind of the
        custom field beside a choice), `by_line` (the file names no record) and `undated` (nor days on which they closed).
    """
    mapping = target.suggest(columns)
    options: dict[str, object] = {}
    if any(item.name == outcomes.FIELD for item in target.fields):
        mapping = {column: name for column, name in mapping.items() if name != outcomes.FIELD}
        staged = _stages_in(target, mapping, found)
        could = [] if staged & outcomes.WON else outcomes.candidates(found.get("few", {}))
        if len(could) == 1:
            mapping[could[0]] = outcomes.FIELD
        elif could:
            options["outcomes"] = could
        if "stage" in mapping.values():
            # Another column tells how far they are: that they have not become customers does not mean that they are lost.
            options["values"] = {column: outcomes.undecided(found["few"][column]) for column in could}
    if target.named_by and not set(mapping.values()) & set(target.named_by):
        options["by_line"] = True
    if target.closes_by and target.closes_by not in mapping.values():
        options["undated"] = True
    rest = [column for column in columns if column not in mapping]
    if target.record:
        mapping |= custom.suggest(target, user, rest, found.get("kinds", {}))
        if custom.may_define(target, user):
            items = {item.name: item for item in target.fields}
            matched = {column: items[name] for column, name in mapping.items() if name in items}
            options["keep"] = {
                column: kind for column, item in matched.items() if (kind := kept_as(item, column, found))
            }
    return mapping, options


def _stages_in(target: Target, mapping: dict[str, str], found: dict) -> set[str]:
    """The stages that the column of stages speaks of, as far as they are understood."""
    item = next((item for item in target.fields if item.name == "stage"), None)
    column = next((column for column, name in mapping.items() if name == "stage"), "")
    return {item.guess(value) for value in found.get("few", {}).get(column, [])} if item else set()


def kept_as(item: Field, column: str, found: dict) -> str:
    """The kind of the custom field that keeps the own words of a column matched with a choice; "" where the choice has
    a word for each of them."""
    if item.kind != "choice" or item.every_value or not found.get("kinds", {}).get(column):
        return ""
    values = found.get("few", {}).get(column)
    if values is None:
        return FieldKind.TEXT
    return FieldKind.CHOICE if any(not item.guess(value) for value in values) else ""
