"""Forms of the huddle and of debriefs, with what a meeting brought up."""

from decimal import Decimal

from django import forms
from django.conf import settings

from deals.actions.debriefs import Found
from deals.models import Debrief, HuddleItem
from presales.editing import VersionedForm
from presales.fields import DateField
from presales.text import squeeze
from qualification.forms.evidence import EvidenceForm
from qualification.models import Criterion, Dossier, Level

FACTS = {Criterion.Fact.MONEY: "amount", Criterion.Fact.DATE: "decision_on", Criterion.Fact.PERSON: "person_name"}
"""Which field holds a criterion's typed fact."""


class HuddleForm(forms.Form):
    """One point of the huddle: gone through, or taken back."""

    item = forms.ChoiceField(choices=HuddleItem, label="What you have gone through")
    note = forms.CharField(max_length=200, required=False, label="What came of it")
    undo = forms.BooleanField(required=False, label="Take it back")


class DebriefForm(VersionedForm):
    """What one person took from a meeting."""

    missed = forms.CharField(
        label="What did we miss?", max_length=3000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Your partner reads it once their own is written.",
    )  # fmt: skip
    real_pain = forms.ChoiceField(
        label="Did we find the real pain?", choices=Debrief.RealPain, widget=forms.RadioSelect
    )
    context = forms.TypedChoiceField(
        label="Did the SE have enough context?", coerce=int, widget=forms.RadioSelect,
        choices=Debrief._meta.get_field("context").choices,
    )  # fmt: skip

    class Meta:
        model = Debrief
        fields = ["missed", "real_pain", "next_step_agreed", "next_step", "context"]

    def clean(self) -> dict:
        """An agreed next step has a name."""
        data = super().clean()
        if data.get("next_step_agreed") and not data.get("next_step") and "next_step" not in self.errors:
            self.add_error("next_step", "Say what was agreed.")
        return data


class FoundForm(forms.Form):
    """Evidence that came up in a meeting, for the dossier. With `optional` it may all stay empty."""

    criterion = forms.ModelChoiceField(Criterion.objects.none(), label="What it is about", empty_label="Nothing new")
    level = forms.TypedChoiceField(coerce=int, empty_value=None, label="How well do we know?")
    text = forms.CharField(
        max_length=5000, required=False, label="What we heard", widget=forms.Textarea(attrs={"rows": 2})
    )
    source_person = forms.CharField(max_length=160, required=False, label="Who said so", help_text="Name and title.")
    amount = forms.DecimalField(
        label=f"Budget a year, if one was named ({settings.COMPANY_CURRENCY})", required=False, min_value=Decimal(0),
        max_digits=14, decimal_places=2,
    )  # fmt: skip
    decision_on = DateField(label="Decision date, if one was named", required=False)
    person_name = forms.CharField(max_length=160, required=False, label="Who decides, if somebody was named")

    def __init__(
        self, *args: object, dossier: Dossier, lanes: set[str], optional: bool = False, **kwargs: object
    ) -> None:
        kwargs.setdefault("prefix", "found")
        super().__init__(*args, **kwargs)
        self.lanes = lanes
        criteria = Criterion.objects.filter(framework=dossier.framework_id).order_by("order", "pk")
        self.fields["criterion"].queryset = criteria
        self.fields["criterion"].label_from_instance = lambda criterion: criterion.name
        self.fields["criterion"].required = self.fields["level"].required = not optional
        told = [(level.value, text) for level, text in EvidenceForm.HELP.items() if level != Level.UNKNOWN]
        self.fields["level"].choices = [("", "Choose"), *told]
        facts = {criterion.fact for criterion in criteria}
        for fact, name in FACTS.items():
            if fact not in facts:
                del self.fields[name]

    def clean(self) -> dict:
        """Level, text and source as the dossier asks for them; typed facts only where the criterion has them."""
        data = super().clean()
        criterion, level = data.get("criterion"), data.get("level")
        if criterion is None:
            if any(data.get(name) for name in ("level", "text", "source_person")) and "criterion" not in self.errors:
                self.add_error("criterion", "Choose what it is about.")
            return data
        if level is None and "level" not in self.errors:
            self.add_error("level", "Choose how well we know it.")
        if level == Level.VALIDATED and criterion.lane not in self.lanes:
            self.add_error("level", f"Validating is up to the {criterion.get_lane_display()} lane.")
        data["source_person"] = squeeze(data.get("source_person") or "")
        if level is not None and level >= Level.STATED:
            if not data.get("text") and "text" not in self.errors:
                self.add_error("text", "Say what was said: stated and validated rest on it.")
            if not data["source_person"] and "source_person" not in self.errors:
                self.add_error("source_person", "Say who told us.")
        return data

    def found(self) -> Found | None:
        """What the form says, or None where nothing new came up."""
        data = self.cleaned_data
        criterion = data.get("criterion")
        if criterion is None:
            return None
        own = FACTS.get(criterion.fact)
        facts = {own: data[own]} if own and data.get(own) else {}
        return Found(criterion, data["level"], data["text"], data["source_person"], **facts)
