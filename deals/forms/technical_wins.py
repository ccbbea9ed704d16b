"""The form of the technical win."""

from django import forms
from django.utils import timezone

from deals.models import Opportunity, TechnicalState, TechnicalWin
from deals.models.technical_wins import SATISFACTION
from presales.editing import VersionedForm
from presales.fields import DateField


class TechnicalWinForm(VersionedForm):
    """How the technical decision stands, who made it, and against whom."""

    state = forms.ChoiceField(choices=TechnicalState, label="The technical decision is")
    decided_on = DateField(required=False, label="Decided on")
    satisfaction = forms.TypedChoiceField(
        choices=[("", "Not asked yet"), *SATISFACTION], coerce=int, empty_value=None, required=False,
        label="Customer's satisfaction with the technical side",
    )  # fmt: skip
    note = forms.CharField(
        max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3}), label="How we know",
        help_text="What they said or wrote, and where it can be read.",
    )  # fmt: skip

    class Meta:
        model = TechnicalWin
        fields = ["state", "decided_on", "signed_off_by", "against", "satisfaction", "note"]

    def __init__(self, *args: object, opportunity: Opportunity, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        person, rival = self.fields["signed_off_by"], self.fields["against"]
        person.queryset, person.empty_label = opportunity.stakeholders.order_by("name"), "Nobody yet"
        person.label, person.help_text = "Who decided at the customer", "Somebody of the buying committee."
        rival.queryset, rival.empty_label = opportunity.competitors.order_by("name"), "Nobody else in the running"
        rival.label, rival.help_text = "Against which competitor", "One of those named among the commercial facts."

    def clean(self) -> dict[str, object]:
        """A decision has its day, and a win somebody who signed it off."""
        data = super().clean()
        state, decided_on = data.get("state"), data.get("decided_on")
        if state in (TechnicalState.WON, TechnicalState.LOST) and "decided_on" not in self.errors:
            if decided_on is None:
                self.add_error("decided_on", "Say on which day they decided.")
            elif decided_on > timezone.localdate():
                self.add_error("decided_on", "A decision is recorded when it has been made.")
        # The name of somebody who has left the committee since goes on counting.
        name_alone = self.instance.signed_off_name and not self.initial.get("signed_off_by")
        unsigned = not data.get("signed_off_by") and not name_alone
        if state == TechnicalState.WON and unsigned and "signed_off_by" not in self.errors:
            self.add_error("signed_off_by", "A win that nobody signs is a hope: say who signed off.")
        return data
