"""Opportunities: deals that AE and SE work together."""

from decimal import ROUND_HALF_UP, Decimal

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone

from deals.models.stages import Outcome, Pipeline, Stage
from deals.visibility import opportunities_offered_to, opportunities_visible_to
from leads.models import Company, Lead, Source
from leads.models.custom_fields import custom_column, custom_history
from leads.search import Words
from people.models import Team, User
from presales import validity
from presales.sql import Template
from qualification.models import Dossier


class OpportunityType(models.TextChoices):
    """What kind of business it is."""

    NEW = "new", "New business"
    EXPANSION = "expansion", "Expansion"
    RENEWAL = "renewal", "Renewal"


class ForecastCategory(models.TextChoices):
    """How the AE counts the deal in the forecast."""

    PIPELINE = "pipeline", "Pipeline"
    BEST_CASE = "best_case", "Best case"
    COMMIT = "commit", "Commit"
    OMITTED = "omitted", "Omitted"


class LostReason(models.TextChoices):
    """Why a deal was lost."""

    PRICE = "price", "Price"
    COMPETITOR = "competitor", "Lost to a competitor"
    NO_DECISION = "no_decision", "No decision"
    NO_BUDGET = "no_budget", "Budget gone"
    PRODUCT_GAP = "product_gap", "Product gap"
    TIMING = "timing", "Timing"
    RELATIONSHIP = "relationship", "No champion"
    UNKNOWN = "unknown", "Not recorded"


class NoGoReason(models.TextChoices):
    """Why the SE or a manager called a technical no-go."""

    GAP = "gap", "A gap that breaks the deal"
    NO_PAIN = "no_pain", "No technical pain"
    NO_ACCESS = "no_access", "No access to technical people"
    ENVIRONMENT = "environment", "Environment not supported"
    SECURITY = "security", "Security or compliance out of reach"
    EFFORT = "effort", "Effort out of proportion"


class OpportunityQuerySet(models.QuerySet):
    """Opportunities by what the domain asks of them."""

    def visible_to(self, user: User) -> "OpportunityQuerySet":
        """The opportunities `user` may know of; see deals/visibility.py."""
        return opportunities_visible_to(self, user)

    def offered_to(self, user: User) -> "OpportunityQuerySet":
        """The opportunities whose place in the queue `user` may ask about; see deals/visibility.py."""
        return opportunities_offered_to(self, user)

    def open(self) -> "OpportunityQuerySet":
        """Not closed yet."""
        return self.filter(outcome=Outcome.OPEN)

    def with_probability(self) -> "OpportunityQuerySet":
        """Adds `probability` in percent: the AE's claim, else the stage's default."""
        return self.annotate(probability=Coalesce("claimed_probability", "stage__probability"))

    def with_overrides(self) -> "OpportunityQuerySet":
        """Adds `overrides_count`: how often a manager let the deal past a gate."""
        counted = "(SELECT count(*) FROM deals_override WHERE deals_override.opportunity_id = {0})"
        return self.annotate(overrides_count=Template(counted, F("pk"), output_field=models.IntegerField()))

    def with_tcv(self) -> "OpportunityQuerySet":
        """Adds `total_value`, what `Opportunity.tcv` says, for the database to add up and sort by."""
        exact = F("amount") * F("term_months") / Value(Decimal(12)) + F("one_off")
        money = models.DecimalField(max_digits=16, decimal_places=2)
        return self.annotate(total_value=Func(exact, 2, function="ROUND", output_field=money))


class OfOpportunityQuerySet(models.QuerySet):
    """What belongs to an opportunity: whoever sees the opportunity sees it."""

    def visible_to(self, user: User) -> "OfOpportunityQuerySet":
        """Those of the opportunities that `user` sees."""
        return self.filter(opportunity__in=Opportunity.objects.visible_to(user))


# What is excluded follows from the rest of the history; of activity FormerActivity keeps the moments.
@validity.track(
    exclude=["last_activity_at", "close_date_pushes"],
    indexes=[models.Index(fields=["currency"], name="deals_event_by_currency")],
    story=["stage", "close_date", "se"],
)
class Opportunity(models.Model):
    """A deal. `outcome` repeats the stage's, so that the database can hold what closing demands."""

    name = models.CharField(max_length=200)
    company = models.ForeignKey(Company, models.PROTECT, null=True, blank=True, related_name="opportunities")
    lead = models.OneToOneField(Lead, models.PROTECT, null=True, blank=True, related_name="opportunity")
    dossier = models.OneToOneField(Dossier, models.PROTECT, related_name="opportunity")
    type = models.CharField(max_length=10, choices=OpportunityType, default=OpportunityType.NEW)
    source = models.CharField(max_length=20, choices=Source, default=Source.OTHER)
    product = models.CharField(max_length=120, blank=True)
    pipeline = models.ForeignKey(Pipeline, models.PROTECT, related_name="opportunities")
    stage = models.ForeignKey(Stage, models.PROTECT, related_name="opportunities", db_index=False)
    outcome = models.CharField(max_length=6, choices=Outcome, default=Outcome.OPEN)
    stage_since = models.DateTimeField(default=timezone.now)

    owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="opportunities")
    owner_name = models.CharField(max_length=160, blank=True)
    se = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="claimed_opportunities", verbose_name="SE",
        help_text="Set by the claim alone.",
    )  # fmt: skip
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="opportunities", db_index=False)
    needed_skills = models.CharField(max_length=300, blank=True, help_text="Comma-separated; matched with SEs' skills.")

    amount = models.DecimalField(
        "amount (ACV)", max_digits=14, decimal_places=2, default=0, validators=[MinValueValidator(0)]
    )
    currency = models.CharField(max_length=3, default=settings.COMPANY_CURRENCY)
    term_months = models.PositiveSmallIntegerField(
        "contract term (months)", default=12, db_default=12, validators=[MinValueValidator(1), MaxValueValidator(120)]
    )
    one_off = models.DecimalField(
        "one-off fees", max_digits=14, decimal_places=2, default=0, db_default=0, validators=[MinValueValidator(0)]
    )
    claimed_probability = models.PositiveSmallIntegerField(
        "claimed probability (%)", null=True, blank=True, validators=[MaxValueValidator(100)],
        help_text="Empty means the stage's default.",
    )  # fmt: skip
    forecast_category = models.CharField(max_length=10, choices=ForecastCategory, default=ForecastCategory.PIPELINE)
    close_date = models.DateField(null=True, blank=True, help_text="Expected; the customer's day, not a time.")
    close_date_pushes = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False, help_text="How often the close date was moved to a later day."
    )
    compelling_event = models.CharField(max_length=200, blank=True)
    compelling_event_on = models.DateField(null=True, blank=True)
    next_step = models.CharField(max_length=200, blank=True)
    next_step_on = models.DateField(null=True, blank=True)
    next_step_owner = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)

    custom = custom_column()
    created_at = models.DateTimeField(default=timezone.now)
    last_activity_at = models.DateTimeField(default=timezone.now)
    closed_on = models.DateField(null=True, blank=True, help_text="Signed, lost or called off on this day.")
    lost_reason = models.CharField(max_length=20, choices=LostReason, blank=True)
    lost_to = models.CharField("competitor", max_length=120, blank=True)
    no_go_reason = models.CharField(max_length=20, choices=NoGoReason, blank=True)
    import_batch = models.ForeignKey("leads.ImportBatch", models.SET_NULL, null=True, blank=True, related_name="+")
    external_source = models.CharField(max_length=60, blank=True)
    external_id = models.CharField(max_length=120, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = OpportunityQuerySet.as_manager()

    HISTORY_PARTS = {"custom": custom_history("opportunity")}

    class Meta:
        verbose_name_plural = "opportunities"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="deals_opportunity_outcome"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="deals_opportunity_amount"),
            models.CheckConstraint(condition=Q(one_off__gte=0), name="deals_opportunity_one_off"),
            models.CheckConstraint(
                condition=Q(term_months__gte=1, term_months__lte=120), name="deals_opportunity_term"
            ),
            models.CheckConstraint(
                condition=Q(claimed_probability=None) | Q(claimed_probability__lte=100),
                name="deals_opportunity_probability",
            ),
            models.CheckConstraint(
                condition=Q(outcome="open", closed_on=None) | (~Q(outcome="open") & Q(closed_on__isnull=False)),
                name="deals_closed_has_day",
            ),
            models.CheckConstraint(condition=~Q(outcome="lost") | ~Q(lost_reason=""), name="deals_lost_has_reason"),
            models.CheckConstraint(condition=~Q(outcome="no_go") | ~Q(no_go_reason=""), name="deals_no_go_has_reason"),
            models.UniqueConstraint(
                fields=["external_source", "external_id"], condition=~Q(external_id=""), name="deals_external_id_once"
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="deals_by_age"),
            GinIndex(Words("name"), name="deals_search"),
            models.Index(fields=["team", "outcome", "stage", "-created_at", "-id"], name="deals_by_team_stage"),
            models.Index(fields=["owner", "outcome", "-created_at", "-id"], name="deals_by_owner"),
            models.Index(fields=["stage", "-created_at", "-id"], name="deals_by_stage"),
            models.Index(
                fields=["team", "outcome", "stage"], include=["amount", "currency", "closed_on"], name="deals_board"
            ),
            models.Index(fields=["-amount", "-id"], condition=Q(outcome="open"), name="deals_open_by_amount"),
            # With the SE, so that the planner who takes it for an SE's own deals reads no others.
            models.Index(fields=["currency"], name="deals_by_currency"),
            models.Index(fields=["currency", "se"], condition=Q(outcome="open"), name="deals_open_by_currency"),
            models.Index(fields=["se"], include=["stage"], condition=Q(outcome="open"), name="deals_held"),
            models.Index(fields=["closed_on"], condition=~Q(outcome="open"), name="deals_by_closing"),
            models.Index(Lower("lost_to"), condition=~Q(lost_to=""), name="deals_by_lost_to"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="keeps_activity", when=pgtrigger.After, operation=pgtrigger.UpdateOf("last_activity_at"),
                condition=pgtrigger.Condition("OLD.last_activity_at IS DISTINCT FROM NEW.last_activity_at"),
                func="INSERT INTO deals_formeractivity (opportunity_id, at) VALUES (NEW.id, OLD.last_activity_at); "
                "RETURN NULL;",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The opportunity's page."""
        from django.urls import reverse

        return reverse("deals:opportunity", args=[self.pk])

    @property
    def tcv(self) -> Decimal:
        """Total contract value: a year's amount over the whole term, and the one-off fees; half-up to cents."""
        exact = self.amount * self.term_months / 12 + self.one_off
        return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)

    @property
    def arr(self) -> Decimal:
        """Annual recurring revenue: the amount a year, which every contract renews; one-off fees never recur."""
        return self.amount

    @property
    def pushed(self) -> str:
        """How often the close date was pushed, in words; nothing where it never was."""
        times = self.close_date_pushes
        return {0: "", 1: "pushed once", 2: "pushed twice"}.get(times, f"pushed {times} times")

    @property
    def is_open(self) -> bool:
        """Not closed yet."""
        return self.outcome == Outcome.OPEN
