"""Rescoring a million leads with five million engagements, against a bare UPDATE of the same rows.

    python -m bench.scoring [--leads N] [--engagements N] [--rounds N]

Builds what it needs in a database of its own (kept for the next run), then measures in turn, several
rounds, the table vacuumed and a checkpoint made before every measurement so that all start alike:

- bare: one UPDATE of one column of every row, the floor
- night: a new day for every range, decay only, every row changing / 1 % changing
- rules: new points of the rules for every range, every row changing / 1 % changing
- afresh: the same with nothing remembered of any lead, as when leads are scored for the first time; every row changing
- inputs: 1 % of the leads changed and marked stale, found and scored

Bars (quality.md): every row changing ≤ 2 × bare, 1 % changing ≤ 0.25 × bare.
"""

import argparse
import datetime
import os
import statistics
import time
from pathlib import Path

from bench.place import bar, own_database, store

BARS = {
    "night, all": 2.0,
    "rules, all": 2.0,
    "night, 1 %": 0.25,
    "inputs, 1 %": 0.25,
    "rules, 1 %": None,
    "afresh, all": None,
}


def fill(cursor, **figures: int):
    """A function that runs SQL with `:name` replaced by the figure of that name."""

    def run(query: str) -> None:
        for name, figure in figures.items():
            query = query.replace(f":{name}", str(figure))
        cursor.execute(query)

    return run


def build(leads: int, engagements: int) -> None:
    """Fill the database set-based, triggers and foreign keys off: rows as the domain would have made them."""
    from django.db import connection

    from leads.models import Lead

    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        if Lead.objects.count() == leads:
            return
        print(f"building {leads:,} leads with {engagements:,} engagements")
        cursor.execute(
            "TRUNCATE leads_lead, leads_company, leads_engagement, leads_leadscore, leads_scorerange, "
            "leads_scoreinputs RESTART IDENTITY CASCADE"
        )
        cursor.execute("SET session_replication_role = replica")
        run = fill(cursor, leads=leads, engagements=engagements)
        run(
            """
            INSERT INTO leads_company (name, name_key, domain, industry, employees, annual_revenue, country, region,
                technologies, created_at, version)
            SELECT 'Company ' || n, 'company ' || n, 'c' || n || '.example',
                (ARRAY['Software', 'Retail', 'Manufacturing', 'Healthcare', 'Education', ''])[1 + n % 6],
                CASE WHEN n % 7 = 0 THEN NULL ELSE (n * 37) % 5000 + 1 END,
                CASE WHEN n % 5 = 0 THEN NULL ELSE (n * 7919) % 90000000 END, 'Germany',
                (ARRAY['EMEA', 'AMER', 'APAC'])[1 + n % 3],
                (ARRAY['{}', '{AWS,Kafka}', '{Azure}', '{SAP,Oracle}'])[1 + n % 4]::varchar[], now(), 1
            FROM generate_series(1, :leads / 5) n
            """,
        )
        run(
            """
            INSERT INTO leads_lead (name, name_key, email, email_key, phone, job_title, seniority, function, company_id,
                source, campaign, consent, notes, owner_name, stage, stage_since, return_reason, disqualify_reason,
                external_source, external_id, created_at, version, nurture_until)
            SELECT 'Lead ' || n, 'lead ' || n, m, m, CASE WHEN n % 3 = 0 THEN '' ELSE '+1 555 ' || n END,
                (ARRAY['VP Engineering', 'Analyst', 'Director of IT', 'Data engineer', 'Student', ''])[1 + n % 6],
                (ARRAY['vp', 'individual', 'director', 'individual', 'entry', ''])[1 + n % 6],
                (ARRAY['engineering', 'data', 'it', 'engineering', '', ''])[1 + n % 6],
                1 + n % (:leads / 5),
                (ARRAY['web_form', 'demo_signup', 'event', 'referral', 'content'])[1 + n % 5], '',
                (ARRAY['unknown', 'given', 'given', 'withdrawn'])[1 + n % 4], '', '',
                CASE WHEN n % 5 = 0 THEN 'new' ELSE 'nurture' END, now(), '', '', '', '', now(), 1,
                CASE WHEN n % 5 > 0 THEN current_date + 200 END
            FROM generate_series(1, :leads) n,
                LATERAL (SELECT 'lead' || n || CASE WHEN n % 4 = 0 THEN '@gmail.com' ELSE '@c.example' END AS m) e
            """,
        )
        run(
            """
            INSERT INTO leads_engagement (lead_id, kind, channel, note, weight, occurred_at, created_at)
            SELECT 1 + (n * 7919) % :leads, (ARRAY['page_visit', 'email_opened', 'page_visit', 'email_clicked',
                'page_visit', 'content_downloaded', 'email_opened', 'webinar_attended', 'meeting',
                'demo_request'])[1 + n % 10],
                'web', '', 1, at, at
            FROM generate_series(1, :engagements::bigint) n,
                LATERAL (SELECT now() - (n % 173) * interval '16 hours' AS at) w
            """,
        )
        cursor.execute("SET session_replication_role = origin")
        cursor.execute(
            """
            INSERT INTO leads_leadscore (lead_id, fit, engagement, total, grade, band, masses, mass_rev, input_rev,
                computed_rev, attempts, last_error)
            SELECT id, 0, 0, 0, 'D4', 'cold', '{}', 0, 1, 1, 0, '' FROM leads_lead ORDER BY id
            """
        )
        cursor.execute("VACUUM (ANALYZE) leads_lead, leads_company, leads_engagement, leads_leadscore")


def settle() -> None:
    """The same start for every measurement: no dead rows, fresh statistics, no pending checkpoint."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) leads_leadscore")
        cursor.execute("CHECKPOINT")


def busy_seconds() -> float:
    """Seconds of processor that this process and its database connection have used, whoever else is busy."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        stat = Path("/proc", str(cursor.fetchone()[0]), "stat")
    of_database = sum(map(int, stat.read_text().rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")
    return time.process_time() + of_database


def sql(query: str) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.rowcount


class Rescore:
    """Prepares the rows so that a run has to change all or 1 % of them, then runs it."""

    def __init__(self) -> None:
        self.now = datetime.datetime.now(datetime.UTC)

    def spoil(self, share: int) -> None:
        """Give one row in `share` the figures it may have had a day ago, one point higher and due today."""
        sql(
            "UPDATE leads_leadscore SET total = least(total + 1, 100), engagement = least(engagement + 1, 100), "
            f"next_due_at = date_trunc('day', now()) WHERE lead_id % {share} = 0"
        )

    def ranges(self) -> int:
        """What a sweep does, in this one process; the nightly tasks do the same in several."""
        from leads.scoring import engine
        from leads.scoring.rules import Ruleset

        rules = Ruleset.load()
        return sum(engine.score_range(first, self.now, rules) for first in engine.behind(self.now, rules))

    def night(self, share: int) -> float:
        self.spoil(share)
        sql("UPDATE leads_scorerange SET day = day - 1")
        return self.timed(self.ranges)

    def other_points(self) -> None:
        """A revision in which one rule, and only every other time, gives a point more."""
        sql(
            "UPDATE leads_scoringrule SET points = points + CASE WHEN points % 2 = 0 THEN 1 ELSE -1 END "
            "WHERE id = (SELECT min(id) FROM leads_scoringrule WHERE field = 'function')"
        )
        sql("UPDATE leads_scoringsettings SET revision = revision + 1")

    def rules(self, share: int, *, afresh: bool = False) -> float:
        """New rules; where only some rows are to change, rules that say the same."""
        self.spoil(share)
        if afresh:
            sql("DELETE FROM leads_scoreinputs")
        if share == 1:
            self.other_points()
        sql("UPDATE leads_scoringsettings SET revision = revision + 1")
        return self.timed(self.ranges)

    def inputs(self, share: int) -> float:
        from leads.scoring import engine

        sql(
            "UPDATE leads_leadscore SET input_rev = input_rev + 1, total = least(total + 1, 100) "
            f"WHERE lead_id % {share} = 0"
        )

        def run() -> int:
            done = 0
            while taken := engine.score_stale(self.now):
                done += taken
            return done

        return self.timed(run)

    def bare(self) -> float:
        return self.timed(lambda: sql("UPDATE leads_leadscore SET total = 100 - total"))

    def timed(self, work) -> float:
        settle()
        started, busy = time.perf_counter(), busy_seconds()
        self.written = work()
        self.busy = busy_seconds() - busy
        return time.perf_counter() - started


def run(leads: int = 1_000_000, engagements: int = 5_000_000, rounds: int = 3, only: str = "") -> dict:
    """Measure; the returned dict goes into bench/results.json."""
    from leads.scoring import verify
    from leads.scoring.sweep import sweep

    build(leads, engagements)
    started = time.perf_counter()
    first = sweep()
    print(f"first scoring, masses summed from the events: {time.perf_counter() - started:.1f} s, {first.ranges} ranges")
    rescore = Rescore()
    cases = {
        "night, all": lambda: rescore.night(1),
        "rules, all": lambda: rescore.rules(1),
        "afresh, all": lambda: rescore.rules(1, afresh=True),
        "night, 1 %": lambda: rescore.night(100),
        "rules, 1 %": lambda: rescore.rules(100),
        "inputs, 1 %": lambda: rescore.inputs(100),
    }
    cases = {name: case for name, case in cases.items() if only in name}
    seconds: dict[str, list[float]] = {name: [] for name in ("bare", *cases)}
    ratios: dict[str, list[float]] = {name: [] for name in cases}
    written: dict[str, int] = {}
    for number in range(rounds):
        print(f"round {number + 1}")
        for name, case in cases.items():
            # The floor right before and after each case, so that both meet the machine in the same mood. It turns
            # every score round; twice leaves them as they were.
            before = rescore.bare()
            sql("UPDATE leads_leadscore SET total = 100 - total")
            taken = case()
            written[name] = rescore.written
            after = rescore.bare()
            sql("UPDATE leads_leadscore SET total = 100 - total")
            seconds["bare"] += [before, after]
            seconds[name].append(taken)
            ratios[name].append(taken / ((before + after) / 2))
    differing = len(verify.differences())
    rows = []
    for name in cases:
        limit = BARS[name]
        ratio = statistics.median(ratios[name])
        rows.append(
            {
                "what": name,
                "seconds": round(statistics.median(seconds[name]), 2),
                "rows_written": written[name],
                "ratio": round(ratio, 3),
                "ratios": [round(value, 3) for value in ratios[name]],
                "bar": limit,
                "met": limit is None or ratio <= limit,
            }
        )
    bare = statistics.median(seconds["bare"])
    print(f"\nbare UPDATE of {leads:,} rows: {bare:.2f} s (median of {len(seconds['bare'])})")
    print(f"{'rescore':<14}{'seconds':>9}{'written':>11}{'ratio':>8}{'bar':>7}  each round")
    for row in rows:
        limit = f"{row['bar']:.2f}" if row["bar"] else "–"
        print(
            f"{row['what']:<14}{row['seconds']:>9.2f}{row['rows_written']:>11,}{row['ratio']:>8.2f}{limit:>7}  "
            + ", ".join(f"{value:.2f}" for value in row["ratios"])
            + ("" if row["met"] else "  MISSED")
        )
    print(f"afterwards {differing} of {leads:,} stored scores differ from a fresh computation")
    bars = [
        bar(f"rescore, {row['what']} changing, × bare UPDATE", row["ratio"], row["bar"]) for row in rows if row["bar"]
    ]
    bars.append(bar("scores that differ afterwards", differing, 0))
    return {"leads": leads, "engagements": engagements, "bare_seconds": round(bare, 2), "rows": rows, "bars": bars}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--engagements", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help='cases whose name has this, e.g. "night"')
    options = parser.parse_args()
    own_database("presales_bench", keep=True)
    store("scoring", run(options.leads, options.engagements, options.rounds, options.only))


if __name__ == "__main__":
    main()
