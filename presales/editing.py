"""Two people editing the same record: the second is shown what changed and loses nothing.

A form on a record with a `version` column carries the version it was opened with. Saving is one
`UPDATE … WHERE pk AND version`; where that finds nothing, the form shows both values of every field
that differs and asks again, now against the newer version.
"""

from django import forms
from django.db.models import F, Model

from presales.errors import StaleEdit


class VersionedForm(forms.ModelForm):
    """A ModelForm that saves through `save_version`; `conflicts` maps field name to the value now stored.

    Use: `form = LeadForm(request.POST, instance=lead)`; `if form.is_valid()`: call the action, which calls
    `save_version(form)`; on `StaleEdit` call `form.show_conflict()` and render the form again with 409.
    """

    version = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.conflicts: dict[str, object] = {}
        if self.instance.pk:
            self.initial["version"] = self.instance.version
        else:
            del self.fields["version"]

    def show_conflict(self) -> None:
        """Turn the form into the question which of both values to keep: own values stay, theirs are shown."""
        theirs = type(self.instance)._base_manager.get(pk=self.instance.pk)
        self.data = self.data.copy()
        self.data[self.add_prefix("version")] = str(theirs.version)
        for name in self.fields:
            if name == "version" or not hasattr(theirs, name):
                continue
            stored, mine = getattr(theirs, name), self.cleaned_data.get(name)
            if stored != mine and not (stored in (None, "") and mine in (None, "")):
                display = getattr(theirs, f"get_{name}_display", None)
                self.conflicts[name] = display() if display else stored
                self.add_error(name, f"Now stored: {self.conflicts[name] or 'nothing'}. Keep yours by saving again.")
        self.add_error(None, "Somebody else saved this record while you were editing. Nothing was overwritten.")


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
