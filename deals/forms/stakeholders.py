"""Forms of the buying committee."""

from django import forms
from django.db.models import Q

from deals.models import Influence, Stakeholder, StakeholderRole, Stance
from people.models import Role, User
from presales.editing import VersionedForm
from presales.text import squeeze


class StakeholderForm(VersionedForm):
    """One person at the customer in one role."""

    name = forms.CharField(max_length=160)
    role = forms.ChoiceField(choices=StakeholderRole, label="Role in the decision")
    influence = forms.ChoiceField(choices=Influence, initial=Influence.MEDIUM)
    stance = forms.ChoiceField(choices=Stance, initial=Stance.UNKNOWN)

    class Meta:
        model = Stakeholder
        fields = ["name", "job_title", "email", "role", "influence", "stance", "known_by", "is_both", "note"]

    def __init__(self, *args: object, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        ours = User.objects.visible_to(user).in_role(Role.AE, Role.SE, Role.MANAGER)
        # Somebody who has left stays where they are named.
        seen = Q(pk__in=ours.values("pk")) | Q(pk=self.instance.known_by_id)
        self.fields["known_by"].queryset = User.objects.filter(seen).order_by("name")
        self.fields["known_by"].empty_label = "Nobody yet"

    def clean_name(self) -> str:
        """White space squeezed."""
        return squeeze(self.cleaned_data["name"])


class RemoveStakeholderForm(forms.Form):
    """Why somebody is not on the committee any more."""

    reason = forms.CharField(max_length=500, required=False, label="Why (the history keeps it)")
