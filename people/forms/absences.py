"""The form of an absence."""

import datetime

from people.models import Absence, User
from presales.editing import VersionedForm
from presales.fields import DateField


def label_with_absence(person: User) -> str:
    """A name to choose, with the word that the person is away."""
    return f"{person.name} · away until {person.away_until:%-d %b}" if person.is_away else person.name


class AbsenceForm(VersionedForm):
    """From which day to which, both included."""

    starts_on = DateField(label="First day away")
    ends_on = DateField(label="Last day away")

    class Meta:
        model = Absence
        fields = ["starts_on", "ends_on"]

    def __init__(self, *args: object, person: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean(self) -> dict[str, object]:
        """The days are in order, and a new absence is not over."""
        data = super().clean()
        first: datetime.date | None = data.get("starts_on")
        last: datetime.date | None = data.get("ends_on")
        if first and last and last < first:
            self.add_error("ends_on", "The last day cannot be before the first.")
        elif last and last < self.person.today and not self.instance.pk:
            self.add_error("ends_on", "That is over already.")
        return data
