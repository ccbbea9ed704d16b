"""Who took which list out of the house, and how many rows of it."""

from django.db import models
from django.utils import timezone

from people.models.users import Role, User


class ExportQuerySet(models.QuerySet):
    """Exports by what the domain asks of them."""

    def visible_to(self, user: User) -> "ExportQuerySet":
        """The own exports; an admin sees all."""
        return self if user.role == Role.ADMIN else self.filter(user=user)


class Export(models.Model):
    """One download of a list. The row is written before the first line is sent; `rows` once it has ended."""

    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="exports")
    what = models.CharField(max_length=60, help_text="The list, e.g. leads.")
    filters = models.CharField(max_length=500, blank=True, help_text="The address' query string.")
    rows = models.PositiveIntegerField(null=True, help_text="Empty while it runs.")
    started_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.what}, {self.rows if self.rows is not None else '…'} rows"
