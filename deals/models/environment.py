"""The technical environment of a company: what it runs and what it has to keep to, asked by a bank of questions."""

import datetime

import pghistory
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from deals.models.opportunities import Opportunity
from leads.models import Company
from people.models import User

ASK_AGAIN = datetime.timedelta(days=180)
"""An answer older than this is worth asking for once more."""


class EnvironmentBankQuerySet(models.QuerySet):
    """The question bank by what the domain asks of it."""

    def visible_to(self, user: User) -> "EnvironmentBankQuerySet":
        """All of it: it holds no customer's data."""
        return self


@pghistory.track()
class EnvironmentTopic(models.Model):
    """A section of the question bank."""

    name = models.CharField(max_length=80)
    order = models.PositiveSmallIntegerField("place", default=0)
    version = models.PositiveIntegerField(default=1)

    objects = EnvironmentBankQuerySet.as_manager()

    class Meta:
        ordering = ["order", "pk"]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="deals_environment_topic_once"),
            models.CheckConstraint(condition=~Q(name=""), name="deals_environment_topic_named"),
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class EnvironmentQuestion(models.Model):
    """One question, in the words to ask a customer. One that is asked no more keeps its answers."""

    topic = models.ForeignKey(EnvironmentTopic, models.PROTECT, related_name="questions")
    text = models.CharField("question", max_length=300)
    hint = models.CharField("what to listen for", max_length=300, blank=True)
    order = models.PositiveSmallIntegerField("place", default=0)
    is_asked = models.BooleanField("it is asked", default=True)
    version = models.PositiveIntegerField(default=1)

    objects = EnvironmentBankQuerySet.as_manager()

    class Meta:
        ordering = ["topic__order", "topic", "order", "pk"]
        constraints = [
            models.UniqueConstraint("topic", Lower("text"), name="deals_environment_question_once"),
            models.CheckConstraint(condition=~Q(text=""), name="deals_environment_question_says"),
        ]

    def __str__(self) -> str:
        return self.text


class EnvironmentAnswerQuerySet(models.QuerySet):
    """Answers by what the domain asks of them."""

    def visible_to(self, user: User) -> "EnvironmentAnswerQuerySet":
        """Those of the companies that `user` sees."""
        return self.filter(company__in=Company.objects.visible_to(user))


@pghistory.track()
class EnvironmentAnswer(models.Model):
    """What a company answered to one question, kept for every deal with it. `opportunity` is the one that asked."""

    company = models.ForeignKey(Company, models.CASCADE, related_name="environment")
    question = models.ForeignKey(EnvironmentQuestion, models.PROTECT, related_name="answers")
    text = models.TextField("answer", max_length=2000)
    said_by = models.CharField("who said so", max_length=160, blank=True)
    said_on = models.DateField("said on")
    opportunity = models.ForeignKey(
        Opportunity, models.SET_NULL, null=True, blank=True, related_name="environment_answers", editable=False
    )
    recorded_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", editable=False)
    recorded_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    objects = EnvironmentAnswerQuerySet.as_manager()

    class Meta:
        ordering = ["question__topic__order", "question__order", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["company", "question"], name="deals_environment_answer_once"),
            models.CheckConstraint(condition=~Q(text=""), name="deals_environment_answer_says"),
        ]

    def __str__(self) -> str:
        return self.text[:80]

    def is_old(self, today: datetime.date | None = None) -> bool:
        """Said so long ago that it is worth asking for once more."""
        return self.said_on < (today or timezone.localdate()) - ASK_AGAIN
