"""The form of a team."""

from django import forms
from django.core.validators import MaxValueValidator

from people.models import Team, User
from presales.editing import VersionedForm
from presales.fields import WordsField

LARGEST = 10_000_000


class TeamForm(VersionedForm):
    """A team's name, place, territory and people."""

    regions = WordsField(required=False, help_text="Separate with commas. Empty means everywhere.")
    verticals = WordsField(required=False, label="Industries", help_text="Empty means every industry.")
    members = forms.ModelMultipleChoiceField(
        User.objects.active(), required=False, widget=forms.CheckboxSelectMultiple, label="People"
    )

    class Meta:
        model = Team
        fields = ["name", "parent", "regions", "verticals", "min_employees", "max_employees", "members"]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].label = "Part of"
        self.fields["parent"].empty_label = "No other team"
        if self.instance.pk:
            self.initial["members"] = list(self.instance.memberships.values_list("user_id", flat=True))
            below = Team.objects.with_descendants([self.instance.pk])
            self.fields["parent"].queryset = Team.objects.exclude(pk__in=below)
            # Switched-off members stay until somebody takes them out.
            self.fields["members"].queryset = User.objects.filter(is_active=True) | User.objects.filter(
                memberships__team=self.instance
            )
            self.fields["members"].queryset = self.fields["members"].queryset.distinct()
        for name in ("min_employees", "max_employees"):
            self.fields[name].validators.append(MaxValueValidator(LARGEST))
            self.fields[name].widget.attrs["max"] = LARGEST
            self.fields[name].help_text = "Employees. Empty means no limit."

    def clean(self) -> dict:
        """Refuse a smallest company above the largest."""
        data = super().clean()
        smallest, largest = data.get("min_employees"), data.get("max_employees")
        if smallest is not None and largest is not None and smallest > largest:
            self.add_error("max_employees", "The largest company must not be smaller than the smallest.")
        return data
