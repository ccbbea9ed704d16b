"""The forms with which an admin invites and changes people."""

import zoneinfo

from django import forms
from django.core.validators import MaxValueValidator

from people.models import Team, User
from presales.editing import VersionedForm
from presales.fields import WordsField

TIME_ZONES = [(zone, zone) for zone in sorted(zoneinfo.available_timezones())]


class InviteForm(forms.ModelForm):
    """What is needed to begin; the rest the person adds themselves."""

    teams = forms.ModelMultipleChoiceField(
        Team.objects.all(), required=False, widget=forms.CheckboxSelectMultiple, help_text="Whose work they share."
    )

    class Meta:
        model = User
        fields = ["name", "email", "role", "title", "teams"]

    def clean_email(self) -> str:
        """Refuse an address that somebody has, whatever its case."""
        email = self.cleaned_data["email"].lower()
        if User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError("Somebody has this e-mail address already.")
        return email


class PersonForm(VersionedForm):
    """What an admin may change about somebody."""

    time_zone = forms.ChoiceField(choices=TIME_ZONES)
    skills = WordsField(required=False, help_text="Separate with commas. The claim queue matches deals with them.")
    verticals = WordsField(required=False, label="Industries")
    teams = forms.ModelMultipleChoiceField(Team.objects.all(), required=False, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = User
        fields = [
            "name", "role", "title", "seniority", "teams", "manager", "capacity",
            "skills", "verticals", "time_zone",
        ]  # fmt: skip

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.initial["teams"] = list(self.instance.memberships.values_list("team_id", flat=True))
        self.fields["manager"].queryset = User.objects.active().exclude(pk=self.instance.pk)
        self.fields["manager"].empty_label = "Nobody"
        self.fields["capacity"].validators.append(MaxValueValidator(1000))
        self.fields["capacity"].widget.attrs["max"] = 1000
