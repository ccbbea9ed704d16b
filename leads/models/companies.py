"""The companies we sell to."""

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from leads.domains import domain_of
from leads.models.custom_fields import custom_column, custom_history
from leads.search import Words
from leads.visibility import companies_visible_to
from people.models import User
from presales.text import key


class CompanyQuerySet(models.QuerySet):
    """Companies by what the domain asks of them."""

    def visible_to(self, user: User) -> "CompanyQuerySet":
        """Companies of which `user` sees a lead or an opportunity, or that `user` entered."""
        return companies_visible_to(self, user)


@pghistory.track(exclude=["name_key", "search"])
class Company(models.Model):
    """An organisation. `name_key` is the name as duplicates are compared by."""

    name = models.CharField(max_length=200)
    name_key = models.CharField(max_length=200, editable=False, db_index=True)
    domain = models.CharField(max_length=253, blank=True, db_index=True, help_text="acme.example")
    industry = models.CharField(max_length=80, blank=True)
    employees = models.PositiveIntegerField(null=True, blank=True)
    annual_revenue = models.DecimalField(
        max_digits=16, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)],
        help_text=f"In {settings.COMPANY_CURRENCY}.",
    )  # fmt: skip
    country = models.CharField(max_length=80, blank=True)
    region = models.CharField(max_length=60, blank=True)
    technologies = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    custom = custom_column()
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="subsidiaries")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    import_batch = models.ForeignKey("leads.ImportBatch", models.SET_NULL, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=1)
    search = models.GeneratedField(
        expression=Words("name", "domain"), output_field=SearchVectorField(), db_persist=True, editable=False
    )

    objects = CompanyQuerySet.as_manager()

    HISTORY_PARTS = {"custom": custom_history("company")}

    class Meta:
        verbose_name_plural = "companies"
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(annual_revenue=None) | Q(annual_revenue__gte=0), name="leads_company_revenue"
            ),
        ]
        indexes = [
            GinIndex(fields=["technologies"], name="leads_company_technologies"),
            GinIndex(fields=["search"], name="leads_company_search"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        """Keep `name_key` in step with the name, and the domain in its plain form."""
        self.name_key = key(self.name)[:200]  # folding can lengthen a name
        self.domain = domain_of(self.domain)
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        """The company's page."""
        return reverse("leads:company", args=[self.pk])
