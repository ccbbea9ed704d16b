"""The form of a competitor."""

from django import forms

from deals.models import Competitor, CompetitorStatus
from presales.editing import VersionedForm
from presales.text import squeeze


class CompetitorForm(VersionedForm):
    """Who else wants the deal, and how they stand."""

    name = forms.CharField(max_length=120)
    status = forms.ChoiceField(choices=CompetitorStatus, initial=CompetitorStatus.ACTIVE, label="How they stand")

    class Meta:
        model = Competitor
        fields = ["name", "status", "note"]

    def clean_name(self) -> str:
        """White space squeezed."""
        return squeeze(self.cleaned_data["name"])
