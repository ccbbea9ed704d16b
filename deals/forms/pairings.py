"""Forms of pairings and their charters."""

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from deals.actions.pairings import TERMS
from deals.models import Charter
from people.models import Role, User
from presales.history import in_plain


class PairingForm(forms.Form):
    """Who works with whom; an AE or an SE names only the other."""

    ae = forms.ModelChoiceField(User.objects.none(), label="AE", empty_label=None)
    se = forms.ModelChoiceField(User.objects.none(), label="SE", empty_label=None)

    def __init__(self, *args: object, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        for name, role in (("ae", Role.AE), ("se", Role.SE)):
            people = User.objects.visible_to(user).in_role(role).order_by("name")
            if user.role == role:
                people = people.filter(pk=user.pk)
                self.fields[name].widget = forms.HiddenInput()
                self.fields[name].initial = user.pk
            self.fields[name].queryset = people

    def clean(self) -> dict:
        """The two share a team."""
        data = super().clean()
        ae, se = data.get("ae"), data.get("se")
        if ae and se and not ae.team_ids & se.team_ids:
            self.add_error(None, f"{ae} and {se} are in no team together.")
        return data


class CharterForm(forms.ModelForm):
    """A new version of a charter; `based_on` is the version it was written upon."""

    based_on = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)

    class Meta:
        model = Charter
        fields = TERMS
        labels = {"scrub_weeks": "Pipeline scrub every (weeks)", "alignment_weeks": "Alignment check every (weeks)"}
        help_texts = {
            "scrub_weeks": "You go through your open deals together, the worst evidence first.",
            "alignment_weeks": "Each of you rates how you work together, from 1 to 10.",
        }
        widgets = {"note": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.label = field.label and field.label[0].upper() + field.label[1:]
            limits = {type(check): check.limit_value for check in field.validators if hasattr(check, "limit_value")}
            if isinstance(field, forms.IntegerField) and field is not self.fields["based_on"]:
                field.widget.attrs["min"] = limits.get(MinValueValidator)
                field.widget.attrs["max"] = limits.get(MaxValueValidator)

    def show_newer(self, number: int, theirs: dict[str, object]) -> None:
        """Turn the form into the question which of both values to keep: own values stay, theirs are shown."""
        self.data = self.data.copy()
        self.data[self.add_prefix("based_on")] = str(number)
        for name, value in theirs.items():
            if value != self.cleaned_data.get(name):
                self.add_error(name, f"Version {number} says: {in_plain(value) or 'nothing'}. Keep yours by proposing.")
        self.add_error(None, f"Version {number} was proposed while you were writing. Nothing was overwritten.")


class EndPairingForm(forms.Form):
    """Why the two no longer work as a pair."""

    reason = forms.CharField(max_length=500, required=False, label="Why (the history keeps it)")


class AcceptAnywayForm(forms.Form):
    """Why an SE takes a request below the charter."""

    reason = forms.CharField(max_length=500, label="Why you accept it anyway", widget=forms.Textarea(attrs={"rows": 3}))
