"""RFPs: the questions a customer sends in a spreadsheet, and what we answer."""

import datetime

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from deals.models.opportunities import OfOpportunityQuerySet, Opportunity
from deals.models.requirements import Requirement
from deals.visibility import answers_visible_to
from leads.search import Words
from people.models import User

MAX_QUESTION = 10_000
MAX_ANSWER = 20_000
BY_HAND = 1_000_000_000
"""Questions that were added by hand stand in lines from here on, which no file reaches."""


class RfpKind(models.TextChoices):
    """What the customer asks for."""

    RFP = "rfp", "RFP"
    RFI = "rfi", "RFI"
    SECURITY = "security", "Security questionnaire"


class QuestionState(models.TextChoices):
    """How far the answer to a question is."""

    OPEN = "open", "Open"
    DRAFTED = "drafted", "Drafted"
    REVIEWED = "reviewed", "Reviewed"
    DONE = "done", "Done"


class AnswerFit(models.TextChoices):
    """How we do what a question asks for: the fit of a requirement, in words for the customer."""

    NATIVE = "native", "As it is"
    CONFIGURABLE = "configurable", "By configuration"
    CUSTOM = "custom", "With custom work"
    GAP = "gap", "Not at all"


@pghistory.track(exclude=["reading", "columns", "mapping"])
class Rfp(models.Model):
    """One questionnaire on a deal, with the file it came in."""

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="rfps")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=8, choices=RfpKind, default=RfpKind.RFP)
    due_on = models.DateField("due", help_text="The customer's day.")
    sent_on = models.DateField("sent to the customer on", null=True, blank=True)
    owner = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    note = models.CharField(max_length=1000, blank=True)
    file = models.FileField(upload_to="rfps/", max_length=255, blank=True, editable=False)
    filename = models.CharField(max_length=255, blank=True, editable=False)
    reading = models.JSONField(
        default=dict, editable=False, help_text="How the file is read; see presales/spreadsheets.py."
    )
    columns = ArrayField(models.CharField(max_length=200), default=list, editable=False)
    mapping = models.JSONField(
        default=dict,
        editable=False,
        help_text="Part (question, number, section, answer, fit) to the column's position.",
    )
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    objects = OfOpportunityQuerySet.as_manager()

    class Meta:
        verbose_name = "RFP"
        verbose_name_plural = "RFPs"
        ordering = ["due_on", "pk"]
        constraints = [models.CheckConstraint(condition=Q(kind__in=RfpKind.values), name="deals_rfp_kind")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The page with its questions."""
        from django.urls import reverse

        return reverse("deals:rfp", args=[self.pk])

    def is_overdue(self, today: datetime.date | None = None) -> bool:
        """Its day has passed and nobody has sent it."""
        return self.sent_on is None and self.due_on < (today or timezone.localdate())


class RfpQuestionQuerySet(models.QuerySet):
    """Questions and their answers by what the domain asks of them."""

    def visible_to(self, user: User) -> "RfpQuestionQuerySet":
        """Those on the opportunities that `user` sees."""
        return self.filter(rfp__opportunity__in=Opportunity.objects.visible_to(user))

    def of_file(self) -> "RfpQuestionQuerySet":
        """Those that the customer's file asks."""
        return self.filter(line__lt=BY_HAND)

    def by_hand(self) -> "RfpQuestionQuerySet":
        """Those that somebody added."""
        return self.filter(line__gte=BY_HAND)

    def answers_visible_to(self, user: User) -> "RfpQuestionQuerySet":
        """Those whose answer `user` may read and take over; see deals/visibility.py."""
        return answers_visible_to(self, user)


@pghistory.track(exclude=["search", "reuse_count"])
class RfpQuestion(models.Model):
    """One question, as it stands in the customer's file, and our answer to it."""

    PRIVATE_FIELDS = frozenset({"reused_from", "answered_by", "answered_at"})
    """Never shown by the history's renderer: not everybody may read whence an answer came, and who and when stand
    beside every entry."""

    rfp = models.ForeignKey(Rfp, models.CASCADE, related_name="questions", db_index=False)
    line = models.PositiveIntegerField(help_text="In the customer's file; the order of the questions.")
    number = models.CharField(max_length=60, blank=True)
    section = models.CharField(max_length=300, blank=True)
    text = models.TextField("question", max_length=MAX_QUESTION)
    owner = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=8, choices=QuestionState, default=QuestionState.OPEN)
    answer = models.TextField(max_length=MAX_ANSWER, blank=True)
    fit = models.CharField("how we do it", max_length=12, choices=AnswerFit, blank=True)
    is_reusable = models.BooleanField("everybody may reuse the answer", default=False)
    reused_from = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="+")
    library_item = models.ForeignKey(
        "deals.LibraryItem", models.SET_NULL, null=True, blank=True, related_name="questions", editable=False,
        verbose_name="from the library",
    )  # fmt: skip
    requirement = models.ForeignKey(
        Requirement, models.SET_NULL, null=True, blank=True, related_name="questions",
        verbose_name="the requirement it is about",
    )  # fmt: skip
    reuse_count = models.PositiveIntegerField(default=0, help_text="How often the answer was taken over elsewhere.")
    answered_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    answered_at = models.DateTimeField(
        null=True, blank=True, help_text="Empty while the answer is the one that came in the file, if any."
    )
    version = models.PositiveIntegerField(default=1)
    search = models.GeneratedField(
        expression=Words("text", "answer"), output_field=SearchVectorField(), db_persist=True, editable=False
    )

    objects = RfpQuestionQuerySet.as_manager()

    class Meta:
        ordering = ["rfp", "line"]
        constraints = [
            models.UniqueConstraint(fields=["rfp", "line"], name="deals_question_line_once"),
            models.CheckConstraint(condition=Q(state__in=QuestionState.values), name="deals_question_state"),
            models.CheckConstraint(condition=Q(fit__in=["", *AnswerFit.values]), name="deals_question_fit"),
            models.CheckConstraint(condition=Q(state="open") | ~Q(answer=""), name="deals_question_begun"),
            models.CheckConstraint(condition=Q(is_reusable=False) | ~Q(answer=""), name="deals_question_shared"),
        ]
        indexes = [
            GinIndex(fields=["search"], name="deals_question_search"),
            models.Index(fields=["-reuse_count", "-id"], condition=~Q(answer=""), name="deals_question_by_reuse"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.text[:80]}".strip()

    def get_absolute_url(self) -> str:
        """The page where it is answered."""
        from django.urls import reverse

        return reverse("deals:rfp_question", args=[self.pk])

    @property
    def is_by_hand(self) -> bool:
        """It is not in the customer's file."""
        return self.line >= BY_HAND
