"""Two people editing the same record: the second is shown what changed and loses nothing.

A form on a record with a `version` column carries the version it was opened with. Saving is one
`UPDATE … WHERE pk AND version`; where that finds nothing, the form asks again, now against the newer version:
field by field where both changed something, with the other's value where only the other did.
"""

from dataclasses import dataclass

from django import forms
from django.db.models import F, Model

from presales.errors import StaleEdit
from presales.history import in_plain, version_of, who_saved

KEEP = "keep-"
"""What the choice between both values of a field is called: `keep-amount`, with `mine` or `theirs`."""


@dataclass(frozen=True)
class Both:
    """The two values of one field, in words, and what to call the choice between them."""

    name: str
    label: str
    mine: str
    theirs: str
    choice: str


class VersionedForm(forms.ModelForm):
    """A ModelForm that saves through `save_version`.

    Use: `save_or_show(request, form, action, page, …)` of presales/forms.py, where the action calls `save_version`. A
    view with a page of its own catches `StaleEdit`, calls `form.show_conflict()` and shows the form again with 409.
    Afterwards `conflicts` names the fields that both changed, with the values now stored; `both` and `only_theirs` are
    what the page tells of them, `saved_by` who it was.
    """

    version = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.conflicts: dict[str, object] = {}
        self.both: list[Both] = []
        self.only_theirs: list[Both] = []
        self.saved_by = ""
        if self.instance.pk:
            self.initial["version"] = self.instance.version
            self._take_theirs()
        else:
            del self.fields["version"]

    def _take_theirs(self) -> None:
        """Where somebody chose the value that is stored over the own, the field gets it."""
        for name in self.fields if self.is_bound else ():
            if name != "version" and self.data.get(KEEP + self.add_prefix(name)) == "theirs":
                self._put(name, self.initial[name] if name in self.initial else getattr(self.instance, name, None))

    def show_conflict(self) -> None:
        """Turn the form into the question which of both values to keep.

        What only the other changed is taken over, and said. Where the own input differs from what is stored and the
        history does not tell who changed it, both are shown.
        """
        theirs = type(self.instance)._base_manager.get(pk=self.instance.pk)
        opened = version_of(theirs, self.cleaned_data["version"])
        self.saved_by = who_saved(theirs) or "Somebody else"
        self._write("version", str(theirs.version))
        for name in self.fields:
            if name == "version" or not self.one_value(theirs, name):
                continue
            stored, mine = self.stored(theirs, name), self.cleaned_data.get(name)
            if _same(stored, mine):
                continue
            before = self.stored(opened, name, of=theirs) if opened is not None else None
            told = self._told(name, mine, theirs)
            if opened is not None and _same(before, mine):
                self.only_theirs.append(told)
                self._put(name, stored)
            elif opened is None or not _same(before, stored):
                self.both.append(told)
                self.conflicts[name] = told.theirs if told.theirs != NOTHING else stored
                self.add_error(name, f"Now stored: {told.theirs}. Keep yours by saving again.")
        self.add_error(None, f"{self.saved_by} saved this record while you were editing. Nothing was overwritten.")

    def one_value(self, record: Model, name: str) -> bool:
        """Whether the field `name` of the form is one stored value of `record`."""
        return _has_one_value(record, name)

    def stored(self, record: Model, name: str, of: Model | None = None) -> object:
        """The stored value of the form's field `name`; `record` may be a row of the history of `of`."""
        return _value(record, name, of)

    def _told(self, name: str, mine: object, theirs: Model) -> Both:
        label = self.fields[name].label or self[name].label
        return Both(
            name, str(label), self._in_words(name, mine), self._in_words(name, self.stored(theirs, name), theirs),
            KEEP + self.add_prefix(name),
        )  # fmt: skip

    def _in_words(self, name: str, value: object, record: Model | None = None) -> str:
        if record is not None and hasattr(record, f"{name}_id"):
            value = getattr(record, name)
        if value in (None, "", []):
            return NOTHING
        choices = {} if isinstance(value, Model) else dict(getattr(self.fields[name], "choices", ()))
        if not isinstance(value, list) and value in choices:
            return str(choices[value])
        return ", ".join(map(str, value)) if isinstance(value, list) else in_plain(value)

    def _put(self, name: str, value: object) -> None:
        """Fill the field with `value`, as the browser would send it."""
        field = self.fields[name]
        if isinstance(field.widget, forms.CheckboxInput):
            self._write(name, "on" if value else None)
        else:
            self._write(name, field.widget.format_value(field.prepare_value(value)))

    def _write(self, name: str, value: str | list[str] | None) -> None:
        self.data = self.data.copy()
        key = self.add_prefix(name)
        if isinstance(value, list):
            self.data.setlist(key, value)
        elif value is None:
            self.data.pop(key, None)
        else:
            self.data[key] = value


NOTHING = "nothing"


def _has_one_value(record: Model, name: str) -> bool:
    field = next((field for field in record._meta.get_fields() if field.name == name), None)
    return hasattr(record, name) if field is None else bool(getattr(field, "concrete", False) and field.column)


def _value(record: Model, name: str, of: Model | None = None) -> object:
    """The stored value; of a relation its key. `record` may be a row of the history of `of`."""
    field = next((field for field in (of or record)._meta.concrete_fields if field.name == name), None)
    return getattr(record, field.attname if field else name, None)


def _same(one: object, other: object) -> bool:
    """Whether two values of a field are the same; nothing is nothing, however it is written."""
    one, other = (value.pk if isinstance(value, Model) else value for value in (one, other))
    return one == other or (one in (None, "", []) and other in (None, "", []))


def save_version(record: Model, fields: list[str], version: int) -> None:
    """Write `fields` of `record` if the stored row still has `version`; the version grows by one.

    Call inside an action. Derived columns that `record.save` keeps in step are the caller's to name.

    Raises:
        StaleEdit: somebody saved in between; nothing was written.
    """
    values = {name: getattr(record, name) for name in fields}
    updated = (
        type(record)._base_manager.filter(pk=record.pk, version=version).update(**values, version=F("version") + 1)
    )
    if not updated:
        raise StaleEdit("Somebody else saved this record while you were editing. Nothing was overwritten.")
    record.version = version + 1
