"""Forms of the claim queue."""

from django import forms

from deals.models import DeclineReason, NoGoReason, Opportunity
from people.models import Role, User


class DeclineForm(forms.Form):
    """Why an SE passes."""

    reason = forms.ChoiceField(choices=DeclineReason)
    note = forms.CharField(max_length=500, required=False)


class HandBackForm(forms.Form):
    """What the next SE should know."""

    reason = forms.CharField(max_length=500, label="Note for the next SE", widget=forms.Textarea(attrs={"rows": 3}))


class NoGoForm(forms.Form):
    """The technical reason."""

    no_go_reason = forms.ChoiceField(choices=NoGoReason, label="Reason")
    reason = forms.CharField(max_length=1000, label="What was found", widget=forms.Textarea(attrs={"rows": 3}))


class AssignForm(forms.Form):
    """Which SE, with what each carries."""

    se = forms.ModelChoiceField(User.objects.none(), label="SE", empty_label=None)
    beyond_capacity = forms.BooleanField(required=False, label="Also beyond capacity")
    reason = forms.CharField(max_length=500, required=False, label="Note")

    def __init__(self, *args: object, opportunity: Opportunity, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        from deals.loads import with_load

        team = User.objects.in_role(Role.SE).filter(memberships__team=opportunity.team_id).exclude(pk=opportunity.se_id)
        self.fields["se"].queryset = with_load(team).order_by("name")
        self.fields["se"].label_from_instance = lambda se: f"{se.name} · carries {se.load:g} of {se.effective_capacity}"
