"""Forms of the claim queue."""

from django import forms

from deals.matching import suggested
from deals.models import DeclineReason, NoGoReason, Opportunity
from people.models import User


class DeclineForm(forms.Form):
    """Why an SE passes."""

    reason = forms.ChoiceField(choices=DeclineReason)
    note = forms.CharField(max_length=500, required=False)


class HandBackForm(forms.Form):
    """What the next SE should know."""

    reason = forms.CharField(max_length=500, label="Note for the next SE", widget=forms.Textarea(attrs={"rows": 3}))
    seen_with = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)


class NoGoForm(forms.Form):
    """The technical reason."""

    no_go_reason = forms.ChoiceField(choices=NoGoReason, label="Reason")
    reason = forms.CharField(max_length=1000, label="What was found", widget=forms.Textarea(attrs={"rows": 3}))


class AssignForm(forms.Form):
    """Which SE, the best match first, with what each carries."""

    se = forms.ModelChoiceField(
        User.objects.none(), label="SE", empty_label=None,
        error_messages={"invalid_choice": "Choose an SE of the deal's team."},
    )  # fmt: skip
    beyond_capacity = forms.BooleanField(required=False, label="Also beyond capacity")
    while_away = forms.BooleanField(required=False, label="Also while away")
    reason = forms.CharField(max_length=500, required=False, label="Note")
    seen_with = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: object, opportunity: Opportunity, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.suggestions = suggested(opportunity)
        ses = {found.se.pk: found for found in self.suggestions}
        field = self.fields["se"]
        field.queryset = User.objects.filter(pk__in=ses)
        field.choices = [(pk, str(found)) for pk, found in ses.items()]
        if not self.is_bound:  # what is asked already must be there to be answered
            if not any(found.se.is_away for found in self.suggestions):
                del self.fields["while_away"]
            if all(found.takes_it for found in self.suggestions):
                del self.fields["beyond_capacity"]
        self.initial["seen_with"] = opportunity.se_id or 0
