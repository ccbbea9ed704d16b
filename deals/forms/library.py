"""Forms of the library."""

from django import forms
from django.core.validators import URLValidator

from deals.models import ItemKind, LibraryItem, RfpQuestion
from deals.models.library import MAX_SCRIPT
from presales.editing import VersionedForm
from presales.fields import WordsField
from presales.text import squeeze

LABELS = {
    ItemKind.DEMO: ("What it shows", "The steps", "So that somebody else can show it tomorrow."),
    ItemKind.ANSWER: ("The question it answers", "The answer", "As it goes to a customer, without naming another one."),
}


class LibraryItemForm(VersionedForm):
    """A demo to show again, or an answer to give again."""

    title = forms.CharField(max_length=200)
    shows = forms.CharField(max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    script = forms.CharField(max_length=MAX_SCRIPT, widget=forms.Textarea(attrs={"rows": 10}))
    link = forms.URLField(
        max_length=500, required=False, assume_scheme="https", help_text="Recording, environment or document.",
        validators=[URLValidator(["http", "https"], message="Enter an address that begins with https:// or http://.")],
    )  # fmt: skip
    tags = WordsField(
        max_words=15,
        max_word=40,
        required=False,
        help_text="Skills and topics, separated by commas: SSO, Kafka.",
    )
    is_retired = forms.BooleanField(
        required=False, label="It is out of date", help_text="Found no more, but read where it was used."
    )

    class Meta:
        model = LibraryItem
        fields = ["title", "shows", "script", "link", "tags", "is_retired"]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        shows, script, hint = LABELS[self.instance.kind]
        self.fields["shows"].label, self.fields["script"].label = shows, script
        self.fields["script"].help_text = hint
        if not self.instance.pk:
            del self.fields["is_retired"]

    def clean_title(self) -> str:
        """White space squeezed."""
        return squeeze(self.cleaned_data["title"])


def item_of(question: RfpQuestion) -> LibraryItem:
    """The item that keeping the answer to `question` begins with."""
    whole = squeeze(question.text)
    title, shows = (whole, "") if len(whole) <= 120 else (f"{whole[:119]}…", question.text[:1000])
    return LibraryItem(kind=ItemKind.ANSWER, title=title, shows=shows, script=question.answer)
