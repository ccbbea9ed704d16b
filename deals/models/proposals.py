"""What we offer the customer: versions of a proposal, their texts and their pricing lines."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext

import pghistory
import pgtrigger
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from deals.models.opportunities import OfOpportunityQuerySet, Opportunity
from people.models import User

CENT = Decimal("0.01")
MOST_LINES = 50


class ProposalState(models.TextChoices):
    """How a version stands."""

    DRAFT = "draft", "Draft"
    IN_APPROVAL = "in_approval", "In approval"
    APPROVED = "approved", "Approved"
    SENT = "sent", "Sent"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    EXPIRED = "expired", "Expired"
    REPLACED = "replaced", "Replaced"


# Still being written, and what stands with the customer: of each, a deal has one version at most.
UNSENT = (ProposalState.DRAFT, ProposalState.IN_APPROVAL, ProposalState.APPROVED)
STANDING = (ProposalState.SENT, ProposalState.ACCEPTED)

# Where each state may go. Whatever isn't here cannot happen.
NEXT: dict[str, set[str]] = {
    ProposalState.DRAFT: {ProposalState.IN_APPROVAL, ProposalState.SENT},
    ProposalState.IN_APPROVAL: {ProposalState.APPROVED, ProposalState.DRAFT},
    ProposalState.APPROVED: {ProposalState.SENT, ProposalState.DRAFT},
    ProposalState.SENT: {
        ProposalState.ACCEPTED, ProposalState.DECLINED, ProposalState.EXPIRED, ProposalState.REPLACED,
    },
    ProposalState.ACCEPTED: {ProposalState.SENT, ProposalState.REPLACED},
    ProposalState.DECLINED: {ProposalState.SENT},
    ProposalState.EXPIRED: set(),
    ProposalState.REPLACED: set(),
}  # fmt: skip

_UNSENT_SQL = "('draft', 'in_approval', 'approved')"


def _only_while(name: str, states: str, what: str) -> pgtrigger.Trigger:
    """The database's own word that a row of a proposal is written only while the proposal is in one of `states`."""
    return pgtrigger.Trigger(
        name=name, when=pgtrigger.Before, operation=pgtrigger.Insert | pgtrigger.Update,
        func=f"""
            IF (SELECT state FROM deals_proposal WHERE id = NEW.proposal_id) NOT IN {states} THEN
                RAISE EXCEPTION '{what} of a proposal that left our hands are never changed'
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        """,  # noqa: S608  our own words
    )  # fmt: skip


class ProposalQuerySet(OfOpportunityQuerySet):
    """Proposals by what the domain asks of them."""

    def unsent(self) -> "ProposalQuerySet":
        """Still being written or approved."""
        return self.filter(state__in=UNSENT)

    def overdue(self, today: datetime.date) -> "ProposalQuerySet":
        """With the customer, and no longer valid."""
        return self.filter(state=ProposalState.SENT, valid_until__lt=today)


@pghistory.track()
class Proposal(models.Model):
    """One version of what we offer on a deal. Once sent it is never changed: the next draft is a new version.

    Customer, currency and term are kept here, so that a version reads for ever as it was sent.
    """

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="proposals")
    number = models.PositiveSmallIntegerField("version of the proposal")
    state = models.CharField(max_length=11, choices=ProposalState, default=ProposalState.DRAFT)
    title = models.CharField(max_length=200)
    customer = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    term_months = models.PositiveSmallIntegerField(
        "contract term (months)", default=12, validators=[MinValueValidator(1), MaxValueValidator(120)]
    )
    valid_until = models.DateField()
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    asked_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="who asked for approval"
    )
    asked_at = models.DateTimeField("asked for approval at", null=True, blank=True)
    asked_note = models.CharField("why the discount", max_length=500, blank=True)
    decided_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="who decided on the discount"
    )
    decided_at = models.DateTimeField("decided on the discount at", null=True, blank=True)
    decision_reason = models.CharField("reason of the decision", max_length=500, blank=True)

    sent_on = models.DateField(null=True, blank=True)
    sent_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    sent_to = models.CharField(max_length=160, blank=True)
    answered_on = models.DateField(null=True, blank=True)
    answered_by = models.CharField("who answered at the customer", max_length=160, blank=True)
    answer_note = models.CharField("what they said", max_length=1000, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["opportunity", "number"], name="deals_proposal_number"),
            models.UniqueConstraint(
                fields=["opportunity"], condition=Q(state__in=UNSENT), name="deals_one_proposal_unsent"
            ),
            models.UniqueConstraint(
                fields=["opportunity"], condition=Q(state__in=STANDING), name="deals_one_proposal_standing"
            ),
            models.CheckConstraint(condition=Q(state__in=ProposalState.values), name="deals_proposal_state"),
            models.CheckConstraint(condition=Q(term_months__range=(1, 120)), name="deals_proposal_term"),
            models.CheckConstraint(
                condition=Q(state__in=UNSENT, sent_on=None)
                | (~Q(state__in=UNSENT) & Q(sent_on__isnull=False, valid_until__gte=models.F("sent_on"))),
                name="deals_proposal_sent_has_day",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("accepted", "declined")) | (Q(answered_on__isnull=False) & ~Q(answered_by="")),
                name="deals_proposal_answer_has_name",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | (Q(decided_at__isnull=False) & ~Q(decision_reason="")),
                name="deals_proposal_approved_why",
            ),
        ]
        indexes = [
            models.Index(fields=["valid_until"], condition=Q(state="sent"), name="deals_proposals_standing"),
            models.Index(fields=["asked_at"], condition=Q(state="in_approval"), name="deals_proposals_asked"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="sent_stays", when=pgtrigger.Before, operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    f"OLD.state NOT IN {_UNSENT_SQL} AND ROW(OLD.number, OLD.title, OLD.customer, OLD.currency, "
                    "OLD.term_months, OLD.valid_until) IS DISTINCT FROM ROW(NEW.number, NEW.title, NEW.customer, "
                    "NEW.currency, NEW.term_months, NEW.valid_until)"
                ),
                func="RAISE EXCEPTION 'a proposal that was sent is never changed' USING ERRCODE = 'check_violation';",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"Proposal {self.number}"

    def get_absolute_url(self) -> str:
        """The version's page."""
        return reverse("deals:proposal", args=[self.pk])

    @property
    def is_unsent(self) -> bool:
        """Still in our hands."""
        return self.state in UNSENT

    @property
    def is_draft(self) -> bool:
        """Prices and terms can be changed."""
        return self.state == ProposalState.DRAFT

    def totals(self) -> "Totals":
        """What its lines add up to."""
        return Totals.of(self.lines.all(), self.term_months)


class SectionKind(models.TextChoices):
    """The texts of a proposal, in the order in which the customer reads them."""

    NEEDS = "needs", "What you need"
    SOLUTION = "solution", "Our solution"
    APPROACH = "approach", "Why this, and how"
    TERMS = "terms", "Terms"


class ProposalSectionQuerySet(models.QuerySet):
    """Texts by what the domain asks of them."""

    def visible_to(self, user: User) -> "ProposalSectionQuerySet":
        """Those of the proposals that `user` sees."""
        return self.filter(proposal__in=Proposal.objects.visible_to(user))


@pghistory.track()
class ProposalSection(models.Model):
    """One text of a version, with a `version` of its own: AE and SE write side by side without a conflict."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="sections")
    kind = models.CharField(max_length=8, choices=SectionKind)
    text = models.TextField(max_length=8000, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = ProposalSectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["proposal", "kind"], name="deals_proposal_section_once"),
            models.CheckConstraint(condition=Q(kind__in=SectionKind.values), name="deals_proposal_section_kind"),
        ]
        triggers = [_only_while("texts_stay", _UNSENT_SQL, "Texts")]

    def __str__(self) -> str:
        return self.get_kind_display()

    @property
    def is_open(self) -> bool:
        """It can be written: terms like prices in a draft only, since they are approved; the rest until it is sent."""
        return self.proposal.is_draft if self.kind == SectionKind.TERMS else self.proposal.is_unsent


class Recurrence(models.TextChoices):
    """How often a line is paid."""

    YEARLY = "yearly", "a year"
    ONCE = "once", "once"


@pghistory.track()
class ProposalLine(models.Model):
    """One line of the price: quantity × unit price − discount, rounded half-up to the cent, once."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="lines")
    order = models.PositiveSmallIntegerField()
    description = models.CharField(max_length=200)
    quantity = models.DecimalField(
        max_digits=9, decimal_places=2, default=1,
        validators=[MinValueValidator(CENT), MaxValueValidator(Decimal(1_000_000))],
    )  # fmt: skip
    unit_price = models.DecimalField(
        max_digits=12, decimal_places=2, validators=[MinValueValidator(0), MaxValueValidator(Decimal("999999999.99"))]
    )
    discount = models.DecimalField(
        "discount (%)", max_digits=5, decimal_places=2, default=0,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )  # fmt: skip
    recurrence = models.CharField("paid", max_length=6, choices=Recurrence, default=Recurrence.YEARLY)

    class Meta:
        ordering = ["order"]
        constraints = [
            models.UniqueConstraint(fields=["proposal", "order"], name="deals_proposal_line_order"),
            models.CheckConstraint(condition=Q(quantity__gt=0, quantity__lte=1_000_000), name="deals_line_quantity"),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="deals_line_price"),
            models.CheckConstraint(condition=Q(discount__range=(0, 100)), name="deals_line_discount"),
            models.CheckConstraint(condition=Q(recurrence__in=Recurrence.values), name="deals_line_recurrence"),
            models.CheckConstraint(condition=~Q(description=""), name="deals_line_description"),
        ]
        triggers = [_only_while("prices_stay", "('draft')", "Prices")]

    def __str__(self) -> str:
        return self.description

    @property
    def list_total(self) -> Decimal:
        """Quantity × unit price, before any discount."""
        return half_up(self.quantity * self.unit_price)

    @property
    def total(self) -> Decimal:
        """What the customer pays for the line."""
        with localcontext(prec=50):
            return half_up(self.quantity * self.unit_price * (100 - self.discount) / 100)


@pghistory.track()
class ProposalWork(models.Model):
    """One item of a version's statement of work: custom work as the requirement said it when it was carried over."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="work")
    order = models.PositiveSmallIntegerField()
    requirement = models.ForeignKey(
        "deals.Requirement", models.SET_NULL, null=True, blank=True, related_name="proposal_work"
    )
    title = models.CharField(max_length=500)
    what = models.CharField("what is built", max_length=2000, blank=True)
    days = models.DecimalField("days of work", max_digits=5, decimal_places=1, null=True, blank=True)

    class Meta:
        ordering = ["order"]
        constraints = [models.UniqueConstraint(fields=["proposal", "order"], name="deals_proposal_work_order")]
        triggers = [
            pgtrigger.Trigger(
                name="work_stays", when=pgtrigger.Before, operation=pgtrigger.Insert | pgtrigger.Update,
                func=f"""
                    IF (SELECT state FROM deals_proposal WHERE id = NEW.proposal_id) NOT IN {_UNSENT_SQL}
                       AND (TG_OP = 'INSERT' OR ROW(OLD.title, OLD.what, OLD.days, OLD."order")
                            IS DISTINCT FROM ROW(NEW.title, NEW.what, NEW.days, NEW."order")) THEN
                        RAISE EXCEPTION 'the work in a proposal that left our hands is never changed'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,  # noqa: S608  our own words
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        days = f" ({self.days.normalize():f} day{'' if self.days == 1 else 's'})" if self.days is not None else ""
        return f"{self.title}{f': {self.what}' if self.what else ''}{days}"


def half_up(amount: Decimal) -> Decimal:
    """`amount` in whole cents, half a cent up."""
    with localcontext(prec=50):
        return amount.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True)
class Totals:
    """What lines add up to: sums of amounts that are whole cents already, so that they are exact."""

    yearly: Decimal
    yearly_list: Decimal
    once: Decimal
    once_list: Decimal
    term_months: int
    highest_discount: Decimal

    @classmethod
    def of(cls, lines: Iterable[ProposalLine], term_months: int) -> "Totals":
        """The totals of `lines` over a contract of so many months."""
        lines = list(lines)
        yearly = [line for line in lines if line.recurrence == Recurrence.YEARLY]
        once = [line for line in lines if line.recurrence == Recurrence.ONCE]
        zero = Decimal("0.00")
        return cls(
            yearly=sum((line.total for line in yearly), zero),
            yearly_list=sum((line.list_total for line in yearly), zero),
            once=sum((line.total for line in once), zero),
            once_list=sum((line.list_total for line in once), zero),
            term_months=term_months,
            highest_discount=max((line.discount for line in lines), default=zero),
        )

    @property
    def first_year_list(self) -> Decimal:
        """What a first year would cost without any discount."""
        return self.yearly_list + self.once_list

    @property
    def discount(self) -> Decimal:
        """What the discounts take off a first year."""
        return self.first_year_list - self.yearly - self.once

    @property
    def contract(self) -> Decimal:
        """The whole contract: a year's price over the term, half-up to the cent, and what is paid once."""
        return half_up(self.yearly * self.term_months / 12) + self.once
