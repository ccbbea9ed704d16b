"""The forms of a quota: whom it is for, for which quarter, how much."""

from django import forms
from django.conf import settings
from django.utils import timezone

from deals.models import Quota
from people.models import Role, Team, User
from presales.editing import VersionedForm
from presales.quarters import around, parse


def amount_field(label: str = "Amount") -> forms.DecimalField:
    """An amount in the company's currency."""
    return forms.DecimalField(
        label=f"{label} ({settings.COMPANY_CURRENCY})", min_value=0, max_digits=14, decimal_places=2
    )


class NewQuotaForm(forms.Form):
    """A quota that is not there yet. Whom it may be for follows from who sets it."""

    whom = forms.ChoiceField(label="For", help_text="A team's quota counts all teams below it.")
    quarter = forms.ChoiceField()
    amount = amount_field()

    def __init__(self, *args: object, by: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        today = timezone.localdate()
        teams = Team.objects.visible_to(by)
        people = User.objects.filter(role=Role.AE, is_active=True).visible_to(by).order_by("name")
        self.targets = {f"team-{team.pk}": team for team in teams} | {f"user-{one.pk}": one for one in people}
        self.fields["whom"].choices = [
            ("Teams", [(f"team-{team.pk}", team.name) for team in teams]),
            ("People", [(f"user-{one.pk}", one.name) for one in people]),
        ]
        self.fields["quarter"].choices = around(today)

    def clean_quarter(self) -> object:
        """Its first day."""
        return parse(self.cleaned_data["quarter"], timezone.localdate())

    def clean(self) -> dict:
        """One quota for each quarter."""
        cleaned = super().clean()
        if {"whom", "quarter"} <= cleaned.keys():
            target = self.targets[cleaned["whom"]]
            cleaned["target"] = {"team" if isinstance(target, Team) else "user": target}
            if Quota.objects.filter(quarter=cleaned["quarter"], **cleaned["target"]).exists():
                self.add_error("quarter", "There is a quota for that quarter. Change that one.")
        return cleaned

    def quota(self) -> Quota:
        """What was filled in."""
        data = self.cleaned_data
        return Quota(quarter=data["quarter"], amount=data["amount"], **data["target"])


class QuotaForm(VersionedForm):
    """The amount of a quota that is there."""

    amount = amount_field()

    class Meta:
        model = Quota
        fields = ["amount"]
