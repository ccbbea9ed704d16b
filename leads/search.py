"""Finding leads and companies by the beginnings of words, by index at a million rows.

Both tables keep a generated `search` column: the words of name, address and domain, cut at `@`, dots,
dashes and the like. A query is cut the same way, so `anna@acme` finds Anna at Acme.
"""

import re
import unicodedata

from django.contrib.postgres.search import SearchQuery
from django.db.models import Func, Q, QuerySet, TextField

from presales.prepared import Given, prepared
from presales.text import squeeze

SEPARATORS = "@.-_+/'’&,;:()"
MAX_WORDS = 4
MAX_COMPANIES = 500
# Up to so many matches are looked up first; more are dense enough to be met soon in any order.
MAX_IDS = 2000
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
    """`search_leads`, and whether there are more than MAX_IDS of them.

    Companies are looked up first (one query per word, at most MAX_COMPANIES each), so that the lead
    query is an index scan of its own column or of the company's key, never a join over all. Then the
    matching leads are, since PostgreSQL cannot tell how rare the beginning of a word is and would
    otherwise walk all leads in the order of the list.
    """
    found = leads
    for word in words_of(text):
        ids = [pk for (pk,) in _companies().rows(words=all_start(word))]
        matches = Q(search=starts_with(word))
        found = found.filter(matches | Q(company__in=ids) if ids else matches)
    if found is leads:
        return leads, False
    pks = list(found.order_by().values_list("pk", flat=True)[: MAX_IDS + 1])
    return (found, True) if len(pks) > MAX_IDS else (leads.filter(pk__in=pks), False)
