"""What a move of a lead wants to know."""

import datetime

from django import forms
from django.utils import timezone

from leads.forms.leads import assignable, routable_teams
from leads.models import DisqualifyReason, ReturnReason
from people.forms.absences import label_with_absence
from people.models import User


class Reason(forms.CharField):
    """Words for the history."""

    def __init__(self, label: str = "Why", required: bool = True) -> None:
        widget = forms.Textarea(attrs={"rows": 2})
        super().__init__(label=label, required=required, max_length=500, widget=widget)


class MoveForm(forms.Form):
    """A move of one or many leads by a person; its fields are the action's keyword arguments."""

    def __init__(self, *args: object, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.user = user


class ReturnForm(MoveForm):
    """Back to marketing."""

    why = forms.ChoiceField(choices=[("", "Choose a reason"), *ReturnReason.choices])
    reason = Reason("Anything marketing should know", required=False)


class NurtureForm(MoveForm):
    """Later."""

    until = forms.DateField(label="Look again on", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    reason = Reason("Why not now")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["until"].initial = timezone.localdate() + datetime.timedelta(days=90)


class DisqualifyForm(MoveForm):
    """Never."""

    why = forms.ChoiceField(choices=[("", "Choose a reason"), *DisqualifyReason.choices])
    reason = Reason("In your words", required=False)

    def clean(self) -> dict[str, object]:
        """Ask for words where the list has none."""
        if self.cleaned_data.get("why") == DisqualifyReason.OTHER and not self.cleaned_data.get("reason"):
            self.add_error("reason", "Say why, so that the next person understands.")
        return self.cleaned_data


class ReasonForm(MoveForm):
    """Just why."""

    reason = Reason()


class MqlForm(MoveForm):
    """Over to sales."""

    reason = Reason("Why it is ready for sales")


class AssignForm(MoveForm):
    """To a person by name."""

    owner = forms.ModelChoiceField(User.objects.none(), label="Account executive")
    while_away = forms.BooleanField(required=False, label="Also while away")
    reason = Reason(required=False)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = assignable(self.user).with_absences()
        self.fields["owner"].label_from_instance = label_with_absence
        if not self.is_bound and not any(person.is_away for person in self.fields["owner"].queryset):
            del self.fields["while_away"]


class RouteForm(MoveForm):
    """To a team, or to whom the territory says."""

    team = forms.ModelChoiceField(None, required=False, empty_label="By territory")
    reason = Reason(required=False)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = routable_teams(self.user)
