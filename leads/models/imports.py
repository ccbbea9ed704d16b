"""An import: one file, one mapping, one batch that can be undone as a whole."""

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from people.models import Role, User


class ImportBatchQuerySet(models.QuerySet):
    """Imports by what the domain asks of them."""

    def visible_to(self, user: User) -> "ImportBatchQuerySet":
        """The own imports; an admin sees all."""
        return self if user.role == Role.ADMIN else self.filter(created_by=user)


@pghistory.track(fields=["state", "created_by", "undone_at"])
class ImportBatch(models.Model):
    """One upload and what became of it."""

    class State(models.TextChoices):
        """Where the import stands."""

        UPLOADED = "uploaded", "Uploaded"
        CHECKING = "checking", "Checking"
        READY = "ready", "Ready to import"
        RUNNING = "running", "Running"
        DONE = "done", "Imported"
        FAILED = "failed", "Failed"
        UNDOING = "undoing", "Being undone"
        UNDONE = "undone", "Undone"

    target = models.CharField(max_length=30, help_text="A name of leads.imports.targets, e.g. leads.")
    filename = models.CharField(max_length=255)
    file = models.FileField(upload_to="imports/", max_length=255)
    digest = models.CharField(max_length=64, db_index=True, help_text="SHA-256 of the file.")
    reading = models.JSONField(default=dict, help_text="Encoding, delimiter, sheet, header line as detected or chosen.")
    columns = ArrayField(models.CharField(max_length=200), default=list)
    mapping = models.JSONField(default=dict, help_text="Column name to field name.")
    options = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.UPLOADED)
    message = models.CharField(max_length=500, blank=True)
    rows_total = models.PositiveIntegerField(default=0)
    rows_done = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="imports")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.filename


class ImportProblem(models.Model):
    """One thing wrong in one row of a file."""

    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="problems")
    line = models.PositiveIntegerField()
    column = models.CharField(max_length=200, blank=True)
    value = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=300)

    class Meta:
        ordering = ["batch", "line", "pk"]

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class ImportMappingQuerySet(models.QuerySet):
    """Saved mappings by what the domain asks of them."""

    def visible_to(self, user: User) -> "ImportMappingQuerySet":
        """The own saved mappings."""
        return self.filter(created_by=user)


class ImportMapping(models.Model):
    """A column mapping saved for the next file of the same kind."""

    name = models.CharField(max_length=80)
    target = models.CharField(max_length=30)
    mapping = models.JSONField(default=dict)
    created_by = models.ForeignKey(User, models.CASCADE, related_name="import_mappings")

    objects = ImportMappingQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["created_by", "target", "name"], name="leads_import_mapping_name")
        ]

    def __str__(self) -> str:
        return self.name
