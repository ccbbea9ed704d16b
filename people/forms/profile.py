"""The form on the account page."""

import zoneinfo

from django import forms

from people.models import Role, User
from presales.editing import VersionedForm
from presales.fields import WordsField


class ProfileForm(VersionedForm):
    """What a person may change about themselves."""

    time_zone = forms.ChoiceField(choices=[(zone, zone) for zone in sorted(zoneinfo.available_timezones())])
    skills = WordsField(required=False, help_text="Separate with commas. The claim queue matches deals with them.")
    verticals = WordsField(required=False, label="Industries")

    class Meta:
        model = User
        fields = ["name", "title", "time_zone", "skills", "verticals", "weekly_mail"]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.role == Role.MARKETING:  # it is about deals
            del self.fields["weekly_mail"]
