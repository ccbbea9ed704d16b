"""Search over a million leads, page against floor page.

    python -m bench.search [--leads N] [--requests N] [--anew]

The bar (quality.md): p50 of a search ≤ 5 × floor. Asked are a name as one begins to type it, an e-mail address and a
company, in the tab of all leads; by a director, who sees every lead, and by an AE. What every lead matches is told, not
held to a bar.
Without --anew the leads of the last run are searched again.
"""

import argparse

from bench.pages import measure
from bench.pages_book import COMPANIES, LEADS, MEMBERS, PEOPLE, SCORES, TEAMS
from bench.place import bar, own_database, store

QUESTIONS = [
    ("a name", "{first}+{last}", 5),
    ("an e-mail address", "{email}", 5),
    ("a company", "company+4711", 5),
    ("nothing found", "zebrafish+quartz", 5),
    ("a word of all", "example+{last}", None),
]
PAGES = [
    (f"{what}, {who}", who, f"/leads/?tab=all&q={words}", limit)
    for what, words, limit in QUESTIONS
    for who in ("director", "ae")
]


def fill(leads: int) -> None:
    """So many leads of a tenth as many companies, with their scores, unless they are there."""
    from django.db import connection

    from leads.models import Lead

    if Lead.objects.count() == leads:
        return
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(TEAMS)
        cursor.execute(PEOPLE)
        cursor.execute(MEMBERS, {})
        for statement in (COMPANIES, LEADS, SCORES):
            cursor.execute(statement, {"first": 0, "last": leads, "teams": 20})
        cursor.execute("VACUUM ANALYZE")


def run(leads: int, requests: int, *, anew: bool) -> dict:
    """Measure; prints the table."""
    own_database("presales_bench_search", keep=not anew, settings="bench.settings")
    fill(leads)
    rows = measure(requests, PAGES)
    print(f"{'search for':28} {'× floor':>8} {'bar':>4} {'p50 ms':>8} {'p95 ms':>8} {'queries':>8} {'rows':>5}")
    for row in rows:
        print(
            f"{row['page']:28} {row['ratio']:8} {row['bar'] or '–':>4} {row['p50_ms']:8} {row['p95_ms']:8} "
            f"{row['queries']:8} {row['rows']:5}"
        )
    bars = [bar(f"{row['page']}, × floor page", row["ratio"], row["bar"]) for row in rows if row["bar"]]
    return {"rows": rows, "leads": leads, "bars": bars}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--anew", action="store_true")
    options = parser.parse_args()
    store("search", run(options.leads, options.requests, anew=options.anew))


if __name__ == "__main__":
    main()
