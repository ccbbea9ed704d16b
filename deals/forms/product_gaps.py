"""Forms of product gaps."""

from django import forms
from django.utils import timezone

from deals.models import GapState, ProductGap, Requirement, Severity
from people.models import User
from presales.editing import VersionedForm
from presales.fields import DateField
from presales.text import squeeze

OFFERED = 500


class NameGapForm(VersionedForm):
    """On which gap a requirement waits: one of the list, or a new one."""

    title = forms.CharField(
        max_length=160, required=False, label="Or a new gap",
        help_text="What the product does not do, in a few words. Other teams read it: name no customer.",
    )  # fmt: skip
    severity = forms.ChoiceField(
        choices=Severity, initial=Severity.CHALLENGE, required=False, label="What a new gap does to a deal"
    )

    class Meta:
        model = Requirement
        fields = ["gap"]

    def __init__(self, *args: object, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        gap = self.fields["gap"]
        gap.queryset, gap.required = ProductGap.objects.visible_to(user).unclosed().order_by("title"), False
        gap.empty_label, gap.label = "Not on the list", "The product lacks"
        gap.help_text = "What is open or planned; another deal may wait on the same."

    def clean(self) -> dict[str, object]:
        """Either of the two."""
        data = super().clean()
        data["title"] = squeeze(data.get("title") or "")
        data["severity"] = data.get("severity") or Severity.CHALLENGE
        if not self.errors and not data.get("gap") and not data["title"]:
            self.add_error("gap", "Choose a gap or write a new one.")
        return data


class GapForm(VersionedForm):
    """What a gap is called, what it is, and what it does to a deal."""

    title = forms.CharField(max_length=160)
    description = forms.CharField(
        max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What is missing and how people manage without. Other teams read it: name no customer.",
    )  # fmt: skip
    severity = forms.ChoiceField(choices=Severity, label="What it does to a deal")

    class Meta:
        model = ProductGap
        fields = ["title", "description", "severity"]

    def clean_title(self) -> str:
        """White space squeezed."""
        return squeeze(self.cleaned_data["title"])


class GapStateForm(VersionedForm):
    """Open, planned for a day, closed on a day."""

    state = forms.ChoiceField(choices=GapState, label="The gap is")
    state_on = DateField(required=False, label="Planned for, or closed on")

    class Meta:
        model = ProductGap
        fields = ["state", "state_on"]

    def clean(self) -> dict[str, object]:
        """The day belongs to planned and closed."""
        data = super().clean()
        if data.get("state") == GapState.OPEN:
            data["state_on"] = None
        state, on = data.get("state"), data.get("state_on")
        if "state_on" not in self.errors and state in (GapState.PLANNED, GapState.CLOSED):
            if on is None:
                self.add_error("state_on", "Say which day.")
            elif state == GapState.CLOSED and on > timezone.localdate():
                self.add_error("state_on", "A gap is closed when the product does it. Plan it for that day instead.")
        return data


class MergeForm(forms.Form):
    """Into which gap."""

    into = forms.ModelChoiceField(ProductGap.objects.none(), empty_label="Choose", label="It is the same as")

    def __init__(self, *args: object, gap: ProductGap, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        others = ProductGap.objects.visible_to(user).standing().exclude(pk=gap.pk)
        self.fields["into"].queryset = others.order_by("title")


class SplitForm(forms.Form):
    """What of a gap is something else."""

    title = forms.CharField(max_length=160, label="The other gap")
    severity = forms.ChoiceField(choices=Severity, label="What it does to a deal")
    requirements = forms.ModelMultipleChoiceField(
        Requirement.objects.none(), widget=forms.CheckboxSelectMultiple, label="These wait on it instead"
    )

    def __init__(self, *args: object, gap: ProductGap, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        waiting = gap.requirements.visible_to(user).select_related("opportunity").order_by("opportunity__name", "pk")
        field = self.fields["requirements"]
        field.queryset = waiting
        field.label_from_instance = lambda row: f"{row.opportunity.name}: {row.text}"
        self.fields["severity"].initial = gap.severity

    def clean_title(self) -> str:
        """White space squeezed."""
        return squeeze(self.cleaned_data["title"])
