"""Forms of nurture tracks and their steps."""

from django import forms

from leads.models import NurtureStep, NurtureTouch, NurtureTrack, Source, StepKind
from leads.models.nurture import MAX_DAYS, NURTURED
from leads.models.scoring import Band
from leads.nurture.words import PLACES, unknown_places
from people.models import Team, User
from presales.editing import VersionedForm
from presales.text import squeeze


class TrackForm(VersionedForm):
    """A track's name and its rule."""

    bands = forms.MultipleChoiceField(label="Leads that are", choices=Band, widget=forms.CheckboxSelectMultiple)
    stages = forms.MultipleChoiceField(label="At the stage", choices=NURTURED, widget=forms.CheckboxSelectMultiple)
    sources = forms.MultipleChoiceField(
        label="That came through", choices=Source, required=False, widget=forms.CheckboxSelectMultiple,
        help_text="None ticked means any.",
    )  # fmt: skip
    quiet_days = forms.IntegerField(
        label="Quiet for at least (days)", min_value=0, max_value=MAX_DAYS, initial=0,
        help_text="Neither a new stage nor anything they did for so long. 0 asks nothing.",
    )  # fmt: skip

    class Meta:
        model = NurtureTrack
        fields = ["name", "bands", "stages", "sources", "team", "quiet_days"]

    def __init__(self, *args: object, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = Team.objects.visible_to(user).order_by("name")
        self.fields["team"].empty_label = "Any team"
        if not self.instance.pk:
            self.initial |= {"bands": ["cold", "warm"], "stages": ["new", "nurture"]}

    def clean_name(self) -> str:
        """White space squeezed."""
        return squeeze(self.cleaned_data["name"])

    def validate_unique(self) -> None:
        """The action says it in its own words."""


class StepForm(VersionedForm):
    """One step. A call has neither subject nor link."""

    delay_days = forms.IntegerField(
        label="Days to wait", min_value=0, max_value=MAX_DAYS, initial=3,
        help_text="After the step before; of the first step, after joining the track.",
    )  # fmt: skip
    link = forms.URLField(max_length=500, required=False, assume_scheme="https")

    class Meta:
        model = NurtureStep
        fields = ["delay_days", "subject", "body", "link"]
        widgets = {"body": forms.Textarea(attrs={"rows": 10})}

    def __init__(self, *args: object, kind: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        if kind == StepKind.CALL:
            del self.fields["subject"], self.fields["link"]
            self.fields["body"].label = "What the call is about"
            self.fields["body"].widget.attrs["rows"] = 4
        else:
            self.fields["subject"].required = True
            self.fields["body"].label = "Text"
            places = ", ".join(f"{{{name}}}" for name in PLACES)
            self.fields["body"].help_text = f"These are filled in: {places}. How to unsubscribe is added to every mail."
            self.fields["link"].required = kind in (StepKind.CASE_STUDY, StepKind.WEBINAR)
            labels = {StepKind.CASE_STUDY: "Address of the case study", StepKind.WEBINAR: "Address to register"}
            self.fields["link"].label = labels.get(kind, "Address to read more")

    def clean_subject(self) -> str:
        """One line, with known places."""
        return self._known(squeeze(self.cleaned_data["subject"]))

    def clean_body(self) -> str:
        """Text with known places."""
        return self._known(self.cleaned_data["body"].strip())

    def clean_link(self) -> str:
        """An address of the web."""
        link = self.cleaned_data["link"]
        if link and not link.startswith(("http://", "https://")):
            raise forms.ValidationError("Begin with https://.")
        return link

    def _known(self, text: str) -> str:
        if unknown := unknown_places(text):
            raise forms.ValidationError(f"Nothing fills in {{{unknown[0]}}}. Possible: {', '.join(PLACES)}.")
        return text


class CallForm(forms.Form):
    """What came of a call."""

    result = forms.ChoiceField(choices=NurtureTouch.Result, widget=forms.RadioSelect, label="How did it go?")
    note = forms.CharField(max_length=500, required=False)


class EnrolForm(forms.Form):
    """On which track to put a lead."""

    track = forms.ModelChoiceField(NurtureTrack.objects.none(), empty_label=None)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["track"].queryset = NurtureTrack.objects.filter(state="running").order_by("name")
