"""Finding what was answered before: by typed words, or by the words of a new question."""

import re
from collections.abc import Iterable

from django.contrib.postgres.search import SearchQuery
from django.db.models import BigIntegerField, F, IntegerField, QuerySet, Value

from deals.models import RfpQuestion
from leads.search import FOUND, all_start
from people.models import User
from people.viewers import Viewer, viewer_of
from presales.prepared import Given, prepared
from presales.sql import Template

MAX_FOUND = 200
"""More hits than this are not ranked: one more word narrows them better."""
SHOWN = 25
SPARE = 5
"""Read on top of those shown, since some may say the same."""
SUGGESTED = 5
COLUMNS = (
    "pk", "text", "answer", "fit", "is_reusable", "reuse_count", "answered_at", "rfp__name", "rfp__opportunity__name",
    "seen",
)  # fmt: skip
WORDS = 6
SHORTEST = 4
# Long enough to look like a topic, and in every other question.
COMMON = frozenset(
    [
        "about",
        "also",
        "answer",
        "application",
        "describe",
        "does",
        "each",
        "explain",
        "have",
        "list",
        "more",
        "must",
        "please",
        "product",
        "provide",
        "provided",
        "question",
        "request",
        "requirement",
        "shall",
        "should",
        "software",
        "solution",
        "such",
        "support",
        "supported",
        "supports",
        "system",
        "that",
        "their",
        "there",
        "these",
        "they",
        "this",
        "used",
        "uses",
        "using",
        "vendor",
        "what",
        "when",
        "where",
        "which",
        "will",
        "with",
        "would",
        "your",
        "yours",
    ]
)


@prepared
def _hits(viewer: Viewer) -> QuerySet:
    return _seen(viewer).filter(search=FOUND).order_by().values_list("pk")[: MAX_FOUND + 1]


@prepared
def _ranked(viewer: Viewer) -> QuerySet:
    among = _seen(viewer).filter(pk__in=Given("keys", BigIntegerField()))
    return _told(among.order_by("-reuse_count", F("answered_at").desc(nulls_last=True), "-pk"))[: SHOWN + SPARE]


@prepared
def _reused_most(viewer: Viewer) -> QuerySet:
    return _told(_seen(viewer).order_by("-reuse_count", "-pk"))[: SHOWN + SPARE]


def find_answers(user: User, text: str) -> tuple[list[tuple], bool]:
    """The past answers with every word of `text`, the most reused and newest first, and whether there are too many.

    Without a word, those that were reused most. A row has what COLUMNS names, and `seen`: whether `user` sees the deal
    that it is from, which is else not told. Two queries whatever their number: the hits by the index, and the rows.
    """
    viewer, words = viewer_of(user), all_start(text)
    if not words:
        return _distinct(_reused_most(viewer).rows(), SHOWN), False
    keys = tuple(pk for (pk,) in _hits(viewer).rows(words=words))
    if not keys:
        return [], False
    return _distinct(_ranked(viewer).rows(keys=keys[:MAX_FOUND]), SHOWN), len(keys) > MAX_FOUND


def suggested_answers(user: User, question: RfpQuestion) -> list[tuple]:
    """Past answers to questions like `question`: at least two of its words in common, the closest first."""
    words = topics(question.text)
    if not words:
        return []
    visible = RfpQuestion.objects.answers_visible_to(user).exclude(pk=question.pk).filter(search=_like(words))
    pks = list(visible.order_by().values_list("pk", flat=True)[:MAX_FOUND])
    if not pks:
        return []
    template = " + ".join(f"({{0}} @@ {{{number}}})::int" for number in range(1, len(words) + 1))
    queries = [Value(_beginning(word)) for word in words]
    template = re.sub(r"@@ (\{\d+\})", r"@@ \1::tsquery", template)
    common = Template(template, F("search"), *queries, output_field=IntegerField())
    rows = RfpQuestion.objects.answers_visible_to(user).filter(pk__in=pks).alias(common=common)
    return _distinct(_told(rows.order_by("-common", "-reuse_count", "-pk"))[: 4 * SUGGESTED], SUGGESTED)


def topics(text: str) -> list[str]:
    """The beginnings of the words that say what a question is about, the longest first."""
    words = {word for word in re.findall(r"\w+", text.lower()) if len(word) >= SHORTEST and word not in COMMON}
    # An ending less, so that encryption finds encrypted.
    cut = {word[: max(5, len(word) - 3)]: len(word) for word in sorted(words)}
    return sorted(cut, key=lambda word: (-cut[word], word))[:WORDS]


def _like(words: list[str]) -> SearchQuery:
    begun = [_beginning(word) for word in words]
    pairs = [f"({one} & {other})" for number, one in enumerate(begun) for other in begun[number + 1 :]]
    return SearchQuery(" | ".join(pairs) or begun[0], config="simple", search_type="raw")


def _beginning(word: str) -> str:
    # Words are letters, digits and underscores only, so nothing here can be an operator.
    return f"'{word}':*"


def _seen(viewer: Viewer) -> QuerySet:
    return RfpQuestion.objects.answers_visible_to(viewer.user)


def _told(answers: QuerySet) -> QuerySet:
    return answers.values_list(*COLUMNS, named=True)


def _distinct(rows: Iterable[tuple], most: int) -> list[tuple]:
    """Of those with the same answer, which was taken over from one to the other, the first stands for all."""
    by_answer: dict[str, tuple] = {}
    for row in rows:
        by_answer.setdefault(row.answer, row)
    return list(by_answer.values())[:most]
