"""Forms of the handoff."""

from django import forms

from deals.models import Handoff, HandoffPerson, Opportunity, Stakeholder
from people.models import User
from presales.editing import VersionedForm


def _words(label: str, help_text: str) -> forms.CharField:
    return forms.CharField(label=label, help_text=help_text, max_length=4000, widget=forms.Textarea(attrs={"rows": 5}))


class PromisesForm(VersionedForm):
    """The AE's part."""

    promises = _words("What we promised", "In the contract, in the proposal, and said in a meeting. One a line.")
    success_metrics = _words("What success is measured by", "What they will look at in a year to say it was worth it.")
    success_metrics.required = False

    class Meta:
        model = Handoff
        fields = ["promises", "success_metrics", "receiver"]

    def __init__(self, *args: object, opportunity: Opportunity, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        receiver = self.fields["receiver"]
        people = User.objects.visible_to(user).active() | User.objects.filter(pk=self.instance.receiver_id)
        receiver.queryset = people.exclude(pk=opportunity.owner_id).distinct().order_by("name")
        receiver.label, receiver.empty_label = "Who receives it", "Not decided yet"
        receiver.help_text = "Who works with the customer from now on. They read the handoff once it is handed over."


class CustomWorkForm(VersionedForm):
    """The SE's part."""

    custom_work = _words("Custom work", "What is built or set up for them alone. “None” is an answer.")
    risks = _words("Risks", "What could go wrong, and what would tell us early. “None known” is an answer.")
    risks.required = False

    class Meta:
        model = Handoff
        fields = ["custom_work", "risks"]


class HandoffPersonForm(forms.Form):
    """Somebody of the buying committee, and what to know of them."""

    stakeholder = forms.ModelChoiceField(Stakeholder.objects.none(), label="Who", empty_label=None)
    note = forms.CharField(
        max_length=HandoffPerson._meta.get_field("note").max_length, required=False, label="What to know",
        help_text="What they care about, and what to keep away from.",
    )  # fmt: skip

    def __init__(self, *args: object, handoff: Handoff, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        named = handoff.people.exclude(stakeholder=None).values("stakeholder")
        committee = Stakeholder.objects.filter(opportunity=handoff.opportunity_id).exclude(pk__in=named)
        self.fields["stakeholder"].queryset = committee.order_by("name", "pk")
        self.fields["stakeholder"].label_from_instance = lambda person: (
            f"{person.name}, {person.get_role_display().lower()}"
        )


class HandOverForm(forms.Form):
    """Giving it to the receiver, with the answer to what they asked."""

    answer = forms.CharField(max_length=1000, label="Your answer", widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: object, handoff: Handoff, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if not handoff.is_returned:
            del self.fields["answer"]


class QuestionForm(forms.Form):
    """What the receiver wants to know before accepting."""

    question = forms.CharField(
        max_length=1000, label="What do you want to know?", widget=forms.Textarea(attrs={"rows": 3})
    )
