"""Finding leads and companies by the beginnings of words, by index at a million rows.

Both tables keep a generated `search` column: the words of name, address and domain, cut at `@`, dots,
dashes and the like. A query is cut the same way, so `anna@acme` finds Anna at Acme.
"""

import re
import unicodedata

from django.contrib.postgres.search import SearchQuery
from django.db import connection
from django.db.models import Func, Q, QuerySet, TextField

from presales.prepared import Given, prepared
from presales.text import key, squeeze

SEPARATORS = "@.-_+/'’&,;:()"
MAX_WORDS = 4
MAX_COMPANIES = 500
# Up to so many matches are looked up first; more are dense enough to be met soon in any order.
MAX_IDS = 2000
# A word that so large a share of the leads or of the companies has is common.
COMMON_FROM = 0.01
# In too many addresses to narrow anything.
NOISE = {"com", "de", "http", "https", "net", "org", "www"}
_cut = re.compile(f"[{re.escape(SEPARATORS)}\\s]+")


class Words(Func):
    """The `simple` text search vector of some text columns, cut at SEPARATORS; immutable, so it can be stored."""

    arity = None
    arg_joiner = " || ' ' || "
    template = (
        "to_tsvector('simple'::regconfig, translate(lower(%(expressions)s), "
        f"'{SEPARATORS.replace(chr(39), chr(39) * 2)}', '{' ' * len(SEPARATORS)}'))"
    )


def words_of(text: str) -> list[str]:
    """The first MAX_WORDS words of a search text that narrow anything, in the form the index holds them."""
    cut = _cut.split(squeeze(unicodedata.normalize("NFC", text)).lower())
    words = list(dict.fromkeys(word for word in (re.sub(r"[^\w]", "", part) for part in cut) if word))
    return ([word for word in words if word not in NOISE] or words)[:MAX_WORDS]


def starts_with(word: str) -> SearchQuery:
    """The query for words that begin with `word`, which comes from `words_of`."""
    # words_of leaves letters, digits and underscores only, so nothing here can be an operator.
    return SearchQuery(f"'{word}':*", config="simple", search_type="raw")


def all_start(text: str) -> str:
    """What `FOUND` is given: every word of `text` at the beginning of a word."""
    return " & ".join(f"'{word}':*" for word in words_of(text))


FOUND = SearchQuery(Given("words", TextField()), config="simple", search_type="raw")
"""A search in a prepared query, for the words that `all_start` gives."""


def with_words(rows: QuerySet, text: str) -> QuerySet:
    """Those of `rows` with every word of `text` at the beginning of a word of what their `search` holds."""
    for word in words_of(text):
        rows = rows.filter(search=starts_with(word))
    return rows


@prepared
def _companies() -> QuerySet:
    from leads.models import Company

    return Company.objects.filter(search=FOUND).values_list("pk")[:MAX_COMPANIES]


def search_leads(leads: QuerySet, text: str) -> QuerySet:
    """Those of `leads` with every word of `text` in name, e-mail address or company."""
    return matching_leads(leads, text)[0]


def matching_leads(leads: QuerySet, text: str) -> tuple[QuerySet, bool]:
    """`search_leads`, and whether there are more than MAX_IDS of them. A whole e-mail address finds whoever has it.

    Rare words are looked up by the index of the leads' own words and by the keys of the companies that have them, never
    by a join over all. What they find is few nearly always, and common words are only looked for in there: PostgreSQL
    would gather every lead that has them, and for `example` in `anna@acme.example` that may be all. Then the matching
    leads are looked up, since PostgreSQL cannot tell how rare the beginning of a word is and would otherwise walk all
    leads in the order of the list.
    """
    words = words_of(text)
    if not words:
        return leads, False
    if "@" in text and (pks := _some(leads.filter(email_key=key(text)))):
        return leads.filter(pk__in=pks), len(pks) > MAX_IDS
    rare, common = _apart(words)
    found = leads
    for word, companies in rare:
        matches = Q(search=starts_with(word))
        found = found.filter(matches | Q(company__in=companies) if companies else matches)
    if common:
        pks = _some(found)
        found = leads.filter(pk__in=pks) if len(pks) <= MAX_IDS else found
    for word in common:
        found = found.filter(Q(search=starts_with(word)) | Q(company__search=starts_with(word)))
    pks = _some(found)
    return (found, True) if len(pks) > MAX_IDS else (leads.filter(pk__in=pks), False)


def _some(leads: QuerySet) -> list[int]:
    return list(leads.order_by().values_list("pk", flat=True)[: MAX_IDS + 1])


COMMON = """
SELECT word, coalesce(sum(frequency), 0) FROM unnest(%s) AS word LEFT JOIN (
    SELECT unnest(most_common_elems::text::text[]) AS lexeme, unnest(most_common_elem_freqs) AS frequency FROM pg_stats
     WHERE schemaname = current_schema AND tablename IN ('leads_lead', 'leads_company') AND attname = 'search'
) AS common ON starts_with(lexeme, word) GROUP BY word
"""
"""In which share of the leads and of the companies a word begins one that PostgreSQL counts among the common ones."""


def _apart(words: list[str]) -> tuple[list[tuple[str, list[int]]], list[str]]:
    """The rare words, each with all companies that have it, and the common ones. One at least counts as rare: the
    rarest as far as PostgreSQL's statistics tell, of equals the longest."""
    share = dict.fromkeys(words, 0.0)
    if len(words) > 1:
        with connection.cursor() as cursor:
            cursor.execute(COMMON, [words])
            share = dict(cursor.fetchall())
    rare, common, first = [], [], None
    for word in sorted(words, key=lambda word: (share[word], -len(word))):
        if rare and share[word] >= COMMON_FROM:
            common.append(word)
            continue
        companies = [pk for (pk,) in _companies().rows(words=all_start(word))]
        first = first or (word, companies)
        if len(companies) < MAX_COMPANIES:
            rare.append((word, companies))
        else:
            common.append(word)
    return (rare, common) if rare else ([first], common[1:])
