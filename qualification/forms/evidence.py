"""The form for one entry of evidence."""

from decimal import Decimal

from django import forms
from django.conf import settings
from django.core.validators import URLValidator
from django.utils import timezone

from presales.fields import DateField
from qualification.models import Criterion, Evidence, Level


class EvidenceForm(forms.ModelForm):
    """What we know about one criterion, who said so, when and where. Asks for the criterion's typed fact only."""

    level = forms.TypedChoiceField(coerce=int, choices=[], widget=forms.RadioSelect, label="How well do we know?")
    observed_on = DateField(label="When")
    decision_on = DateField(label="Decision date", required=False)
    amount = forms.DecimalField(
        label=f"Budget a year ({settings.COMPANY_CURRENCY})", required=False, min_value=Decimal(0),
        max_digits=14, decimal_places=2,
    )  # fmt: skip
    text = forms.CharField(
        label="What we know", required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 3})
    )
    link = forms.URLField(
        label="Link to a document", required=False, max_length=500, assume_scheme="https",
        validators=[URLValidator(["http", "https"], message="Enter an address that begins with https:// or http://.")],
    )  # fmt: skip

    class Meta:
        model = Evidence
        fields = ["level", "text", "source_person", "source_place", "observed_on", "amount", "decision_on",
                  "person_name", "link"]  # fmt: skip
        help_texts = {"source_person": "Name and title.", "source_place": "Call, e-mail, meeting, document …"}

    HELP = {
        Level.UNKNOWN: "Unknown",
        Level.ASSUMED: "Assumed: we think so",
        Level.STATED: "Stated: the customer said so",
        Level.VALIDATED: "Validated: documented, or confirmed by who decides",
        Level.NEGATIVE: "Negative: we know it is not so",
    }

    def __init__(self, *args: object, criterion: Criterion, may_validate: bool, **kwargs: object) -> None:
        # The form opens over pages that have an `id_text` of their own, the comment.
        kwargs.setdefault("auto_id", "id_evidence_%s")
        super().__init__(*args, **kwargs)
        self.criterion = criterion
        levels = [level for level in self.HELP if level != Level.VALIDATED or may_validate]
        self.fields["level"].choices = [(level.value, self.HELP[level]) for level in levels]
        if not may_validate:
            self.fields["level"].help_text = f"Validating is up to the {criterion.get_lane_display()} lane."
        wanted = {
            Criterion.Fact.MONEY: "amount",
            Criterion.Fact.DATE: "decision_on",
            Criterion.Fact.PERSON: "person_name",
        }
        for fact, name in wanted.items():
            if criterion.fact != fact:
                del self.fields[name]
        if "person_name" in self.fields:
            self.fields["person_name"].label = "Who decides"
        self.fields["observed_on"].initial = timezone.localdate

    def clean_observed_on(self) -> object:
        """Nobody can have said something tomorrow."""
        day = self.cleaned_data["observed_on"]
        if day > timezone.localdate():
            raise forms.ValidationError("This day is in the future.")
        return day

    def clean(self) -> dict:
        """Levels 2 and 3 rest on something that was said or written, by somebody."""
        data = super().clean()
        if (data.get("level") or 0) >= Level.STATED:
            if not data.get("text") and "text" not in self.errors:
                self.add_error("text", "Say what was said or written: stated and validated rest on it.")
            if not data.get("source_person") and "source_person" not in self.errors:
                self.add_error("source_person", "Say who told us, or whose document it is.")
        return data


class WithdrawForm(forms.Form):
    """Why an entry is taken back."""

    reason = forms.CharField(max_length=300, label="Why is it wrong?")
