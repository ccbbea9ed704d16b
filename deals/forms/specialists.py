"""Forms of specialist requests."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from deals.models import DeclineReason, Opportunity, SpecialistKind, SpecialistRequest
from people.models import Role, User
from presales.fields import DateField
from presales.text import key, squeeze

MOST_SKILLS = 200


class AskSpecialistForm(forms.ModelForm):
    """Which skill is wanted, what for, by when, and whom to ask if somebody comes to mind."""

    kind = forms.ChoiceField(choices=SpecialistKind, label="Kind of specialist")
    purpose = forms.CharField(
        max_length=500, label="What for", widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Who is asked reads this with the names of deal and customer, and nothing else until they accept.",
    )  # fmt: skip
    due_on = DateField(label="By when")

    class Meta:
        model = SpecialistRequest
        fields = ["kind", "skill", "purpose", "due_on", "named"]

    def __init__(self, *args: object, opportunity: Opportunity, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        others = User.objects.in_role(Role.SE).exclude(pk=opportunity.se_id).order_by("name", "pk")
        self.helpers = list(others.exclude(pk=opportunity.owner_id))
        brought = {key(skill): skill for se in self.helpers for skill in se.skills}
        self.known = [brought[name] for name in sorted(brought)][:MOST_SKILLS]
        self.fields["skill"].widget.attrs.update({"list": "known-skills", "autocomplete": "off"})
        named = self.fields["named"]
        named.queryset, named.empty_label = others, "Everyone who brings the skill"
        named.choices = [
            ("", named.empty_label),
            *((se.pk, f"{se.name}: {', '.join(se.skills)}" if se.skills else se.name) for se in self.helpers),
        ]
        named.help_text = "Who is named is asked alone; if they pass, everyone who brings the skill is asked."

    def clean_skill(self) -> str:
        """One skill, in one line."""
        return squeeze(self.cleaned_data["skill"])

    def clean_due_on(self) -> object:
        """Not over already."""
        day = self.cleaned_data["due_on"]
        if day < timezone.localdate():
            raise ValidationError("Choose a day that is not over yet.")
        return day

    def clean(self) -> dict:
        """Somebody must be there to be asked."""
        data = super().clean()
        skill = data.get("skill")
        if skill and not data.get("named") and not any(se.has_skills([skill]) for se in self.helpers):
            self.add_error("skill", f"No other SE brings {skill}. Choose another word for it, or name whom to ask.")
        return data


class DeclineSpecialistForm(forms.Form):
    """Why somebody who was asked passes."""

    reason = forms.ChoiceField(choices=[choice for choice in DeclineReason.choices if choice[0] != "not_ready"])
    note = forms.CharField(max_length=500, required=False)


class FinishSpecialistForm(forms.Form):
    """What came of it."""

    came_of_it = forms.CharField(
        max_length=2000, label="What came of it", widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What you found, what you told them, what is still open. The deal is out of your sight afterwards.",
    )  # fmt: skip
