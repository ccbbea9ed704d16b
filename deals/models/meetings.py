"""Meetings with a customer: what for, who comes, who does what, and how well they are prepared and remembered."""

import datetime

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Lower
from django.utils import timezone

from deals.models.opportunities import Opportunity
from deals.models.stakeholders import Stakeholder
from leads.models import Lead
from people.models import User
from presales.sql import Template

AMBUSH_WINDOW = datetime.timedelta(hours=24)
"""How long before the start agenda and attendees have to be confirmed."""
DEBRIEF_WINDOW = datetime.timedelta(days=14)
"""How long after a meeting a debrief is asked for; later nobody remembers."""
HUDDLE_POINTS = 5

Subject = Opportunity | Lead
"""What a meeting is about: a deal, or a lead that is none yet."""


def pair_of(subject: Subject) -> tuple[int | None, int | None]:
    """The keys of AE and SE; a lead has no SE yet."""
    return subject.owner_id, None if isinstance(subject, Lead) else subject.se_id


class MeetingKind(models.TextChoices):
    """What kind of meeting it is."""

    DISCOVERY = "discovery", "Discovery call"
    TECHNICAL = "technical", "Technical discovery"
    DEMO = "demo", "Demo"
    POC_REVIEW = "poc_review", "POC review"
    ARCHITECTURE = "architecture", "Architecture review"
    NEGOTIATION = "negotiation", "Negotiation"
    EXECUTIVE = "executive", "Executive meeting"


class MeetingQuerySet(models.QuerySet):
    """Meetings by what the domain asks of them."""

    def visible_to(self, user: User) -> "MeetingQuerySet":
        """Those of the deals and leads that `user` sees, and of leads those that `user` is to attend."""
        # Asked meeting by meeting: they are few, and the deals and leads that somebody sees may be very many.
        on_deal = Exists(Opportunity.objects.visible_to(user).filter(pk=OuterRef("opportunity")))
        on_lead = Exists(Lead.objects.visible_to(user).filter(pk=OuterRef("lead")))
        invited = Exists(Attendee.objects.filter(meeting=OuterRef("pk"), user=user))
        return self.filter(on_deal | on_lead | (Q(opportunity=None) & Q(invited)))

    def with_subject(self) -> "MeetingQuerySet":
        """Reads along the deal, or the lead with its company."""
        return self.select_related("opportunity", "lead__company").defer("lead__search")

    def taking_place(self) -> "MeetingQuerySet":
        """Not cancelled."""
        return self.filter(cancelled_at=None)

    def of_person(self, user: User) -> "MeetingQuerySet":
        """Those of the deals that `user` owns or has claimed, of the own leads, and those that `user` attends."""
        attended = Attendee.objects.filter(meeting=OuterRef("pk"), user=user)
        own = Q(opportunity__owner=user) | Q(opportunity__se=user) | Q(lead__owner=user)
        return self.filter(own | Exists(attended))

    def ended(self, now: datetime.datetime) -> "MeetingQuerySet":
        """Over by `now`, and not cancelled."""
        return self.taking_place().filter(ends_at__lte=now)

    def with_state(self, now: datetime.datetime) -> "MeetingQuerySet":
        """Adds `theirs`, `unconfirmed` (attendees), `ticked` (huddle), `ambush`, `ae_debrief`, `se_debrief`, `no_se`.

        `no_se` is true of a lead's meeting to which no SE comes: then one debrief is all.
        """
        return self.annotate(
            theirs=_count("deals_attendee", "user_id IS NULL"),
            unconfirmed=_count("deals_attendee", "NOT is_confirmed"),
            ticked=_count("deals_huddlepoint"),
            ae_debrief=_debriefed("ae"),
            se_debrief=_debriefed("se"),
            no_se=Template(f"NOT {SE_WANTED}", F("pk"), F("opportunity_id"), output_field=models.BooleanField()),
        ).annotate(ambush=_ambush(now))

    def at_ambush_risk(self, now: datetime.datetime) -> "MeetingQuerySet":
        """About to begin, while the agenda or who comes is not confirmed."""
        return self.with_state(now).filter(ambush=True)

    def debrief_owed_by(self, user: User, now: datetime.datetime) -> "MeetingQuerySet":
        """Over since a short time, and `user` has not written down what was learned."""
        debriefs = self.model._meta.get_field("debriefs").related_model
        own = debriefs.objects.filter(meeting=OuterRef("pk"), author=user)
        return self.ended(now).filter(ends_at__gt=now - DEBRIEF_WINDOW).exclude(Exists(own))


def _count(table: str, condition: str = "true") -> Template:
    """How many rows of `table` a meeting has."""
    counted = f"(SELECT count(*) FROM {table} part WHERE part.meeting_id = {{0}} AND {condition})"  # noqa: S608
    return Template(counted, F("pk"), output_field=models.IntegerField())


def _debriefed(lane: str) -> Template:
    written = f"EXISTS (SELECT FROM deals_debrief debrief WHERE debrief.meeting_id = {{0}} AND debrief.lane = '{lane}')"
    return Template(written, F("pk"), output_field=models.BooleanField())


# A deal's SE is asked for a debrief; a lead has none, so there it is an SE who was to come.
SE_WANTED = """({1} IS NOT NULL OR EXISTS (
    SELECT FROM deals_attendee part JOIN people_user ours ON ours.id = part.user_id
     WHERE part.meeting_id = {0} AND ours.role = 'se'))"""


def _ambush(now: datetime.datetime) -> Template:
    """About to begin, while the agenda or who comes is not confirmed."""
    text = """({0} IS NULL AND {1} > {2} AND {1} <= {3} AND (NOT {4} OR {5} > 0 OR {6} = 0))"""
    until = Value(now + AMBUSH_WINDOW, models.DateTimeField())
    names = ("agenda_confirmed", "unconfirmed", "theirs")
    clock = (F("cancelled_at"), F("starts_at"), Value(now, models.DateTimeField()), until)
    return Template(text, *clock, *map(F, names), output_field=models.BooleanField())


@pghistory.track()
class Meeting(models.Model):
    """One meeting on a deal or a lead. The version doubles as the calendar's sequence number."""

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, null=True, blank=True, related_name="meetings")
    lead = models.ForeignKey(Lead, models.PROTECT, null=True, blank=True, related_name="meetings")
    kind = models.CharField(max_length=12, choices=MeetingKind)
    starts_at = models.DateTimeField("starts")
    minutes = models.PositiveSmallIntegerField(default=45, validators=[MinValueValidator(5), MaxValueValidator(600)])
    ends_at = models.DateTimeField(editable=False, help_text="Start and minutes, kept for questions about the end.")
    place = models.CharField("place or link", max_length=300, blank=True)
    objective = models.CharField(max_length=300)
    agenda = models.TextField(max_length=4000, blank=True)
    agenda_confirmed = models.BooleanField("the customer has confirmed the agenda", default=False)
    call_to_action = models.CharField(max_length=300, blank=True)
    driver = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="who drives"
    )
    commercial_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name="who answers commercial questions",
    )  # fmt: skip
    notes_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="who takes technical notes"
    )
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+", editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=300, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = MeetingQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(opportunity=None, lead__isnull=False) | Q(opportunity__isnull=False, lead=None),
                name="deals_meeting_one_subject",
            ),
            models.CheckConstraint(condition=Q(kind__in=MeetingKind.values), name="deals_meeting_kind"),
            models.CheckConstraint(condition=Q(minutes__gte=5, minutes__lte=600), name="deals_meeting_minutes"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="deals_meeting_ends_later"),
        ]
        indexes = [models.Index(fields=["ends_at"], condition=Q(cancelled_at=None), name="deals_meeting_by_end")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.about}"

    def get_absolute_url(self) -> str:
        """The meeting's page."""
        from django.urls import reverse

        return reverse("deals:meeting", args=[self.pk])

    @property
    def subject(self) -> Subject:
        """The deal, or the lead that is none yet."""
        return self.opportunity if self.opportunity_id else self.lead

    @property
    def about(self) -> str:
        """What it is about by name: the deal's, or the lead's with the company."""
        subject = self.subject
        company = subject.company if isinstance(subject, Lead) else None
        return f"{subject.name}, {company.name}" if company else subject.name

    def set_end(self) -> None:
        """Keep `ends_at` in step with start and length."""
        self.ends_at = self.starts_at + datetime.timedelta(minutes=self.minutes)

    @property
    def is_cancelled(self) -> bool:
        """It does not take place."""
        return self.cancelled_at is not None

    @property
    def has_begun(self) -> bool:
        """Its start has passed."""
        return self.starts_at <= timezone.now()

    @property
    def is_over(self) -> bool:
        """Its end has passed."""
        return self.ends_at <= timezone.now()

    @property
    def huddled(self) -> bool:
        """Every point of the huddle is ticked; for meetings that came through `with_state`."""
        return self.ticked >= HUDDLE_POINTS

    @property
    def debriefs_owed(self) -> int:
        """How many debriefs are not written, once it is over; for meetings that came through `with_state`."""
        return (not self.ae_debrief) + (not self.se_debrief and not self.no_se) if self.is_over else 0

    @property
    def ambush_reasons(self) -> list[str]:
        """What is not confirmed, in words; for meetings that came through `with_state`."""
        return unconfirmed_of(self.agenda_confirmed, self.theirs, self.unconfirmed)


def unconfirmed_of(agenda_confirmed: bool, theirs: int, unconfirmed: int) -> list[str]:
    """What of a meeting is not confirmed, in words: its agenda, and who comes."""
    reasons = [] if agenda_confirmed else ["agenda not confirmed"]
    if not theirs:
        reasons.append("nobody of theirs is named")
    if unconfirmed:
        reasons.append(f"{unconfirmed} attendee{'' if unconfirmed == 1 else 's'} not confirmed")
    return reasons


class AttendeeQuerySet(models.QuerySet):
    """Attendees by what the domain asks of them."""

    def visible_to(self, user: User) -> "AttendeeQuerySet":
        """Those of the meetings that `user` sees."""
        return self.filter(Exists(Meeting.objects.visible_to(user).filter(pk=OuterRef("meeting"))))


@pghistory.track()
class Attendee(models.Model):
    """Somebody who is to come: one of us (`user`), or one of theirs by name and title."""

    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="attendees")
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="who of us")
    name = models.CharField(max_length=160, blank=True)
    job_title = models.CharField("title", max_length=160, blank=True)
    stakeholder = models.ForeignKey(Stakeholder, models.SET_NULL, null=True, blank=True, related_name="+")
    is_confirmed = models.BooleanField("has confirmed", default=False)

    objects = AttendeeQuerySet.as_manager()

    class Meta:
        ordering = ["meeting", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, name="") | (Q(user=None) & ~Q(name="")), name="deals_attendee_one_side"
            ),
            models.UniqueConstraint(fields=["meeting", "user"], name="deals_attendee_user_once"),
            models.UniqueConstraint("meeting", Lower("name"), condition=Q(user=None), name="deals_attendee_name_once"),
        ]

    def __str__(self) -> str:
        return str(self.user) if self.user_id else self.name

    @property
    def title(self) -> str:
        """The title, ours from the person's own record."""
        return self.user.title or self.user.get_role_display() if self.user_id else self.job_title
