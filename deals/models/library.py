"""The library: demos and answers that were worth keeping, for everybody who sells."""

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from leads.search import Words
from people.models import Role, User
from presales.sql import Template

MAX_SCRIPT = 20_000
_USES = """((SELECT count(DISTINCT part.demo_id) FROM deals_demopart part WHERE part.item_id = {0})
    + (SELECT count(*) FROM deals_rfpquestion question WHERE question.library_item_id = {0}))"""


class ItemKind(models.TextChoices):
    """What it is for."""

    DEMO = "demo", "Demo"
    ANSWER = "answer", "Answer"


class LibraryItemQuerySet(models.QuerySet):
    """Items by what the domain asks of them."""

    def visible_to(self, user: User) -> "LibraryItemQuerySet":
        """All of them for everybody who sells: an item names no customer."""
        return self.none() if user.role == Role.MARKETING else self

    def in_use(self) -> "LibraryItemQuerySet":
        """Those that nobody has retired."""
        return self.filter(is_retired=False)

    def with_uses(self) -> "LibraryItemQuerySet":
        """Adds `uses`: in how many demos it was shown and how many questions of RFPs it answered."""
        return self.annotate(uses=Template(_USES, F("pk"), output_field=models.IntegerField()))


@pghistory.track(exclude=["search", "tag_words"])
class LibraryItem(models.Model):
    """A demo to show again, with its steps, or an answer to give again. One that is retired stays where it was used."""

    PRIVATE_FIELDS = frozenset({"source"})
    """Never shown by the history's renderer: not everybody may know on which deal an answer was written."""

    kind = models.CharField(max_length=6, choices=ItemKind, default=ItemKind.DEMO)
    title = models.CharField(max_length=200)
    shows = models.CharField("what it shows, or the question it answers", max_length=1000, blank=True)
    script = models.TextField("the steps, or the answer", max_length=MAX_SCRIPT)
    link = models.URLField(max_length=500, blank=True)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    tag_words = models.TextField(blank=True, editable=False, help_text="The tags as the search reads them.")
    is_retired = models.BooleanField("it is out of date", default=False)
    source = models.ForeignKey(
        "deals.RfpQuestion", models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)
    search = models.GeneratedField(
        expression=Words("title", "shows", "script", "tag_words"), output_field=SearchVectorField(), db_persist=True,
        editable=False,
    )  # fmt: skip

    objects = LibraryItemQuerySet.as_manager()

    class Meta:
        ordering = ["title", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ItemKind.values), name="deals_library_kind"),
            models.CheckConstraint(condition=~Q(title="") & ~Q(script=""), name="deals_library_says_something"),
            models.UniqueConstraint(fields=["source"], name="deals_library_source_once"),
        ]
        indexes = [GinIndex(fields=["search"], name="deals_library_search")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """The item's page."""
        return reverse("deals:library_item", args=[self.pk])

    @property
    def is_demo(self) -> bool:
        """Something to show, not something to say."""
        return self.kind == ItemKind.DEMO
