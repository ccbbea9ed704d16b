"""Deriving the qualification status of 100,000 dossiers, against a bare UPDATE of the same rows.

    python -m bench.qualification [--dossiers N] [--rounds N]

Builds what it needs in a database of its own (kept for the next run): dossiers by BANT and MEDDICC, evidence for most
of their criteria, earlier entries superseded. Then, several rounds, each case between bare UPDATEs:

- changed: every status marked stale by its input and different afterwards, taken by the product's sweep
- due: a deadline of every dossier has passed, and every status is different afterwards
- night: every status computed by the nightly job and found right

The floor is one UPDATE of the columns that the job writes, of every row. Bar (quality.md): ≤ 3 × bare.
"""

import argparse
import statistics

from bench.derived import LIMIT, compare, show
from bench.place import bar, own_database, store
from bench.scoring import fill, sql

TABLE = "qualification_dossierstatus"


def build(dossiers: int) -> None:
    """Fill the database set-based, triggers and foreign keys off: rows as the domain would have made them."""
    from django.db import connection

    from people.models import Team
    from qualification.models import DossierStatus, Framework, TeamPolicy

    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        if DossierStatus.objects.count() == dossiers:
            return
        print(f"building {dossiers:,} dossiers")
        bant, meddicc = (Framework.objects.get(slug=slug).pk for slug in ("bant", "meddicc"))
        cursor.execute(
            "TRUNCATE qualification_dossier, qualification_evidence, qualification_dossierstatus, people_team "
            "RESTART IDENTITY CASCADE"
        )
        cursor.execute("SET session_replication_role = replica")
        run = fill(cursor, dossiers=dossiers, bant=bant, meddicc=meddicc)
        teams = Team.objects.bulk_create(Team(name=f"Team {n}") for n in range(1, 21))
        TeamPolicy.objects.bulk_create(
            TeamPolicy(team=team, framework_id=bant, minimum_budget=20_000 + 5_000 * (number % 5),
                       timeline_months=3 + number % 9, stale_after_days=30 + number % 40)
            for number, team in enumerate(teams) if number % 2
        )  # fmt: skip
        run(
            """
            INSERT INTO qualification_dossier (framework_id, team_id, disqualified_at, created_at)
            SELECT CASE WHEN n % 4 = 0 THEN :meddicc ELSE :bant END, 1 + n % 20,
                CASE WHEN n % 25 = 0 THEN now() END, now()
            FROM generate_series(1, :dossiers) n
            """
        )
        # Two of three criteria are known; every fifth of those was recorded twice.
        run(
            """
            INSERT INTO qualification_evidence (dossier_id, criterion_id, level, text, source_person, source_place,
                observed_on, link, amount, currency, decision_on, person_name, recorded_at, superseded_at, is_withdrawn)
            SELECT d.id, c.id, level, 'They told us in the second call', 'Lena Ortiz, CTO', 'call',
                current_date - days, '', CASE WHEN c.fact = 'money' THEN 10000 + d.id % 90000 END, 'USD',
                CASE WHEN c.fact = 'date' THEN current_date + 5 + days * 3 END,
                CASE WHEN c.fact = 'person' THEN 'Lena Ortiz' ELSE '' END, now(), superseded, false
            FROM qualification_dossier d JOIN qualification_criterion c USING (framework_id),
                LATERAL (SELECT ((d.id * 7919 + c.id * 104729) % 997)::int AS mix) m,
                LATERAL (SELECT mix % 61 AS days, (ARRAY[2, 3, 2, 1, 2, -1, 3])[1 + mix % 7] AS level) e,
                LATERAL (SELECT NULL::timestamptz AS superseded UNION ALL SELECT now() WHERE mix % 5 = 0) s
            WHERE mix % 3 > 0 OR d.id % 10 = 0
            ORDER BY d.id, c.id
            """
        )
        cursor.execute("SET session_replication_role = origin")
        cursor.execute(
            """
            INSERT INTO qualification_dossierstatus
                (dossier_id, status, completeness, input_rev, computed_rev, attempts, last_error)
            SELECT id, 'unqualified', 0, 1, 0, 0, '' FROM qualification_dossier ORDER BY id
            """
        )
        cursor.execute("VACUUM (ANALYZE) qualification_dossier, qualification_evidence, qualification_dossierstatus")


def wrong(what: str) -> None:
    """Give every row another status than is right, and `what` makes the sweep take it."""
    sql(
        "UPDATE qualification_dossierstatus SET completeness = 100 - completeness, "
        "status = CASE status WHEN 'in_progress' THEN 'unqualified' ELSE 'in_progress' END, " + what
    )


def run(dossiers: int = 100_000, rounds: int = 3) -> dict:
    """Measure; the returned dict goes into bench/results.json."""
    own_database("presales_bench_qualification", keep=True)
    from django.utils import timezone

    from qualification import status

    build(dossiers)
    status.sweep_statuses(timezone.now())
    cases = {
        "changed": (
            lambda: wrong("input_rev = input_rev + 1"),
            lambda: status.sweep_statuses(timezone.now()),
        ),
        "due": (
            lambda: wrong("next_due_at = date_trunc('day', now())"),
            lambda: status.sweep_statuses(timezone.now()),
        ),
        "night": (lambda: None, lambda: status.repair(timezone.now())),
    }
    bare = (
        "completeness = 100 - completeness, status = status, weakest_id = weakest_id, next_stale_on = next_stale_on, "
        f"next_due_at = next_due_at {sign} interval '1 day', computed_rev = input_rev, computed_at = now(), "
        "attempts = 0, last_error = ''"
        for sign in "+-"
    )
    seconds, ratios = compare(TABLE, tuple(bare), cases, rounds)
    differing = len(status.differences(timezone.now()))
    figures = {name: round(statistics.median(values), 2) for name, values in ratios.items()}
    return {
        "dossiers": dossiers,
        "seconds": seconds,
        "ratios": ratios,
        "bars": [
            *(bar(f"statuses, {name}, × bare UPDATE", figure, LIMIT) for name, figure in figures.items()),
            bar("statuses that differ afterwards", differing, 0),
        ],
    }


def main() -> int:
    """Run by the options given and print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dossiers", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    figures = run(options.dossiers, options.rounds)
    store("qualification", figures)
    return show(figures)


if __name__ == "__main__":
    raise SystemExit(main())
