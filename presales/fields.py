"""Form fields that are the same everywhere: days that make sense, and lists of words."""

import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator

from presales.text import squeeze

FIRST_DAY = datetime.date(1990, 1, 1)
LAST_DAY = datetime.date(2100, 12, 31)


class DateField(forms.DateField):
    """A day between 1990 and 2100, picked in the browser's own calendar."""

    widget = forms.DateInput(attrs={"type": "date", "min": "1990-01-01", "max": "2100-12-31"}, format="%Y-%m-%d")

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.validators += [
            MinValueValidator(FIRST_DAY, "Enter a day from 1990 on."),
            MaxValueValidator(LAST_DAY, "Enter a day up to 2100."),
        ]


class WordsField(forms.CharField):
    """A comma-separated list of short words, stored as a list without doubles."""

    def __init__(self, *, max_words: int = 30, max_word: int = 60, **kwargs: object) -> None:
        self.max_words, self.max_word = max_words, max_word
        super().__init__(max_length=max_words * (max_word + 2), **kwargs)

    def prepare_value(self, value: object) -> object:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: object) -> list[str]:
        words = (squeeze(word) for word in (super().to_python(value) or "").split(","))
        return list(dict.fromkeys(word for word in words if word))

    def validate(self, value: list[str]) -> None:
        super().validate(value)
        if len(value) > self.max_words:
            raise ValidationError(f"At most {self.max_words} entries.")
        too_long = next((word for word in value if len(word) > self.max_word), None)
        if too_long:
            raise ValidationError(f"“{too_long[:20]}…” is longer than {self.max_word} characters.")

    def run_validators(self, value: list[str]) -> None:
        super().run_validators(", ".join(value))

    def has_changed(self, initial: object, data: object) -> bool:
        return super().has_changed(self.prepare_value(initial), data)
