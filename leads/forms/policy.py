"""A team's rules for its leads."""

from django import forms

from leads.models import TeamPolicy


class PolicyForm(forms.ModelForm):
    """How fast the team answers. `version` is 0 for a team that still has the defaults."""

    version = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)

    class Meta:
        model = TeamPolicy
        fields = ["response_hours"]
        help_texts = {"response_hours": "Monday to Friday, nine to five, on the clock of the AE who has to answer."}
