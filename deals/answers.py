"""Finding what was answered before: by typed words, or by the words of a new question."""

import re

from django.contrib.postgres.search import SearchQuery
from django.db.models import F, IntegerField, QuerySet, Value

from deals.models import RfpQuestion
from leads.search import starts_with, words_of
from people.models import User
from presales.sql import Template

MAX_FOUND = 200
"""More hits than this are not ranked: one more word narrows them better."""
SHOWN = 25
SUGGESTED = 5
COLUMNS = (
    "text", "answer", "fit", "is_reusable", "reuse_count", "answered_at", "rfp__name", "rfp__opportunity__name",
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


def find_answers(user: User, text: str) -> tuple[list[RfpQuestion], bool]:
    """The past answers with every word of `text`, the most reused and newest first, and whether there are too many.

    Without a word, those that were reused most.

    Two queries whatever their number: the hits by the index, and the rows to show.
    """
    visible = RfpQuestion.objects.answers_visible_to(user)
    words = words_of(text)
    if not words:
        return _told(visible.order_by("-reuse_count", "-pk")[: SHOWN + 5])[:SHOWN], False
    for word in words:
        visible = visible.filter(search=starts_with(word))
    pks = list(visible.order_by().values_list("pk", flat=True)[: MAX_FOUND + 1])
    rows = RfpQuestion.objects.answers_visible_to(user).filter(pk__in=pks[:MAX_FOUND])
    rows = rows.order_by("-reuse_count", F("answered_at").desc(nulls_last=True), "-pk")
    return _told(rows[: SHOWN + 5])[:SHOWN], len(pks) > MAX_FOUND


def suggested_answers(user: User, question: RfpQuestion) -> list[RfpQuestion]:
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
    return _told(rows.order_by("-common", "-reuse_count", "-pk")[: 4 * SUGGESTED])[:SUGGESTED]


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


def _told(rows: QuerySet) -> list[RfpQuestion]:
    """The rows, each with `source`: the RFP it is from where the person sees the deal, else None.

    Of those with the same answer, which was taken over from one to the other, the first stands for all.
    """
    by_answer: dict[str, RfpQuestion] = {}
    for row in rows.select_related("rfp__opportunity").only(*COLUMNS):
        row.source = row.rfp if row.seen else None
        by_answer.setdefault(row.answer, row)
    return list(by_answer.values())
