"""Forms of the technical environment: an answer, and the question bank."""

from django import forms
from django.utils import timezone

from deals.models import EnvironmentAnswer, EnvironmentQuestion, EnvironmentTopic
from presales.editing import VersionedForm
from presales.fields import DateField
from presales.text import squeeze


def _place() -> forms.IntegerField:
    return forms.IntegerField(
        label="Place", min_value=0, max_value=1000, initial=0, help_text="Smaller numbers come first."
    )


class EnvironmentAnswerForm(VersionedForm):
    """What they answered, who said so and when."""

    text = forms.CharField(max_length=2000, label="Their answer", widget=forms.Textarea(attrs={"rows": 4}))
    said_by = forms.CharField(
        max_length=160, required=False, label="Who said so", widget=forms.TextInput(attrs={"list": "known-people"}),
        help_text="Name or title at the customer, or the document where it is written.",
    )  # fmt: skip
    said_on = DateField(label="Said on")

    class Meta:
        model = EnvironmentAnswer
        fields = ["text", "said_by", "said_on"]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.initial["said_on"] = timezone.localdate()

    def clean_said_by(self) -> str:
        """White space squeezed."""
        return squeeze(self.cleaned_data["said_by"])

    def clean_said_on(self) -> object:
        """Nobody has said anything tomorrow."""
        day = self.cleaned_data["said_on"]
        if day > timezone.localdate():
            raise forms.ValidationError("An answer is recorded when it has been given.")
        return day


class TopicForm(VersionedForm):
    """A section of the question bank."""

    name = forms.CharField(max_length=80)
    order = _place()

    class Meta:
        model = EnvironmentTopic
        fields = ["name", "order"]

    def clean_name(self) -> str:
        """White space squeezed."""
        return squeeze(self.cleaned_data["name"])


class QuestionForm(VersionedForm):
    """A question of the bank."""

    text = forms.CharField(max_length=300, label="Question", help_text="In the words to ask a customer.")
    hint = forms.CharField(max_length=300, required=False, label="What to listen for")
    order = _place()
    is_asked = forms.BooleanField(
        required=False, initial=True, label="It is asked", help_text="Answers stay when it is asked no more."
    )

    class Meta:
        model = EnvironmentQuestion
        fields = ["topic", "text", "hint", "order", "is_asked"]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["topic"].label = "Section"

    def clean_text(self) -> str:
        """White space squeezed."""
        return squeeze(self.cleaned_data["text"])
