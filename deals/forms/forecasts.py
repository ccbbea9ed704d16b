"""The form of a forecast call."""

from django import forms
from django.utils import timezone

from deals.forms.quotas import amount_field
from people.models import Role, Team, User
from presales.quarters import around, parse


class CallForm(forms.Form):
    """What a quarter will bring; managers say of which team."""

    team = forms.ModelChoiceField(Team.objects.none(), help_text="With all teams below it.")
    quarter = forms.ChoiceField()
    amount = amount_field("All the quarter will bring")
    note = forms.CharField(max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: object, by: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if by.role == Role.AE:
            del self.fields["team"]
        else:
            self.fields["team"].queryset = Team.objects.visible_to(by)
        self.fields["quarter"].choices = around(timezone.localdate(), back=0, ahead=3)

    def clean_quarter(self) -> object:
        """Its first day."""
        return parse(self.cleaned_data["quarter"], timezone.localdate())
