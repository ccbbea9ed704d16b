"""Forms of a deal's requirements."""

from decimal import Decimal

from django import forms

from deals.models import Fit, Importance, Opportunity, Requirement
from presales.editing import VersionedForm
from presales.text import squeeze

FITS = [("", "Not judged yet"), *Fit.choices]


class RequirementForm(VersionedForm):
    """One requirement: in a line for quick entry, or with its note."""

    text = forms.CharField(max_length=500, label="What they want")
    importance = forms.ChoiceField(choices=Importance)
    fit = forms.ChoiceField(choices=FITS, required=False, label="How well we fit")
    note = forms.CharField(
        max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="How it is met, or what stands in the way.",
    )  # fmt: skip

    work = forms.CharField(
        max_length=2000, required=False, label="Custom work: what is built for them",
        widget=forms.Textarea(attrs={"rows": 3}), help_text="As the statement of work of the proposal says it.",
    )  # fmt: skip
    work_days = forms.DecimalField(
        required=False, min_value=Decimal("0.1"), max_value=9999, max_digits=5, decimal_places=1,
        label="Custom work: days", widget=forms.NumberInput(attrs={"inputmode": "decimal"}),
    )  # fmt: skip

    class Meta:
        model = Requirement
        fields = ["text", "importance", "fit", "asked_by", "note", "work", "work_days"]

    def __init__(self, *args: object, opportunity: Opportunity, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        person = self.fields["asked_by"]
        person.queryset, person.empty_label = opportunity.stakeholders.order_by("name"), "Nobody in particular"
        person.label, person.help_text = "Who asked for it", "Somebody of the buying committee."

    def clean_text(self) -> str:
        """White space squeezed."""
        return squeeze(self.cleaned_data["text"])


class ScopeForm(VersionedForm):
    """What is built for them alone, and how long it takes."""

    work = RequirementForm.base_fields["work"]
    work_days = RequirementForm.base_fields["work_days"]

    class Meta:
        model = Requirement
        fields = ["work", "work_days"]


class FitForm(VersionedForm):
    """The fit alone, from a requirement's row."""

    fit = forms.ChoiceField(choices=FITS, required=False, label="How well we fit")

    class Meta:
        model = Requirement
        fields = ["fit"]


class MoveForm(forms.Form):
    """Up or down."""

    to = forms.ChoiceField(choices=[("up", "Up"), ("down", "Down")], label="Move it")


class RemoveForm(forms.Form):
    """Why a requirement counts no more."""

    reason = forms.CharField(max_length=500, required=False, label="Why (the history keeps it)")


def quick_form(opportunity: Opportunity, rows: list[Requirement]) -> RequirementForm:
    """The line for the next requirement; importance and who asked stay as they were in the last one."""
    last = max(rows, key=lambda row: row.pk, default=None)
    initial = {"importance": last.importance if last else Importance.MUST, "asked_by": last and last.asked_by_id}
    return RequirementForm(opportunity=opportunity, initial=initial)
