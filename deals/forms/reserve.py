"""Forms of the notes held in reserve."""

from django import forms

from deals.models import ReserveNote
from presales.editing import VersionedForm


class ReserveNoteForm(VersionedForm):
    """The idea."""

    text = forms.CharField(
        label="The idea", max_length=2000, widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Read by the AE and the SE of the deal and their managers, by nobody else.",
    )  # fmt: skip

    class Meta:
        model = ReserveNote
        fields = ["text"]


class AnswerForm(forms.Form):
    """What the AE says to an idea."""

    answer = forms.CharField(
        max_length=500, required=False, label="What you say to it", widget=forms.Textarea(attrs={"rows": 3})
    )
