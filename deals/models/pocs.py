"""Proofs of concept: what is tried, by what it is measured, and who does what until when."""

import datetime
from decimal import Decimal

import pghistory
import pgtrigger
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from deals.models.closing_steps import Side
from deals.models.opportunities import OfOpportunityQuerySet, Opportunity
from deals.models.requirements import Requirement
from deals.models.stakeholders import Stakeholder
from people.models import User

USUAL_LENGTH = datetime.timedelta(days=30)
MOST_CRITERIA, MOST_STEPS = 30, 60
"""Of one POC. A POC with more criteria is a project."""


class PocState(models.TextChoices):
    """How far a POC has come."""

    PROPOSED = "proposed", "Proposed"
    AGREED = "agreed", "Agreed"
    RUNNING = "running", "Running"
    PASSED = "passed", "Passed"
    FAILED = "failed", "Failed"
    ABANDONED = "abandoned", "Abandoned"


UNFINISHED = (PocState.PROPOSED, PocState.AGREED, PocState.RUNNING)
DECIDED = (PocState.PASSED, PocState.FAILED)
_FINISHED_SQL = "('passed', 'failed', 'abandoned')"


@pghistory.track()
class Poc(models.Model):
    """One proof of concept of a deal. What the customer has agreed to is locked until it is agreed anew.

    Whether title, scope, days and criteria hold is told by `agreed_on`, beside the state: a running POC whose plan is
    changed goes on running, with an agreement that is still to come.
    """

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="pocs")
    number = models.PositiveSmallIntegerField("number of the POC")
    state = models.CharField(max_length=9, choices=PocState, default=PocState.PROPOSED)
    title = models.CharField(max_length=160)
    scope = models.TextField(max_length=4000, blank=True)
    owner = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="who runs it")
    starts_on = models.DateField("first day")
    ends_on = models.DateField("last day")
    days_planned = models.DecimalField(
        "effort planned (days)", max_digits=4, decimal_places=1, null=True, blank=True,
        validators=[MinValueValidator(Decimal("0.5")), MaxValueValidator(Decimal(365))],
    )  # fmt: skip
    days_spent = models.DecimalField(
        "effort spent (days)", max_digits=4, decimal_places=1, default=0,
        validators=[MinValueValidator(0), MaxValueValidator(Decimal(365))],
    )  # fmt: skip

    agreed_on = models.DateField(null=True, blank=True)
    agreed_by = models.ForeignKey(
        Stakeholder, models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name="who agreed at the customer",
    )  # fmt: skip
    agreed_name = models.CharField("name of who agreed", max_length=160, blank=True)
    agreed_how = models.CharField("how we know that they agreed", max_length=500, blank=True)
    agreements = models.PositiveSmallIntegerField("times it was agreed", default=0)
    change_reason = models.CharField("why the plan was changed", max_length=500, blank=True)

    started_on = models.DateField(null=True, blank=True)
    unagreed_reason = models.CharField("why it started before the agreement", max_length=500, blank=True)
    unagreed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="who let it start"
    )
    ended_on = models.DateField(null=True, blank=True)
    outcome_note = models.CharField("what came of it", max_length=2000, blank=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    objects = OfOpportunityQuerySet.as_manager()

    class Meta:
        verbose_name = "POC"
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["opportunity", "number"], name="deals_poc_number"),
            models.UniqueConstraint(
                fields=["opportunity"], condition=Q(state__in=UNFINISHED), name="deals_one_poc_unfinished"
            ),
            models.CheckConstraint(condition=Q(state__in=PocState.values), name="deals_poc_state"),
            models.CheckConstraint(condition=~Q(title=""), name="deals_poc_has_title"),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="deals_poc_ends_after_start"),
            models.CheckConstraint(
                condition=(Q(days_planned=None) | Q(days_planned__range=(0, 365))) & Q(days_spent__range=(0, 365)),
                name="deals_poc_effort",
            ),
            models.CheckConstraint(
                condition=Q(agreed_on=None) | ~Q(agreed_name=""), name="deals_poc_agreed_by_somebody"
            ),
            models.CheckConstraint(
                condition=~Q(state="proposed", agreed_on__isnull=False) & ~Q(state="agreed", agreed_on=None),
                name="deals_poc_agreed_has_day",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["proposed", "agreed"]) | Q(started_on=None), name="deals_poc_not_started"
            ),
            models.CheckConstraint(
                condition=~Q(state="running")
                | (
                    Q(started_on__isnull=False)
                    & (Q(agreed_on__isnull=False) | ~Q(unagreed_reason="") | ~Q(change_reason=""))
                ),
                name="deals_poc_starts_agreed",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=DECIDED) | Q(started_on__isnull=False, agreed_on__isnull=False),
                name="deals_poc_decided_as_agreed",
            ),
            models.CheckConstraint(
                condition=Q(state__in=UNFINISHED, ended_on=None)
                | (~Q(state__in=UNFINISHED) & Q(ended_on__isnull=False)),
                name="deals_poc_end_has_day",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["failed", "abandoned"]) | ~Q(outcome_note=""), name="deals_poc_end_says_why"
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "ends_on"], condition=Q(state__in=UNFINISHED), name="deals_pocs_unfinished"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="agreed_stays", when=pgtrigger.Before, operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "ROW(OLD.title, OLD.scope, OLD.starts_on, OLD.ends_on) IS DISTINCT FROM "
                    "ROW(NEW.title, NEW.scope, NEW.starts_on, NEW.ends_on) AND "
                    "((OLD.agreed_on IS NOT NULL AND NEW.agreed_on IS NOT NULL) OR "
                    f"(OLD.state IN {_FINISHED_SQL} AND NEW.state IN {_FINISHED_SQL}))"
                ),
                func="RAISE EXCEPTION 'what the customer agreed to is changed by a new agreement alone' "
                "USING ERRCODE = 'check_violation';",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"POC {self.number}"

    def get_absolute_url(self) -> str:
        """The POC's page."""
        return reverse("deals:poc", args=[self.pk])

    @property
    def is_finished(self) -> bool:
        """Passed, failed or abandoned."""
        return self.state not in UNFINISHED

    @property
    def is_running(self) -> bool:
        """It has begun and nobody has decided."""
        return self.state == PocState.RUNNING

    @property
    def is_open(self) -> bool:
        """Scope, days and criteria can be written: the customer has not agreed to them, and it is not over."""
        return self.agreed_on is None and not self.is_finished

    @property
    def in_time(self) -> str:
        """How it stands against its days, in words; nothing where there is nothing to say."""
        today = timezone.localdate()
        if self.state == PocState.RUNNING and self.ends_on < today:
            return f"{_days((today - self.ends_on).days)} overdue"
        if self.state in UNFINISHED[:2] and self.starts_on < today:
            return f"should have started {_days((today - self.starts_on).days)} ago"
        if self.state == PocState.RUNNING:
            left = (self.ends_on - today).days
            return f"{_days(left)} left" if left else "ends today"
        return ""

    @property
    def is_late(self) -> bool:
        """Running beyond its last day, or not begun on its first."""
        today = timezone.localdate()
        if self.state == PocState.RUNNING:
            return self.ends_on < today
        return self.state in UNFINISHED and self.starts_on < today


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


class OfPocQuerySet(models.QuerySet):
    """What belongs to a POC."""

    def visible_to(self, user: User) -> "OfPocQuerySet":
        """Those of the POCs that `user` sees."""
        return self.filter(poc__in=Poc.objects.visible_to(user))


@pghistory.track()
class PocCriterion(models.Model):
    """One thing that has to hold: how it is measured, what is wanted, what came out. Its words are part of what is
    agreed; the result is written while the POC runs.

    The evidence is ours alone unless it is marked as shared with the customer.
    """

    poc = models.ForeignKey(Poc, models.CASCADE, related_name="criteria")
    order = models.PositiveSmallIntegerField(default=0)
    text = models.CharField("what has to hold", max_length=300)
    measure = models.CharField("how it is measured", max_length=300)
    target = models.CharField(max_length=200)
    result = models.CharField(max_length=300, blank=True)
    met = models.BooleanField(null=True, blank=True)
    evidence = models.CharField(max_length=2000, blank=True)
    evidence_on = models.DateField("seen on", null=True, blank=True)
    evidence_by = models.CharField("who saw it", max_length=160, blank=True)
    evidence_shared = models.BooleanField("the customer may read the evidence", default=False)
    requirements = models.ManyToManyField(Requirement, through="CriterionRequirement", related_name="poc_criteria")
    version = models.PositiveIntegerField(default=1)

    objects = OfPocQuerySet.as_manager()

    class Meta:
        verbose_name = "success criterion"
        verbose_name_plural = "success criteria"
        ordering = ["poc", "order", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(text="") & ~Q(measure="") & ~Q(target=""), name="deals_poc_criterion_says_all"
            ),
            models.CheckConstraint(condition=Q(met=None) | ~Q(result=""), name="deals_poc_criterion_met_by_result"),
            models.CheckConstraint(
                condition=Q(evidence="") | Q(evidence_on__isnull=False), name="deals_poc_evidence_has_day"
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="agreed_stays", when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                declare=[("locked", "boolean"), ("finished", "boolean")],
                func=f"""
                    SELECT agreed_on IS NOT NULL OR state IN {_FINISHED_SQL}, state IN {_FINISHED_SQL}
                      INTO locked, finished FROM deals_poc
                     WHERE id = CASE WHEN TG_OP = 'INSERT' THEN NEW.poc_id ELSE OLD.poc_id END;
                    IF locked AND (TG_OP <> 'UPDATE' OR ROW(OLD.poc_id, OLD.text, OLD.measure, OLD.target)
                                   IS DISTINCT FROM ROW(NEW.poc_id, NEW.text, NEW.measure, NEW.target)) THEN
                        RAISE EXCEPTION 'criteria that the customer agreed to are changed by a new agreement alone'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    IF finished AND ROW(OLD.result, OLD.met) IS DISTINCT FROM ROW(NEW.result, NEW.met) THEN
                        RAISE EXCEPTION 'the results of a finished POC are never changed'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                    RETURN NEW;
                """,  # noqa: S608  our own words
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.text


class OfCriterionQuerySet(models.QuerySet):
    """What belongs to a criterion."""

    def visible_to(self, user: User) -> "OfCriterionQuerySet":
        """Those of the criteria that `user` sees."""
        return self.filter(criterion__in=PocCriterion.objects.visible_to(user))


@pghistory.track()
class CriterionRequirement(models.Model):
    """That a criterion puts a requirement to the proof."""

    criterion = models.ForeignKey(PocCriterion, models.CASCADE, related_name="proofs")
    requirement = models.ForeignKey(Requirement, models.CASCADE, related_name="proofs")

    objects = OfCriterionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["criterion", "requirement"], name="deals_proof_once")]

    def __str__(self) -> str:
        return f"{self.criterion}: {self.requirement}"


class PocStepQuerySet(OfPocQuerySet):
    """Steps by what the domain asks of them."""

    def in_order(self) -> "PocStepQuerySet":
        """As they are to be done: by day, those without one last."""
        return self.order_by(F("due_on").asc(nulls_last=True), "pk")


@pghistory.track()
class PocStep(models.Model):
    """One step of the mutual plan: what, who, until when. The plan lives on while the POC runs."""

    poc = models.ForeignKey(Poc, models.CASCADE, related_name="steps")
    text = models.CharField("what is done", max_length=200)
    side = models.CharField("whose turn", max_length=6, choices=Side, default=Side.OURS)
    who = models.CharField("who does it", max_length=160, blank=True)
    due_on = models.DateField("until", null=True, blank=True)
    done_on = models.DateField("done", null=True, blank=True)
    is_internal = models.BooleanField("only for us", default=False)
    version = models.PositiveIntegerField(default=1)

    objects = PocStepQuerySet.as_manager()

    class Meta:
        verbose_name = "step"
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="deals_poc_step_says_something"),
            models.CheckConstraint(condition=Q(side__in=Side.values), name="deals_poc_step_side"),
            models.CheckConstraint(condition=Q(is_internal=False) | Q(side="ours"), name="deals_poc_step_internal"),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def is_late(self) -> bool:
        """Not done, and its day is over."""
        return self.done_on is None and self.due_on is not None and self.due_on < timezone.localdate()


@pghistory.track()
class PocWaiver(models.Model):
    """The customer wants no POC: who said so, when and why."""

    opportunity = models.OneToOneField(Opportunity, models.CASCADE, related_name="poc_waiver")
    waived_by = models.ForeignKey(
        Stakeholder, models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name="who waived it at the customer",
    )  # fmt: skip
    waived_name = models.CharField("name of who waived it", max_length=160)
    waived_on = models.DateField()
    reason = models.CharField("why", max_length=1000)
    recorded_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    recorded_at = models.DateTimeField(default=timezone.now)

    objects = OfOpportunityQuerySet.as_manager()

    class Meta:
        verbose_name = "waived POC"
        constraints = [
            models.CheckConstraint(condition=~Q(waived_name="") & ~Q(reason=""), name="deals_poc_waiver_says_who"),
        ]

    def __str__(self) -> str:
        return f"POC waived by {self.waived_name}"
