"""Fields that a company adds to leads, companies and opportunities by itself.

A definition is a row here. A value is an entry of the record's own column `custom`: a JSON object by the definition's
key, in which nothing is the absence of the key. So a new field changes no table, and a record is still one row.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import partial

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.utils import timezone

from people.models import User
from presales.text import squeeze

MAX_CHOICES = 200
CHOICE_LENGTH = 80
TEXT_LENGTH = 2000
MAX_FIELDS = 200
KEY_LENGTH = 40


class RecordKind(models.TextChoices):
    """What a field belongs to."""

    LEAD = "lead", "Leads"
    COMPANY = "company", "Companies"
    OPPORTUNITY = "opportunity", "Opportunities"


class FieldKind(models.TextChoices):
    """What values a field has."""

    TEXT = "text", "Text"
    NUMBER = "number", "Number"
    CHOICE = "choice", "Choice"
    YES_NO = "yes_no", "Yes or no"
    DATE = "date", "Date"


class FieldLane(models.TextChoices):
    """Who fills in a field of an opportunity."""

    COMMERCIAL = "commercial", "Commercial: the AE"
    TECHNICAL = "technical", "Technical: the SE"


def custom_column() -> models.JSONField:
    """The column that holds a record's values, by key."""
    return models.JSONField(
        "custom fields", default=dict, blank=True, editable=False, db_default=Value({}, models.JSONField())
    )


def custom_history(record: str) -> Callable[[], dict[str, tuple[str, Callable[[object], str]]]]:
    """What the history tells of such a column: for each field its name and how its values read."""

    def load() -> dict[str, tuple[str, Callable[[object], str]]]:
        from leads.custom_values import in_words

        return {field.key: (field.name, partial(in_words, field.kind)) for field in CustomField.objects.of(record)}

    return load


class CustomFieldQuerySet(models.QuerySet):
    """Definitions by what the domain asks of them."""

    def visible_to(self, user: User) -> "CustomFieldQuerySet":
        """All of them: who sees a record sees its fields, and lists are filtered by them."""
        return self

    def of(self, record: str) -> "CustomFieldQuerySet":
        """Those of one kind of record, in their order."""
        return self.filter(record=record).order_by("position", "pk")

    def active(self) -> "CustomFieldQuerySet":
        """Without those that were archived."""
        return self.filter(archived_at=None)


@pghistory.track()
class CustomField(models.Model):
    """The definition of one field. Kind and key stay as they are made, since values and rules rest on them."""

    record = models.CharField("belongs to", max_length=12, choices=RecordKind)
    name = models.CharField(max_length=100)
    key = models.CharField(
        max_length=KEY_LENGTH, editable=False, validators=[RegexValidator("^[a-z][a-z0-9_]*$")],
        help_text="Under which values are stored.",
    )  # fmt: skip
    kind = models.CharField(max_length=8, choices=FieldKind)
    choices = ArrayField(models.CharField(max_length=CHOICE_LENGTH), default=list, blank=True)
    lane = models.CharField(max_length=10, choices=FieldLane, blank=True, help_text="Of opportunities only.")
    help_text = models.CharField("explanation", max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)
    import_batch = models.ForeignKey("leads.ImportBatch", models.SET_NULL, null=True, blank=True, related_name="+")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    objects = CustomFieldQuerySet.as_manager()

    class Meta:
        ordering = ["record", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["record", "key"], name="leads_custom_field_key"),
            models.UniqueConstraint("record", Lower("name"), name="leads_custom_field_name"),
            models.CheckConstraint(condition=Q(record__in=RecordKind.values), name="leads_custom_field_record"),
            models.CheckConstraint(condition=Q(kind__in=FieldKind.values), name="leads_custom_field_kind"),
            models.CheckConstraint(
                condition=Q(record="opportunity", lane__in=FieldLane.values) | (~Q(record="opportunity") & Q(lane="")),
                name="leads_custom_field_lane",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_archived(self) -> bool:
        """Kept with its values, but asked nowhere any more."""
        return self.archived_at is not None


def key_for(name: str, taken: set[str]) -> str:
    """A key that says what the field is, and that no other has: `Time on site (s)` gives `time_on_site_s`."""
    plain = unicodedata.normalize("NFKD", squeeze(name)).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    if not base[:1].isalpha():
        base = f"field_{base}".rstrip("_")
    base = base[: KEY_LENGTH - 4].rstrip("_")
    key, number = base, 1
    while key in taken:
        number += 1
        key = f"{base}_{number}"
    return key
