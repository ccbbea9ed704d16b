"""Public web forms: the one that strangers fill in, and the one that makes such forms."""

from django import forms

from leads.models import CaptureForm
from people.models import Team
from presales.editing import VersionedForm
from presales.text import squeeze


class CaptureFormForm(VersionedForm):
    """What a public form asks and on whose behalf."""

    class Meta:
        model = CaptureForm
        fields = ["name", "headline", "thanks", "source", "campaign", "team", "ask_phone", "ask_message", "is_active"]
        widgets = {"thanks": forms.Textarea(attrs={"rows": 2})}
        labels = {"thanks": "Words of thanks", "is_active": "Open to the public"}
        help_texts = {"team": ""}

    def __init__(self, *args: object, user: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = Team.objects.visible_to(user).order_by("name")
        self.fields["team"].empty_label = "By territory"


class PublicForm(forms.Form):
    """What a stranger tells us. `website` is a trap: people do not see it, programs fill it in."""

    name = forms.CharField(label="Your name", max_length=160, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(
        label="Work e-mail", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    company_name = forms.CharField(
        label="Company", max_length=200, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )
    job_title = forms.CharField(
        label="What you do there",
        max_length=160,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "organization-title"}),
    )
    phone = forms.CharField(max_length=40, required=False, widget=forms.TextInput(attrs={"autocomplete": "tel"}))
    message = forms.CharField(
        label="What would you like to know?", max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    consent = forms.BooleanField(label="You may contact me about this by e-mail and phone.", required=False)
    website = forms.CharField(
        required=False,
        max_length=200,
        label="Leave this empty",
        widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"}),
    )
    key = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: object, capture: CaptureForm, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if not capture.ask_phone:
            del self.fields["phone"]
        if not capture.ask_message:
            del self.fields["message"]

    def clean_name(self) -> str:
        """A name of more than white space."""
        return squeeze(self.cleaned_data["name"])

    @property
    def is_trapped(self) -> bool:
        """A program filled in what people do not see."""
        return bool(self.data.get("website"))
