"""The evidence-based probability of 100,000 open deals, against a bare UPDATE of the same rows.

    python -m bench.probability [--deals N] [--rounds N]

Builds what it needs in a database of its own (kept for the next run): deals with dossiers of every status and two
people on the committee of most. Then, several rounds, each case between bare UPDATEs:

- changed: every row marked stale, and every figure different afterwards, taken by the product's sweep
- night: everything computed by the nightly job and found right

The floor is one UPDATE of one column of every deal. Shown beside it: against an UPDATE of the columns that the job
writes, of its own narrow rows. Bar: ≤ 3 × bare.
"""

import argparse
import statistics

from bench.derived import LIMIT, compare, show, timed
from bench.place import bar, own_database, store
from bench.scoring import fill, sql

TABLE = "deals_evidenceprobability"
TOUCH = "UPDATE deals_opportunity SET last_activity_at = last_activity_at"


def build(deals: int) -> None:
    """Fill the database set-based, triggers and foreign keys off: rows as the domain would have made them."""
    from django.db import connection

    from deals.models import EvidenceProbability, Pipeline
    from deals.seeds import seed
    from qualification.models import Framework
    from qualification.seeds import seed as seed_frameworks

    seed_frameworks()
    seed()
    if EvidenceProbability.objects.count() == deals:
        return
    print(f"building {deals:,} deals")
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("TRUNCATE deals_opportunity, qualification_dossier RESTART IDENTITY CASCADE")
        cursor.execute("SET session_replication_role = replica")
        pipeline = Pipeline.objects.get(is_default=True).pk
        run = fill(cursor, deals=deals, framework=Framework.objects.get(slug="bant").pk, pipeline=pipeline)
        run(
            """
            INSERT INTO qualification_dossier (framework_id, created_at)
            SELECT :framework, now() FROM generate_series(1, :deals)
            """
        )
        run(
            """
            INSERT INTO qualification_dossierstatus
                (dossier_id, status, completeness, input_rev, computed_rev, attempts, last_error)
            SELECT id, (ARRAY['qualified', 'in_progress', 'at_risk', 'unqualified'])[1 + id % 4], id % 101, 1, 1, 0, ''
              FROM qualification_dossier
            """
        )
        run(
            """
            INSERT INTO deals_opportunity (name, dossier_id, type, source, product, pipeline_id, stage_id, outcome,
                stage_since, owner_name, needed_skills, amount, currency, forecast_category, compelling_event,
                next_step, created_at, last_activity_at, lost_reason, lost_to, no_go_reason, external_source,
                external_id, version)
            SELECT 'Deal ' || d.id, d.id, 'new', 'other', '', :pipeline, s.id, 'open', now(), '', '', 1000, 'USD',
                'pipeline', '', '', now(), now() - d.id % 50 * interval '1 day', '', '', '', '', '', 1
              FROM qualification_dossier d
              JOIN (SELECT id, row_number() OVER (ORDER BY "order") AS n FROM deals_stage
                     WHERE pipeline_id = :pipeline AND outcome = 'open') s ON s.n = 1 + d.id % 5
            """
        )
        run(
            """
            INSERT INTO deals_stakeholder (opportunity_id, name, job_title, email, role, influence, stance, is_both,
                note, created_at, version)
            SELECT o.id, 'Person ' || n, '', '',
                (ARRAY['economic_buyer', 'champion', 'blocker'])[1 + (o.id + n) % 3],
                (ARRAY['low', 'high'])[1 + o.id % 2],
                (ARRAY['supports', 'neutral', 'against', 'unknown'])[1 + o.id % 4],
                false, '', now(), 1
              FROM deals_opportunity o, generate_series(1, 2) AS n WHERE o.id % 5 > 0
            """
        )
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM (ANALYZE)")


def run(deals: int = 100_000, rounds: int = 3) -> dict:
    """Measure; the returned dict goes into bench/results.json."""
    own_database("presales_bench_probability", keep=True)
    from django.utils import timezone

    from deals import probability

    build(deals)
    probability.sweep_probabilities(timezone.now())
    wrong = f"UPDATE {TABLE} SET percent = (percent + 30) % 96, input_rev = input_rev + 1"
    cases = {
        "changed": (lambda: sql(wrong), lambda: probability.sweep_probabilities(timezone.now())),
        "night": (lambda: None, lambda: probability.repair(timezone.now())),
    }
    bare = (
        "percent = 95 - percent, history = history, dossier = dossier, committee = committee, activity = activity, "
        f"next_due_at = next_due_at {sign} interval '1 day', computed_rev = input_rev, computed_at = now(), "
        "attempts = 0, set_aside_at = NULL, last_error = ''"
        for sign in "+-"
    )
    seconds, ratios = compare(TABLE, tuple(bare), cases, rounds)
    floor = statistics.median(timed("deals_opportunity", lambda: sql(TOUCH)) for _ in range(rounds))
    seconds["deals"] = round(floor, 2)
    figures = {name: round(seconds[name] / floor, 2) for name in cases}
    return {
        "deals": deals,
        "seconds": seconds,
        "ratios": ratios,
        "bars": [
            *(bar(f"probabilities, {name}, × bare UPDATE of the deals", n, LIMIT) for name, n in figures.items()),
            bar("probabilities that differ afterwards", probability.repair(timezone.now()), 0),
        ],
    }


def main() -> int:
    """Run by the options given and print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deals", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    figures = run(options.deals, options.rounds)
    store("probability", figures)
    return show(figures)


if __name__ == "__main__":
    raise SystemExit(main())
