"""Finding items of the library by their words, and those that fit a question."""

from dataclasses import dataclass

from django.contrib.postgres.search import SearchQuery
from django.db.models import F, IntegerField, QuerySet, Value
from django.http import QueryDict

from deals.models import ItemKind, LibraryItem
from leads.search import with_words
from people.models import User
from presales.paging import Page, Sort, paginate
from presales.sql import Template
from presales.text import squeeze

SORTS = {
    "-uses": Sort("uses", descending=True, label="Most reused first", like="version"),
    "-updated": Sort("updated_at", descending=True, label="Newest first"),
    "title": Sort("title", label="Title"),
}
PAGE_SIZE = 30
MOST_TAGS = 300


@dataclass
class Listing:
    """The library as somebody filters it; what makes no sense in the address is left out."""

    user: User
    query: QueryDict

    def __post_init__(self) -> None:
        self.q = squeeze(self.query.get("q", ""))[:100]
        self.kind = self.query.get("kind", "") if self.query.get("kind") in ItemKind.values else ""
        self.tag = squeeze(self.query.get("tag", ""))[:40]
        self.retired = self.query.get("retired") == "1"
        self.sort = self.query.get("sort") if self.query.get("sort") in SORTS else "-uses"

    @property
    def is_filtered(self) -> bool:
        """Some items are left out."""
        return bool(self.q or self.kind or self.tag)

    def items(self) -> QuerySet:
        """The items asked for, each with its `uses`."""
        found = LibraryItem.objects.visible_to(self.user).filter(is_retired=self.retired)
        found = with_words(found, self.q)
        if self.kind:
            found = found.filter(kind=self.kind)
        if self.tag:
            found = found.filter(tags__contains=[self.tag])
        return found.with_uses().select_related("created_by").defer("search", "script")

    def page(self) -> Page:
        """The page at the cursor."""
        return paginate(self.items(), SORTS[self.sort], self.query.get("cursor", ""), PAGE_SIZE)

    def tags(self) -> list[str]:
        """What items in use are tagged with, by the alphabet."""
        rows = LibraryItem.objects.visible_to(self.user).in_use().exclude(tags=[]).values_list("tags", flat=True)
        return sorted({tag for tags in rows[:MOST_TAGS] for tag in tags}, key=str.lower)


def items_to_show(user: User) -> QuerySet:
    """The demos that a demo may be made of."""
    return LibraryItem.objects.visible_to(user).in_use().filter(kind=ItemKind.DEMO).defer("search").order_by("title")


def answers_like(user: User, words: list[str], most: int = 3) -> list[LibraryItem]:
    """The answers of the library with most of these beginnings of words, at least two of them; one query.

    `words` are those of deals.answers.topics: letters, digits and underscores only.
    """
    if not words:
        return []
    common = " + ".join(f"({{0}} @@ {{{number}}}::tsquery)::int" for number in range(1, len(words) + 1))
    queries = [f"'{word}':*" for word in words]
    answers = LibraryItem.objects.visible_to(user).in_use().filter(kind=ItemKind.ANSWER)
    answers = answers.filter(search=SearchQuery(" | ".join(queries), config="simple", search_type="raw"))
    answers = answers.annotate(common=Template(common, F("search"), *map(Value, queries), output_field=IntegerField()))
    best = answers.filter(common__gte=min(2, len(words))).with_uses()
    return list(best.order_by("-common", "-uses", "-pk").defer("search")[:most])
