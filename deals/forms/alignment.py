"""Forms of the alignment check."""

from django import forms

from deals.models.alignment import HIGHEST, LOWEST
from people.models import User

MEANING = {1: "1: not at all", 10: "10: could not be better"}


class RatingForm(forms.Form):
    """How one of the two finds working together."""

    score = forms.TypedChoiceField(
        label="How well do the two of you work together?", coerce=int,
        choices=[("", "Choose"), *((score, MEANING.get(score, score)) for score in range(HIGHEST, LOWEST - 1, -1))],
    )  # fmt: skip
    wish = forms.CharField(
        label="What would make it a 10?", max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    is_shared = forms.BooleanField(required=False)

    def __init__(self, *args: object, partner: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        shared = self.fields["is_shared"]
        shared.label = f"Let {partner.name} read my score and my words"
        shared.help_text = (
            "Your managers see the score in any case, for the trend. The words nobody reads but you, unless you tick "
            f"this: then {partner.name} and your managers do."
        )


class ShareForm(forms.Form):
    """Whether the partner reads a rating."""

    shared = forms.BooleanField(required=False)
