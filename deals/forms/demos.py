"""Forms of demos and of what was shown in them."""

from django import forms
from django.utils import timezone

from deals.library import items_to_show
from deals.models import Demo, DemoOutcome, DemoPart, LibraryItem, Meeting, Opportunity, Requirement
from people.models import User
from presales.editing import VersionedForm
from presales.fields import DateField
from presales.text import squeeze

OUTCOMES = [("", "Nobody has said yet"), *DemoOutcome.choices]
MEETINGS = 50


def _told(meeting: Meeting) -> str:
    return f"{meeting.get_kind_display()}, {timezone.localtime(meeting.starts_at):%-d %b %Y}"


class DemoForm(VersionedForm):
    """When it was held, where it ran, and what came of it; a new one also which requirements it showed."""

    title = forms.CharField(max_length=200, label="What it was about")
    held_on = DateField(label="Held on")
    environment = forms.CharField(
        max_length=200, required=False, label="Shown in", help_text="Our sandbox, their test system with their data …"
    )
    outcome = forms.ChoiceField(choices=OUTCOMES, required=False, label="How it went down")
    note = forms.CharField(
        max_length=2000, required=False, label="What came of it", widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What they said, what they still want to see, and who was not convinced.",
    )  # fmt: skip
    requirements = forms.ModelMultipleChoiceField(
        Requirement.objects.none(), required=False, widget=forms.CheckboxSelectMultiple, label="Requirements it showed",
        help_text="Each becomes a part of the demo, where you say from which item of the library it was shown.",
    )  # fmt: skip

    class Meta:
        model = Demo
        fields = ["title", "held_on", "environment", "meeting", "outcome", "note"]

    def __init__(self, *args: object, opportunity: Opportunity, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        meeting = self.fields["meeting"]
        held = opportunity.meetings.taking_place().filter(starts_at__lte=timezone.now())
        recent = held.order_by("-starts_at").values_list("pk", flat=True)[:MEETINGS]
        meeting.queryset = opportunity.meetings.filter(pk__in={*recent, self.instance.meeting_id})
        meeting.label, meeting.empty_label = "In which meeting", "In none that is planned here"
        meeting.label_from_instance = _told
        if self.instance.pk:
            del self.fields["requirements"]
        else:
            self.initial["held_on"] = self.initial.get("held_on") or timezone.localdate()
            self.fields["requirements"].queryset = opportunity.requirements.all()
            if not opportunity.requirements.exists():
                del self.fields["requirements"]

    def clean_title(self) -> str:
        """White space squeezed."""
        return squeeze(self.cleaned_data["title"])

    def clean_held_on(self) -> object:
        """What is to come is a meeting."""
        day = self.cleaned_data["held_on"]
        if day > timezone.localdate():
            raise forms.ValidationError("A demo is recorded when it has been held.")
        return day


class DemoPartForm(VersionedForm):
    """One thing that was shown."""

    what = forms.CharField(max_length=500, label="What was shown")
    result = forms.ChoiceField(choices=OUTCOMES, required=False, label="How it went down")

    class Meta:
        model = DemoPart
        fields = ["what", "requirement", "item", "result"]

    def __init__(self, *args: object, demo: Demo, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        requirement, item = self.fields["requirement"], self.fields["item"]
        requirement.queryset = Requirement.objects.filter(opportunity=demo.opportunity_id)
        requirement.label, requirement.empty_label = "For which requirement", "For none in particular"
        item.queryset = items_to_show(user) | LibraryItem.objects.filter(pk=self.instance.item_id).defer("search")
        item.label, item.empty_label = "From the library", "Made for this demo"

    def clean_what(self) -> str:
        """White space squeezed."""
        return squeeze(self.cleaned_data["what"])
