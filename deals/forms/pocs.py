"""Forms of a POC: its plan, criteria and steps, what becomes of it, and whom it is shown to."""

from django import forms
from django.utils import timezone

from deals.models import Opportunity, Poc, PocCriterion, PocState, PocStep, Side
from deals.models.pocs import USUAL_LENGTH
from people.models import Role, User
from presales.editing import VersionedForm
from presales.fields import DateField
from presales.text import squeeze


class Reason(forms.CharField):
    """A few words that say why."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**{"max_length": 500, "widget": forms.Textarea(attrs={"rows": 3}), "label": "Why", **kwargs})


class PocForm(VersionedForm):
    """What is tried and when: what the customer agrees to, besides the criteria."""

    title = forms.CharField(max_length=160, label="Title", help_text="The customer reads it on the shared plan.")
    scope = forms.CharField(
        max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 4}), label="Scope",
        help_text="What is tried, and what is not. The customer reads it too.",
    )  # fmt: skip
    starts_on = DateField(label="First day")
    ends_on = DateField(label="Last day", help_text="Thirty days, unless you agree on others.")

    class Meta:
        model = Poc
        fields = ["title", "scope", "starts_on", "ends_on"]

    def clean(self) -> dict[str, object]:
        """It ends after it begins."""
        data = super().clean()
        first, last = data.get("starts_on"), data.get("ends_on")
        if first and last and last < first:
            self.add_error("ends_on", "The last day comes after the first.")
        return data


class ProposeForm(PocForm):
    """A POC to begin with; below the charter it asks why all the same."""

    days_planned = forms.DecimalField(
        min_value=0.5, max_value=365, max_digits=4, decimal_places=1, required=False, label="Effort planned (days)",
        help_text="Ours alone.",
    )  # fmt: skip
    reason = Reason(required=False, label="Accept it anyway, because")

    class Meta:
        model = Poc
        fields = ["title", "scope", "starts_on", "ends_on", "days_planned"]

    def __init__(self, *args: object, opportunity: Opportunity, below: bool, **kwargs: object) -> None:
        today = timezone.localdate()
        initial = {"title": "Proof of concept", "starts_on": today, "ends_on": today + USUAL_LENGTH}
        if opportunity.company:
            initial["title"] = f"Proof of concept for {opportunity.company}"[:160]
        super().__init__(*args, initial=initial, **kwargs)
        if not below:
            del self.fields["reason"]


class EffortForm(VersionedForm):
    """Who runs it and what it takes."""

    class Meta:
        model = Poc
        fields = ["owner", "days_planned", "days_spent"]

    def __init__(self, *args: object, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.visible_to(user).filter(is_active=True, role__in=[Role.SE, Role.MANAGER])
        present = User.objects.filter(pk=self.instance.owner_id)
        self.fields["owner"].queryset = (people.order_by() | present).distinct().order_by("name")
        self.fields["owner"].label = "Who runs it"
        self.fields["days_spent"].required = False

    def clean_days_spent(self) -> object:
        """Nothing is none."""
        return self.cleaned_data["days_spent"] or 0


class CriterionForm(VersionedForm):
    """What has to hold, how it is measured, and the target."""

    text = forms.CharField(max_length=300, label="What has to hold")
    measure = forms.CharField(max_length=300, label="How it is measured")
    target = forms.CharField(max_length=200, label="Target", help_text="With a number, so that nobody argues later.")

    class Meta:
        model = PocCriterion
        fields = ["text", "measure", "target"]

    def clean(self) -> dict[str, object]:
        """White space squeezed."""
        return {name: squeeze(value) if isinstance(value, str) else value for name, value in super().clean().items()}


MET = {"": None, "yes": True, "no": False}


class ResultForm(VersionedForm):
    """What came out, and how that is known."""

    result = forms.CharField(max_length=300, required=False, label="Result", help_text="The customer reads it too.")
    met = forms.TypedChoiceField(
        choices=[("", "Not judged yet"), ("yes", "Met"), ("no", "Not met")], coerce=MET.get, empty_value=None,
        required=False, label="Against the target", widget=forms.RadioSelect,
    )  # fmt: skip
    evidence = forms.CharField(
        max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3}), label="Evidence",
        help_text="Where it can be read, or what was seen.",
    )  # fmt: skip
    evidence_on = DateField(required=False, label="Seen on")
    evidence_by = forms.CharField(max_length=160, required=False, label="Who saw it")
    evidence_shared = forms.BooleanField(required=False, label="The customer may read the evidence")

    class Meta:
        model = PocCriterion
        fields = ["result", "met", "evidence", "evidence_on", "evidence_by", "evidence_shared"]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.initial["met"] = {None: "", True: "yes", False: "no"}[self.instance.met]

    def clean(self) -> dict[str, object]:
        """A judgement rests on a result, and evidence has its day."""
        data = super().clean()
        if data.get("met") is not None and not data.get("result") and "result" not in self.errors:
            self.add_error("result", "Say what came out before you judge it.")
        if data.get("evidence_on") and data["evidence_on"] > timezone.localdate():
            self.add_error("evidence_on", "Evidence is recorded when it has been seen.")
        if data.get("evidence") and not data.get("evidence_on") and "evidence_on" not in self.errors:
            data["evidence_on"] = timezone.localdate()
        return data


class ProofForm(forms.Form):
    """Which requirements a criterion puts to the proof."""

    requirements = forms.ModelMultipleChoiceField(
        queryset=None, required=False, widget=forms.CheckboxSelectMultiple, label="Requirements"
    )

    def __init__(self, *args: object, criterion: PocCriterion, **kwargs: object) -> None:
        super().__init__(*args, initial={"requirements": list(criterion.requirements.all())}, **kwargs)
        self.fields["requirements"].queryset = criterion.poc.opportunity.requirements.order_by("order", "pk")


class StepForm(VersionedForm):
    """One step of the plan: in a line for quick entry, or by itself."""

    text = forms.CharField(max_length=200, label="What is done")
    side = forms.ChoiceField(choices=Side, label="Whose turn")
    who = forms.CharField(
        max_length=160, required=False, label="Who does it", help_text="A person or a team, as the customer reads it."
    )
    due_on = DateField(required=False, label="Until")
    is_internal = forms.BooleanField(required=False, label="Only for us: not on the shared plan")

    class Meta:
        model = PocStep
        fields = ["text", "side", "who", "due_on", "is_internal"]

    def clean_text(self) -> str:
        """White space squeezed."""
        return squeeze(self.cleaned_data["text"])

    def clean(self) -> dict[str, object]:
        """What the customer does they read."""
        data = super().clean()
        if data.get("is_internal") and data.get("side") == Side.THEIRS:
            self.add_error("is_internal", "What the customer does cannot be kept from them.")
        return data


class TickForm(forms.Form):
    """Done, or not after all."""

    done = forms.TypedChoiceField(choices=[("yes", "Done"), ("no", "Not done")], coerce=lambda text: text == "yes")


class _OfCommittee(forms.Form):
    """Somebody of the buying committee, and a day up to today."""

    def __init__(self, *args: object, opportunity: Opportunity, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["stakeholder"].queryset = opportunity.stakeholders.order_by("name")


class AgreeForm(_OfCommittee):
    """Who agreed at the customer, when, and how we know."""

    stakeholder = forms.ModelChoiceField(
        queryset=None, label="Who agreed", empty_label="Choose", help_text="Somebody of the buying committee."
    )
    agreed_on = DateField(label="Agreed on", initial=timezone.localdate)
    how = forms.CharField(
        max_length=500, required=False, label="How we know", help_text="A mail, the minutes, a signature. Ours alone."
    )
    seen = forms.CharField(max_length=32, widget=forms.HiddenInput)


class WaiveForm(_OfCommittee):
    """Who wants no POC, since when, and why."""

    stakeholder = forms.ModelChoiceField(
        queryset=None, label="Who waived it", empty_label="Choose", help_text="Somebody of the buying committee."
    )
    waived_on = DateField(label="On", initial=timezone.localdate)
    reason = Reason(max_length=1000, label="Why they want none")


class WhyForm(forms.Form):
    """The reason alone."""

    reason = Reason()


class StartForm(forms.Form):
    """The day on which it began; before the agreement, that a manager means it, and below the charter why."""

    started_on = DateField(label="Started on", initial=timezone.localdate)
    unagreed = forms.BooleanField(label="It starts before the customer has agreed to its criteria")
    reason = Reason(label="Why it starts before the agreement")
    charter = Reason(required=False, label="Accept it anyway, because")

    def __init__(self, *args: object, agreed: bool, below: bool, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if agreed:
            del self.fields["unagreed"], self.fields["reason"]
        if not below:
            del self.fields["charter"]


class FinishForm(forms.Form):
    """How it ended."""

    state = forms.ChoiceField(
        choices=[(state.value, state.label) for state in (PocState.PASSED, PocState.FAILED, PocState.ABANDONED)],
        widget=forms.RadioSelect, label="The POC is",
    )  # fmt: skip
    ended_on = DateField(label="On", initial=timezone.localdate)
    note = Reason(
        max_length=2000, required=False, label="What came of it",
        help_text="Wanted unless every criterion is met. Ours alone.",
    )  # fmt: skip


class ShareForm(forms.Form):
    """For whom a link is, how long it is valid, and whether it names people."""

    label = forms.CharField(max_length=120, label="For whom", help_text="For your own list; they do not read it.")
    days = forms.TypedChoiceField(
        choices=[(7, "7 days"), (14, "14 days"), (30, "30 days"), (60, "60 days"), (90, "90 days")],
        coerce=int, initial=30, label="Valid for",
    )  # fmt: skip
    shows_names = forms.BooleanField(
        required=False, label="Name people",
        help_text="Our SE, who agreed, and who does each step. Without it, the plan says only whose turn it is.",
    )  # fmt: skip
