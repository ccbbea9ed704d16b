"""Forms of the steps up to the signature."""

from django import forms

from deals.forms.meetings import our_people
from deals.models import ClosingStep, Opportunity, Side, StepKind
from people.models import User
from presales.editing import VersionedForm
from presales.fields import DateField
from presales.text import squeeze


class ClosingStepForm(VersionedForm):
    """One step: what, on whose desk, who does it and by when."""

    what = forms.CharField(max_length=200, label="What has to happen")
    kind = forms.ChoiceField(choices=StepKind, label="On whose desk")
    side = forms.ChoiceField(choices=Side, label="Who has to do it", widget=forms.RadioSelect, initial=Side.OURS)
    contact = forms.CharField(
        max_length=160, required=False, label="Who at the customer", help_text="Name and title, if they have to do it."
    )
    due_on = DateField(label="By when", required=False)

    class Meta:
        model = ClosingStep
        fields = ["what", "kind", "side", "owner", "contact", "due_on"]

    def __init__(self, *args: object, user: User, opportunity: Opportunity, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        owner = self.fields["owner"]
        owner.queryset = our_people(user, opportunity.owner_id, opportunity.se_id, self.instance.owner_id)
        owner.empty_label, owner.help_text = "Nobody yet", "If we have to do it."

    def clean_what(self) -> str:
        """White space squeezed."""
        return squeeze(self.cleaned_data["what"])

    def clean(self) -> dict:
        """A step is one side's: the other side's name is dropped."""
        data = super().clean()
        if data.get("side") == Side.THEIRS:
            data["owner"] = None
        elif data.get("side") == Side.OURS:
            data["contact"] = ""
        data["contact"] = squeeze(data.get("contact") or "")
        return data


class SettleForm(forms.Form):
    """Done, or not after all."""

    done = forms.BooleanField(required=False, label="Done")


class RemoveStepForm(forms.Form):
    """Why a step is not wanted."""

    reason = forms.CharField(max_length=500, required=False, label="Why (the history keeps it)")
