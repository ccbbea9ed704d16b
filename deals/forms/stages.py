"""Forms of the admin's editor of stages."""

from django import forms

from deals.gates import GATES
from deals.models import ExitCriterion, Stage
from presales.editing import VersionedForm

STRENGTHS = [("required", "Required: holds the deal back"), ("advisory", "Advisory: shown, holds nothing back")]


class StageForm(VersionedForm):
    """A stage's figures."""

    probability = forms.IntegerField(min_value=0, max_value=100, label="Default probability (%)")
    rotting_days = forms.IntegerField(min_value=0, max_value=365, label="Rots after (days)")

    class Meta:
        model = Stage
        fields = ["name", "probability", "se_part", "rotting_days", "load_weight", "order"]


class StrengthField(forms.ChoiceField):
    """Whether a criterion is required; cleans to a boolean."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(choices=STRENGTHS, label="How much it counts", widget=forms.RadioSelect, **kwargs)

    def clean(self, value: object) -> bool:
        """True for required."""
        return super().clean(value) == "required"


class AddCriterionForm(forms.Form):
    """One more gate for a stage."""

    gate = forms.ChoiceField(label="What the stage wants", widget=forms.RadioSelect)
    is_required = StrengthField(initial="required")

    def __init__(self, *args: object, stage: Stage, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        taken = set(stage.criteria.values_list("gate", flat=True))
        self.fields["gate"].choices = [
            (gate.name, f"{gate.label}: {gate.description}") for gate in GATES.values() if gate.name not in taken
        ]


class ChangeCriterionForm(forms.Form):
    """Required or advisory, and where in the list."""

    is_required = StrengthField()
    position = forms.IntegerField(min_value=1, max_value=100, label="Place in the list")

    @staticmethod
    def initial_of(criterion: ExitCriterion) -> dict[str, object]:
        """The criterion as the form shows it."""
        before = ExitCriterion.objects.filter(stage=criterion.stage_id, order__lt=criterion.order).count()
        return {"is_required": "required" if criterion.is_required else "advisory", "position": before + 1}
