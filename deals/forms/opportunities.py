"""Forms of the commercial lane."""

from decimal import Decimal

from django import forms
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from deals.forms.rates import currencies
from deals.models import CHARTERED, HelpKind, LostReason, Opportunity, OpportunityType, Stage
from leads.models import Company, Source
from people.forms.absences import label_with_absence
from people.models import Role, Team, User
from presales.editing import VersionedForm
from presales.fields import DateField
from presales.text import squeeze

AMOUNT = {
    "min_value": Decimal(0),
    "max_digits": 14,
    "decimal_places": 2,
    "label": "Amount a year (ACV)",
}


class ConvertForm(forms.Form):
    """What an opportunity needs beyond what the lead brings."""

    name = forms.CharField(max_length=200)
    amount = forms.DecimalField(**AMOUNT)
    currency = forms.ChoiceField(required=False)
    close_date = DateField(label="Expected close date")
    type = forms.ChoiceField(choices=OpportunityType)
    next_step = forms.CharField(max_length=200, required=False)
    next_step_on = DateField(label="Next step on", required=False)
    needed_skills = forms.CharField(
        max_length=300, required=False, help_text="What the SE should know, separated with commas."
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = currencies()
        self.fields["currency"].initial = settings.COMPANY_CURRENCY

    def clean_currency(self) -> str:
        """The company's, unless another is chosen."""
        return self.cleaned_data["currency"] or settings.COMPANY_CURRENCY


class CreateForm(ConvertForm):
    """An opportunity that did not come from a lead."""

    company = forms.ModelChoiceField(Company.objects.none())
    team = forms.ModelChoiceField(Team.objects.none())
    owner = forms.ModelChoiceField(User.objects.none(), label="Owner (AE)")
    source = forms.ChoiceField(choices=Source, initial=Source.OTHER)

    field_order = ["name", "company", "team", "owner", "amount", "currency", "close_date", "type", "source"]

    def __init__(self, *args: object, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["company"].queryset = Company.objects.visible_to(user)
        self.fields["team"].queryset = Team.objects.visible_to(user)
        owners = User.objects.visible_to(user).in_role(Role.AE)
        self.fields["owner"].queryset = owners.filter(pk=user.pk) if user.role == Role.AE else owners
        if user.role == Role.AE:
            self.fields["owner"].initial = user.pk

    def clean(self) -> dict:
        """The owner sells in that team."""
        data = super().clean()
        team, owner = data.get("team"), data.get("owner")
        if team and owner and team.pk not in owner.team_ids:
            self.add_error("owner", f"{owner} is not an AE of {team}.")
        return data


class CommercialForm(VersionedForm):
    """The AE's lane of an opportunity."""

    amount = forms.DecimalField(**AMOUNT)
    currency = forms.ChoiceField(required=False)
    term_months = forms.IntegerField(
        min_value=1, max_value=120, required=False, label="Contract term (months)", help_text="Empty means 12."
    )
    one_off = forms.DecimalField(
        min_value=0, max_digits=14, decimal_places=2, required=False, label="One-off fees",
        help_text="Set-up, training, migration: what is paid once.",
    )  # fmt: skip
    claimed_probability = forms.IntegerField(
        min_value=0, max_value=100, required=False, label="Your probability (%)",
        help_text="Empty means the stage's default.",
    )  # fmt: skip
    close_date = DateField(required=False, label="Expected close date")
    compelling_event_on = DateField(required=False, label="Compelling event on")
    next_step_on = DateField(required=False, label="Next step on")

    class Meta:
        model = Opportunity
        fields = ["name", "type", "product", "amount", "currency", "term_months", "one_off", "claimed_probability",
                  "forecast_category", "close_date", "compelling_event", "compelling_event_on", "next_step",
                  "next_step_on", "next_step_owner", "needed_skills"]  # fmt: skip

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = currencies(self.instance.currency)
        deal = self.instance
        ours = User.objects.in_role(Role.AE, Role.SE, Role.MANAGER).filter(memberships__team=deal.team_id)
        # Somebody who has left stays where they are named.
        named = Q(pk__in=ours.values("pk")) | Q(pk__in=[deal.owner_id, deal.se_id, deal.next_step_owner_id])
        self.fields["next_step_owner"].queryset = User.objects.filter(named).order_by("name")
        self.fields["next_step_owner"].empty_label = "Nobody yet"

    def clean_term_months(self) -> int:
        """A year, unless said otherwise; as it was, where the form did not ask."""
        return self._asked("term_months", 12)

    def clean_one_off(self) -> Decimal:
        """Nothing, unless said otherwise; as it was, where the form did not ask."""
        return self._asked("one_off", Decimal(0))

    def _asked(self, name: str, otherwise: object) -> object:
        value, widget = self.cleaned_data[name], self.fields[name].widget
        if value is not None:
            return value
        return self.initial[name] if widget.value_omitted_from_data(self.data, self.files, name) else otherwise

    def clean_currency(self) -> str:
        """As it was, unless another is chosen."""
        return self.cleaned_data["currency"] or self.initial["currency"]

    def clean_name(self) -> str:
        """White space squeezed."""
        return squeeze(self.cleaned_data["name"])


class StageSelect(forms.Select):
    """Stages whose options say what follows from choosing them, so that the page shows only the fields it takes."""

    current_order = 0

    def create_option(self, name: str, value: object, *args: object, **kwargs: object) -> dict:
        """The option with the stage's outcome, and whether it lies ahead of the deal's."""
        option = super().create_option(name, value, *args, **kwargs)
        stage = getattr(value, "instance", None)
        if stage is not None:
            option["attrs"]["data-outcome"] = stage.outcome
            if stage.outcome != "lost" and stage.order > self.current_order:
                option["attrs"]["data-ahead"] = True
        return option


class MoveForm(forms.Form):
    """To which stage, and what closing it there wants."""

    stage = forms.ModelChoiceField(Stage.objects.none(), empty_label=None, label="Move to", widget=StageSelect)
    signed_on = DateField(
        required=False, label="Closed on", help_text="Won: the day the customer signed. Lost: the day of the decision."
    )
    lost_reason = forms.ChoiceField(choices=[("", "–"), *LostReason.choices], required=False, label="Why it was lost")
    lost_to = forms.CharField(max_length=120, required=False, label="Competitor")
    reason = forms.CharField(max_length=500, required=False, label="Note")
    override = forms.BooleanField(required=False, label="Go past what is missing; the note says why")

    def __init__(self, *args: object, opportunity: Opportunity, may_override: bool, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        stages = opportunity.pipeline.stages.exclude(pk=opportunity.stage_id).exclude(outcome="no_go")
        self.fields["stage"].widget.current_order = opportunity.stage.order
        self.fields["stage"].queryset = stages
        if not may_override:
            del self.fields["override"]

    def clean_signed_on(self) -> object:
        """Nobody has signed tomorrow."""
        day = self.cleaned_data["signed_on"]
        if day and day > timezone.localdate():
            raise forms.ValidationError("This day is in the future.")
        return day

    def clean(self) -> dict:
        """Won wants its day, lost its reason, an override its note."""
        data = super().clean()
        stage = data.get("stage")
        if (
            stage is not None
            and stage.outcome == "won"
            and not data.get("signed_on")
            and "signed_on" not in self.errors
        ):
            self.add_error("signed_on", "Say on which day the customer signed.")
        if stage is not None and stage.outcome == "lost" and not data.get("lost_reason"):
            self.add_error("lost_reason", "Say why the deal was lost.")
        if data.get("override") and not data.get("reason"):
            self.add_error("reason", "An override wants a written reason.")
        return data


class ReopenForm(forms.Form):
    """Where a closed deal goes on, and why."""

    stage = forms.ModelChoiceField(Stage.objects.none(), empty_label=None)
    reason = forms.CharField(max_length=500, label="Why is it open again?")
    override = forms.BooleanField(required=False, label="Go past what is missing; the reason says why")

    def __init__(self, *args: object, opportunity: Opportunity, may_override: bool, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["stage"].queryset = opportunity.pipeline.stages.filter(outcome="open")
        if not may_override:
            del self.fields["override"]


class RequestHelpForm(forms.Form):
    """What an SE is wanted for."""

    kind = forms.ChoiceField(
        choices=[choice for choice in HelpKind.choices if choice[0] != HelpKind.QUALIFIED], label="Help with"
    )
    note = forms.CharField(
        max_length=500, required=False, label="What is wanted", widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: object, opportunity: Opportunity, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if opportunity.se_id:  # for the rest one simply asks them
            self.fields["kind"].choices = [(kind.value, kind.label) for kind in CHARTERED]


class OwnerForm(forms.Form):
    """Another AE for the commercial lane."""

    owner = forms.ModelChoiceField(User.objects.none(), label="New owner (AE)")
    while_away = forms.BooleanField(required=False, label="Also while away")
    reason = forms.CharField(max_length=500, required=False)

    def __init__(self, *args: object, opportunity: Opportunity, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        team = Q(memberships__team=opportunity.team_id)
        self.fields["owner"].queryset = User.objects.in_role(Role.AE).filter(team).distinct().with_absences()
        self.fields["owner"].label_from_instance = label_with_absence
        if not self.is_bound and not any(owner.is_away for owner in self.fields["owner"].queryset):
            del self.fields["while_away"]  # what is asked already must be there to be answered
