"""The form of the solution design."""

import re

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from deals.models import SolutionDesign
from deals.models.designs import MAX_LINKS, MAX_TEXT
from presales.diff import MOST_LINES
from presales.editing import VersionedForm

MAX_URL, MAX_TITLE = 500, 160


class DesignForm(VersionedForm):
    """The text, links to drawings and documents, and what has changed."""

    text = forms.CharField(
        max_length=MAX_TEXT, label="The design", widget=forms.Textarea(attrs={"rows": 16}),
        help_text="What is built of which parts, how data flows, who runs it, and what was decided against.",
    )  # fmt: skip
    links = forms.CharField(
        max_length=MAX_LINKS * 700, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Drawings and documents: one a line, the address first, then what it is.",
    )  # fmt: skip
    what_changed = forms.CharField(max_length=300, required=False, label="What you changed, and why")

    class Meta:
        model = SolutionDesign
        fields = ["text", "links"]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            del self.fields["what_changed"]

    def clean_text(self) -> str:
        """Line ends as the database keeps them; not more lines than two versions can be compared by."""
        text = "\n".join(line.rstrip() for line in re.split(r"\r\n?|\n", self.cleaned_data["text"])).strip("\n")
        if text.count("\n") >= MOST_LINES:
            raise ValidationError(f"A design has up to {MOST_LINES} lines. Put details into a document and link it.")
        return text

    def clean_links(self) -> str:
        """Each line an address of the web and, if there is one, its title."""
        kept = []
        for line in filter(None, map(str.strip, re.split(r"[\r\n]+", self.cleaned_data["links"]))):
            url, _, title = line.partition(" ")
            try:
                URLValidator(schemes=["http", "https"])(url)
            except ValidationError:
                raise ValidationError(f"“{url[:60]}” is no address that begins with http:// or https://.") from None
            if len(url) > MAX_URL or len(title.strip()) > MAX_TITLE:
                raise ValidationError(f"Up to {MAX_URL} characters for an address, {MAX_TITLE} for what it is.")
            kept.append(f"{url} {' '.join(title.split())}".strip())
        if len(kept) > MAX_LINKS:
            raise ValidationError(f"At most {MAX_LINKS} links.")
        return "\n".join(kept)
