"""Custom fields in forms: as part of a record's form, and the form that defines one."""

from decimal import Decimal

from django import forms

from leads import custom_values
from leads.models import CustomField, FieldKind, FieldLane, RecordKind
from leads.models.custom_fields import CHOICE_LENGTH, MAX_CHOICES, TEXT_LENGTH
from presales.editing import VersionedForm
from presales.fields import DateField
from presales.text import key, squeeze

PREFIX = "custom_"
LONG = 120
MOST = Decimal(10) ** 15 - 1


class YesNoField(forms.TypedChoiceField):
    """Yes, no, or nothing said."""

    def __init__(self, **kwargs: object) -> None:
        choices = [("", "–"), ("yes", "Yes"), ("no", "No")]
        super().__init__(choices=choices, coerce=lambda text: text == "yes", empty_value=None, **kwargs)

    def prepare_value(self, value: object) -> object:
        """The choice that stands for a stored value."""
        return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


def form_field(field: CustomField, stored: object = None) -> forms.Field:
    """The field of a form that asks for `field`, where `stored` is what the record has."""
    shared = {"label": field.name, "required": False, "help_text": field.help_text}
    if field.kind == FieldKind.NUMBER:
        made = forms.DecimalField(max_digits=21, decimal_places=6, min_value=-MOST, max_value=MOST, **shared)
        made.widget.attrs["step"] = "any"
        return made
    if field.kind == FieldKind.DATE:
        return DateField(**shared)
    if field.kind == FieldKind.YES_NO:
        return YesNoField(**shared)
    if field.kind == FieldKind.CHOICE:
        known = [*field.choices, *([stored] if isinstance(stored, str) and stored not in field.choices else [])]
        return forms.ChoiceField(choices=[("", "–"), *((choice, choice) for choice in known)], **shared)
    long = isinstance(stored, str) and (len(stored) > LONG or "\n" in stored)
    widget = forms.Textarea(attrs={"rows": 3}) if long else forms.TextInput()
    return forms.CharField(max_length=TEXT_LENGTH, widget=widget, **shared)


class CustomFieldsMixin:
    """A form with the custom fields of its kind of record; call `add_custom` at the end of `__init__`."""

    def add_custom(self, record: str, stored: dict | None = None, *, lane: str = "") -> None:
        """Ask for the active fields of `record`, of opportunities those of one lane."""
        fields = CustomField.objects.of(record).active()
        self.custom_fields = list(fields.filter(lane=lane) if lane else fields)
        stored = stored or {}
        for field in self.custom_fields:
            name = PREFIX + field.key
            self.fields[name] = form_field(field, stored.get(field.key))
            self.initial[name] = custom_values.as_value(field.kind, stored.get(field.key))

    @property
    def custom_bound(self) -> list[forms.BoundField]:
        """The custom fields of the form, to be shown together."""
        return [self[PREFIX + field.key] for field in self.custom_fields]

    def given_custom(self) -> dict[str, object]:
        """The values given, by key; what the browser did not send stays as it is."""
        names = {field.key: PREFIX + field.key for field in self.custom_fields}
        return {
            key: self.cleaned_data[name]
            for key, name in names.items()
            if name in self.cleaned_data
            and not self.fields[name].widget.value_omitted_from_data(self.data, self.files, self.add_prefix(name))
        }

    def record_values(self) -> dict[str, object]:
        """What was given besides."""
        return {name: value for name, value in self.cleaned_data.items() if not name.startswith(PREFIX)}


class CustomVersionedForm(CustomFieldsMixin, VersionedForm):
    """A form of a record with a version, custom fields included: two people editing see both values of each."""

    record = ""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.add_custom(self.record, self.instance.custom, lane=self.custom_lane())
        if self.instance.pk:
            self._take_theirs()

    def custom_lane(self) -> str:
        """The lane whose fields are asked for, of opportunities."""
        return ""

    def one_value(self, record: object, name: str) -> bool:
        """Custom fields too have one stored value."""
        return name.startswith(PREFIX) or super().one_value(record, name)

    def stored(self, record: object, name: str, of: object = None) -> object:
        """The stored value of a field, custom or not."""
        if not name.startswith(PREFIX):
            return super().stored(record, name, of)
        field = next(field for field in self.custom_fields if PREFIX + field.key == name)
        return custom_values.as_value(field.kind, (record.custom or {}).get(field.key))


class ChoicesField(forms.CharField):
    """Choices, one in each line."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(
            max_length=MAX_CHOICES * (CHOICE_LENGTH + 2), required=False,
            widget=forms.Textarea(attrs={"rows": 6}), **kwargs,
        )  # fmt: skip

    def prepare_value(self, value: object) -> object:
        """A list as lines."""
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: object) -> list[str]:
        """Each choice once, however it is spelled."""
        found: dict[str, str] = {}
        for line in map(squeeze, str(value or "").splitlines()):
            if line:
                found.setdefault(key(line), line)
        return list(found.values())

    def run_validators(self, value: list[str]) -> None:
        """Neither too many nor too long."""
        super().run_validators("\n".join(value))
        if len(value) > MAX_CHOICES:
            raise forms.ValidationError(f"At most {MAX_CHOICES} choices.")
        if any(len(choice) > CHOICE_LENGTH for choice in value):
            raise forms.ValidationError(f"A choice has at most {CHOICE_LENGTH} characters.")


class FieldForm(VersionedForm):
    """The definition of a field of `record`. Its kind is chosen once."""

    choices = ChoicesField(
        label="Choices",
        help_text="For a choice: one in each line. Taking one off the list changes no record that has it.",
    )

    class Meta:
        model = CustomField
        fields = ["name", "kind", "choices", "lane", "help_text"]
        labels = {"lane": "Who fills it in"}
        help_texts = {"lane": "", "help_text": "Shown below the field in forms."}

    def __init__(self, *args: object, record: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = FieldKind.choices
        self.fields["lane"].choices = FieldLane.choices
        self.fields["lane"].required = True
        if self.instance.pk:
            del self.fields["kind"]
        if self.instance.pk and self.instance.kind != FieldKind.CHOICE:
            del self.fields["choices"]
        if record != RecordKind.OPPORTUNITY:
            del self.fields["lane"]

    def clean_name(self) -> str:
        """White space squeezed; letters or digits at all."""
        name = squeeze(self.cleaned_data["name"])
        if not any(character.isalnum() for character in name):
            raise forms.ValidationError("A name has letters.")
        return name

    def clean(self) -> dict[str, object]:
        """A choice has choices."""
        data = super().clean()
        kind = self.instance.kind if self.instance.pk else data.get("kind")
        if kind == FieldKind.CHOICE and not data.get("choices") and "choices" not in self.errors:
            self.add_error("choices", "Write at least one choice.")
        return data

    def validate_constraints(self) -> None:
        """The action says it in its own words."""
