"""Columns of a file that become custom fields: fields that are there, and new ones made with the import.

In a mapping a column means `custom:<key>` or `new:<kind>`. New definitions are made in the transaction of the import,
so that a check, or an import that fails, leaves none behind.
"""

import functools
from collections.abc import Callable, Iterable

from leads.imports import values
from leads.imports.kinds import NO, YES
from leads.imports.targets import Field, Target
from leads.models import CustomField, FieldKind, FieldLane, ImportBatch, RecordKind
from leads.models.custom_fields import CHOICE_LENGTH, MAX_CHOICES, MAX_FIELDS, TEXT_LENGTH, key_for
from people.models import User
from presales.spreadsheets import BrokenText, Unreadable
from presales.text import key, squeeze

CUSTOM, NEW = "custom:", "new:"
# Kinds of custom fields as cells are read: what leaves a question open is asked as for other columns.
READ_AS = {FieldKind.NUMBER: "number", FieldKind.DATE: "day"}
NEW_FIELDS = {f"{NEW}{kind}": Field(f"{NEW}{kind}", f"New field: {kind.label.lower()}", READ_AS.get(kind, "custom"))
              for kind in FieldKind}  # fmt: skip


def is_custom(meaning: str) -> bool:
    """Whether a column means a custom field, there or to be made."""
    return meaning.startswith((CUSTOM, NEW))


def existing(target: Target, user: User) -> dict[str, Field]:
    """The custom fields that a file for `target` may fill, by what a mapping calls them."""
    if not target.record:
        return {}
    fields = CustomField.objects.visible_to(user).of(target.record).active()
    return {
        f"{CUSTOM}{field.key}": Field(f"{CUSTOM}{field.key}", field.name, READ_AS.get(field.kind, "custom"))
        for field in fields
    }


def may_define(target: Target, user: User) -> bool:
    """Whether this person's import may make new fields."""
    return bool(target.record) and user.has_perm("leads.define_fields", target.record)


def suggest(target: Target, user: User, columns: Iterable[str], kinds: dict[str, str]) -> dict[str, str]:
    """What the columns that no field goes by become: a custom field of that name, else a new one."""
    there = {key(field.label): name for name, field in existing(target, user).items()}
    make = may_define(target, user)
    found: dict[str, str] = {}
    for column in columns:
        name = there.get(key(column))
        if name and name not in found.values():
            found[column] = name
        elif make and kinds.get(column):
            found[column] = f"{NEW}{kinds[column]}"
    return found


class CustomColumns:
    """The columns of one run that fill custom fields: their definitions, and their cells as values."""

    def __init__(self, batch: ImportBatch, target: Target) -> None:
        self.batch, self.target = batch, target
        self.columns: list[tuple[int, str, str, Callable[[str], object]]] = []
        self.grown: dict[str, tuple[CustomField, dict[str, str]]] = {}
        if not target.record:
            return
        self.known = {field.key: field for field in CustomField.objects.of(target.record)}
        self.may_add = may_define(target, batch.created_by)
        keep = batch.options.get("keep", {})
        for position, column in enumerate(batch.columns):
            meaning = batch.mapping.get(column, "")
            if is_custom(meaning):
                self._add(position, column, meaning)
            elif meaning and keep.get(column):
                self._add(position, column, f"{NEW}{keep[column]}")

    def _add(self, position: int, column: str, meaning: str) -> None:
        field = self._made(column, meaning.removeprefix(NEW)) if meaning.startswith(NEW) else self._there(meaning)
        self.columns.append((position, column, field.key, self._parser(field, column)))

    def _there(self, meaning: str) -> CustomField:
        field = self.known.get(meaning.removeprefix(CUSTOM))
        if field is None or field.is_archived:
            raise Unreadable("One of the fields is not there any more. Match the columns once more.")
        return field

    def _made(self, column: str, kind: str) -> CustomField:
        """The definition for `column`: one of that name and kind if there is, else a new one."""
        if not self.may_add:
            raise Unreadable("Your role adds no fields. Match the columns once more.")
        name = squeeze(column)[:100] or "Unnamed column"
        by_name = {field.name.lower(): field for field in self.known.values()}
        number, free = 1, name
        while (same := by_name.get(free.lower())) is not None:
            if same.kind == kind and not same.is_archived and same.key not in {key for _, _, key, _ in self.columns}:
                return same
            number += 1
            free = f"{name[:94]} {number}"
        if len(self.known) >= MAX_FIELDS:
            raise Unreadable(f"There are {MAX_FIELDS} custom fields already. Leave some columns out.")
        last = max((field.position for field in self.known.values()), default=-1)
        field = CustomField(
            record=self.target.record, name=free, key=key_for(free, set(self.known)), kind=kind, position=last + 1,
            lane=FieldLane.COMMERCIAL if self.target.record == RecordKind.OPPORTUNITY else "",
            import_batch=self.batch, created_by=self.batch.created_by,
        )  # fmt: skip
        # Somebody may have made the same in this moment: then theirs counts.
        CustomField.objects.bulk_create([field], ignore_conflicts=True)
        field = CustomField.objects.get(record=field.record, name__iexact=field.name)
        if field.kind != kind:
            raise Unreadable(f"Somebody just made a field “{field.name}”. Match the columns once more.")
        self.known[field.key] = field
        return field

    def _parser(self, field: CustomField, column: str) -> Callable[[str], object]:
        options = self.batch.options
        if field.kind == FieldKind.NUMBER:
            mark = options.get("mark", {}).get(column) or "point"
            return functools.lru_cache(maxsize=4096)(lambda text: values.number(text, mark))
        if field.kind == FieldKind.DATE:
            order = options.get("order", {}).get(column) or "dmy"
            return functools.lru_cache(maxsize=4096)(lambda text: values.moment(text, order).date().isoformat())
        if field.kind == FieldKind.YES_NO:
            return functools.lru_cache(maxsize=256)(_yes_no)
        if field.kind == FieldKind.CHOICE:
            return functools.lru_cache(maxsize=1024)(functools.partial(self._choice, field))
        return _text

    def _choice(self, field: CustomField, text: str) -> str:
        choices = self.grown.setdefault(field.key, (field, {key(choice): choice for choice in field.choices}))[1]
        plain = key(text)
        if plain not in choices:
            if not self.may_add:
                raise values.BadValue(f"not one of the choices of {field.name}")
            if len(text) > CHOICE_LENGTH:
                raise values.BadValue(f"longer than {CHOICE_LENGTH} characters")
            if len(choices) >= MAX_CHOICES:
                raise values.BadValue(f"one choice more than the {MAX_CHOICES} that a field has")
            choices[plain] = text
        return choices[plain]

    def read(self, cells: list[str]) -> tuple[dict[str, object], list[tuple[str, str, str]]]:
        """The values of one row by key, and what is wrong: (column, cell, reason)."""
        record: dict[str, object] = {}
        wrong = []
        for position, column, name, parse in self.columns:
            text = cells[position] if position < len(cells) else ""
            if not text:
                continue
            try:
                if isinstance(text, BrokenText):
                    raise values.BadValue("holds control characters")
                record[name] = parse(text)
            except values.BadValue as error:
                wrong.append((column, text, str(error)))
        return record, wrong

    def finish(self) -> None:
        """Keep the choices that the file brought."""
        for field, choices in self.grown.values():
            found = list(choices.values())
            if found != field.choices:
                field.choices = found
                field.version += 1
                field.save(update_fields=["choices", "version"])


def _yes_no(text: str) -> bool:
    plain = key(text)
    if plain not in YES and plain not in NO:
        raise values.BadValue("neither yes nor no")
    return plain in YES


def _text(text: str) -> str:
    if len(text) > TEXT_LENGTH:
        raise values.BadValue(f"longer than {TEXT_LENGTH:,} characters")
    return text


def undo(batch: ImportBatch) -> None:
    """Remove the fields that a batch made, where no record has a value in them."""
    from leads.actions.custom_fields import is_used

    for field in CustomField.objects.filter(import_batch=batch, version__lte=2):
        if not is_used(field):
            field.delete()
