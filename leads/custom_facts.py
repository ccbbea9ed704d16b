"""The custom fields of records as pages tell them."""

from dataclasses import dataclass

from leads.custom_values import as_value, in_words
from leads.models import CustomField

Facts = list[tuple[str, str]]


def facts(**custom: dict | None) -> dict[str, Facts]:
    """Names and values in words of the active fields that are filled, by kind of record: `facts(lead=lead.custom)`.

    One query, whatever is asked for; none where no record has any value.
    """
    told: dict[str, Facts] = {record: [] for record in custom}
    wanted = [record for record, values in custom.items() if values]
    if wanted:
        fields = CustomField.objects.active().filter(record__in=wanted).order_by("position", "pk")
        for record, key, name, kind in fields.values_list("record", "key", "name", "kind"):
            if key in custom[record]:
                told[record].append((name, in_words(kind, custom[record][key])))
    return told


@dataclass(frozen=True)
class Columns:
    """The custom fields of one kind of record as columns of a file."""

    fields: list[CustomField]

    @property
    def names(self) -> list[str]:
        """What the columns are called."""
        return [field.name for field in self.fields]

    def cells(self, custom: dict) -> list[object]:
        """The values of one record, in the columns' order; nothing is None."""
        return [as_value(field.kind, custom.get(field.key)) for field in self.fields]


def exported(record: str) -> Columns:
    """The columns of an export of `record`: every active field."""
    return Columns(list(CustomField.objects.of(record).active()))
