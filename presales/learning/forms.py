"""Which fields to learn from, and when a record counts as lost."""

from django import forms


class LearnedFieldsForm(forms.ModelForm):
    """Ticked fields are learned from. `version` is that of the settings the page was opened with. A room names its
    settings in `Meta`."""

    version = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)
    used = forms.MultipleChoiceField(required=False)
    leaks = forms.MultipleChoiceField(required=False)

    def __init__(self, *args: object, keys: list[str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["used"].choices = self.fields["leaks"].choices = [(key, key) for key in keys]
