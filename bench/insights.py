"""The screens of figures over many deals with their history, against the bare aggregates that they cannot do without.

    python -m bench.insights [--deals N] [--rounds N]

Builds what it needs in a database of its own (kept for the next run): deals of two years, six in ten closed, each with
five rows of history. Then asks for each screen as an admin, the whole page with its rendering, in turn with its floor:
one SQL statement for each set of rows that the screen has to read, grouped once, without names, rates or filters.

Bars: each screen ≤ 2.5 × its floor, and at most 12 queries.
"""

import argparse
import datetime
import statistics
import sys
import time

from bench.place import bar, own_database, store
from bench.scoring import fill

HISTORY = 5
BAR, QUERIES = 2.5, 12


def build(deals: int) -> None:
    """Fill the database set-based, triggers and foreign keys off: rows as the domain would have made them."""
    from django.db import connection

    from deals.models import Opportunity, Pipeline
    from people.models import Role, User
    from qualification.models import Framework

    if Opportunity.objects.count() == deals:
        return
    print(f"building {deals:,} deals with {deals * HISTORY:,} rows of history", flush=True)
    event = Opportunity.pgh_event_model
    columns = [field.column for field in event._meta.concrete_fields if not field.name.startswith("pgh_")]
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(
            "TRUNCATE deals_opportunity, deals_opportunityevent, qualification_dossier RESTART IDENTITY CASCADE"
        )
        cursor.execute("TRUNCATE people_team, people_user RESTART IDENTITY CASCADE")
        cursor.execute("SET session_replication_role = replica")
        User.objects.create_user("admin@bench.example", name="Bench", role=Role.ADMIN)
        people = [
            User(email=f"{role}{n}@bench.example", name=f"{role} {n}", role=role)
            for role in ("ae", "se")
            for n in range(40)
        ]
        User.objects.bulk_create(people)
        pipeline = Pipeline.objects.get(is_default=True).pk
        framework = Framework.objects.get(slug="bant").pk
        run = fill(cursor, deals=deals, framework=framework, pipeline=pipeline, history=HISTORY)
        run("INSERT INTO people_team (name, regions, verticals, version) "
            "SELECT 'Team ' || n, '{}', '{}', 1 FROM generate_series(1, 10) n")  # fmt: skip
        run("INSERT INTO qualification_dossier (framework_id, created_at) "
            "SELECT :framework, now() FROM generate_series(1, :deals)")  # fmt: skip
        run("INSERT INTO qualification_dossierstatus "
            "(dossier_id, status, completeness, input_rev, computed_rev, attempts, last_error) "
            "SELECT id, 'in_progress', 50, 1, 1, 0, '' FROM qualification_dossier")  # fmt: skip
        run(
            """
            INSERT INTO deals_opportunity (name, dossier_id, type, source, product, pipeline_id, stage_id, outcome,
                stage_since, owner_id, owner_name, se_id, team_id, needed_skills, amount, currency, claimed_probability,
                forecast_category, close_date, compelling_event, next_step, created_at, last_activity_at, closed_on,
                lost_reason, lost_to, no_go_reason, external_source, external_id, version)
            SELECT 'Deal ' || id, id, (ARRAY['new', 'expansion', 'renewal'])[1 + id % 3], 'other', '', :pipeline, stage,
                outcome, began + interval '60 days', 2 + id % 40, '', CASE WHEN id % 3 > 0 THEN 42 + id % 40 END,
                1 + id % 10, '', 1000 + id % 90000, 'USD', NULLIF(id % 120, 0) % 100,
                (ARRAY['pipeline', 'best_case', 'commit', 'omitted'])[1 + id % 4],
                current_date + (id % 200)::int - 60, '', 'Call', began, began + interval '70 days',
                CASE WHEN outcome <> 'open' THEN (began + interval '60 days')::date END,
                CASE outcome WHEN 'lost' THEN 'price' ELSE '' END, '', CASE outcome WHEN 'no_go' THEN 'gap' ELSE '' END,
                '', '', 1
              FROM (SELECT d.id, s.id AS stage, s.outcome,
                           now() - interval '730 days' + (d.id * 7919 % 660) * interval '1 day'
                             + (d.id % 1440) * interval '1 minute' AS began
                      FROM qualification_dossier d
                      JOIN (SELECT id, outcome, row_number() OVER (ORDER BY "order", id) AS n FROM deals_stage
                             WHERE pipeline_id = :pipeline) s
                        ON s.n = CASE WHEN d.id % 10 < 4 THEN 1 + d.id % 5 ELSE 6 + d.id % 3 END) AS deal
            """
        )
        # Four rows on the way through the open stages, the last one as the deal is now.
        past = {
            "stage_id": "CASE WHEN n < :history THEN first.ids[n] ELSE o.stage_id END",
            "outcome": "CASE WHEN n < :history THEN 'open' ELSE o.outcome END",
            "closed_on": "CASE WHEN n = :history THEN o.closed_on END",
            "amount": "o.amount * (10 + n) / (10 + :history)",
            "close_date": "CASE WHEN o.id % 4 = 0 THEN o.close_date - 40 * (:history - n) ELSE o.close_date END",
        }
        values = ", ".join(past.get(name, f"o.{name}") for name in columns)
        run(
            f"""
            INSERT INTO {event._meta.db_table}
                (pgh_created_at, pgh_until, pgh_label, pgh_obj_id, pgh_context, {", ".join(columns)})
            SELECT o.created_at + (n - 1) * interval '15 days',
                CASE WHEN n < :history THEN o.created_at + n * interval '15 days' END,
                CASE n WHEN 1 THEN 'insert' ELSE 'update' END, o.id, '{{"channel": "web"}}', {values}
              FROM generate_series(1, :history) n, deals_opportunity o,
                   (SELECT array_agg(id ORDER BY "order") AS ids FROM deals_stage
                     WHERE pipeline_id = :pipeline AND outcome = 'open') first
            """
        )
        cursor.execute("SET session_replication_role = DEFAULT")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def floors(then: datetime.date, since: datetime.date) -> dict[str, list[tuple[str, list]]]:
    """The statements of each screen's floor."""
    from presales.validity import end_of

    held = "pgh_created_at < %s AND (pgh_until IS NULL OR pgh_until >= %s)"
    now, past = "deals_opportunity", f"deals_opportunityevent WHERE {held}"
    moment, before, today = end_of(then), end_of(since), end_of(datetime.date.today())

    def book(table: str, joint: str, values: list) -> list[tuple[str, list]]:
        return [
            (f"SELECT stage_id, owner_id, team_id, se_id, count(*), sum(amount) FROM {table} {joint} outcome = 'open' "
             "GROUP BY GROUPING SETS ((stage_id), (owner_id), (team_id), (se_id), ())", values),
            (f"SELECT date_trunc('quarter', closed_on), count(*), sum(amount), sum(closed_on - created_at::date) "
             f"FROM {table} {joint} outcome <> 'open' GROUP BY 1", values),
        ]  # fmt: skip

    # The pipeline's page also counts what is at risk, which only the deal's evidence, status and stage can tell.
    risk = (
        "SELECT count(*), sum(deal.amount) FROM deals_opportunity deal JOIN deals_stage stage ON stage.id = stage_id "
        "JOIN qualification_dossierstatus status USING (dossier_id) "
        "LEFT JOIN deals_evidenceprobability evidence ON evidence.opportunity_id = deal.id "
        "WHERE deal.outcome = 'open' AND (close_date < current_date OR status.status IN ('at_risk', 'disqualified') "
        "OR coalesce(claimed_probability, stage.probability) > evidence.percent + 20 "
        "OR last_activity_at + stage.rotting_days * interval '1 day' < now() OR close_date_pushes >= 3 "
        "OR next_step = '' OR next_step_on < current_date)"
    )
    period = "outcome = 'won' AND closed_on >= %s OR outcome = 'open' AND close_date >= %s"
    return {
        "pipeline": [*book(now, "WHERE", []), (risk, [])],
        "pipeline of a past day": book(past, "AND", [moment, moment]),
        "movement": [
            ("SELECT a.outcome, b.outcome, count(*), sum(a.amount), sum(b.amount) "
             f"FROM (SELECT pgh_obj_id, outcome, amount FROM {past}) b LEFT JOIN "
             f"(SELECT pgh_obj_id, outcome, amount FROM {past}) a USING (pgh_obj_id) GROUP BY 1, 2",
             [today, today, before, before]),
        ],
        "forecast": [
            (f"SELECT forecast_category, date_trunc('month', coalesce(closed_on, close_date)), sum(amount) FROM {now} "
             f"WHERE {period} GROUP BY 1, 2", [since, since]),
            (f"SELECT sum(amount) FROM {now} WHERE {period}", [since, since]),
        ],
        "goals": [(f"SELECT owner_id, team_id, sum(amount) FROM {now} WHERE {period} GROUP BY 1, 2", [since, since])],
        "velocity": [
            (f"SELECT se_id IS NULL, owner_id, team_id, count(*), sum(amount) FROM {now} "
             "GROUP BY GROUPING SETS ((se_id IS NULL), (owner_id), (team_id), ())", []),
            ("SELECT stage_id, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY gone - pgh_created_at) FROM "
             "(SELECT stage_id, pgh_created_at, lead(pgh_created_at) OVER (PARTITION BY pgh_obj_id "
             "ORDER BY pgh_id) AS gone FROM deals_opportunityevent) stay GROUP BY stage_id", []),
        ],
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deals", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    own_database("presales_bench_insights", keep=True)
    build(options.deals)

    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from people.models import User

    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(
        User.objects.get(email="admin@bench.example"), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    today = datetime.date.today()
    then, since = today - datetime.timedelta(days=200), today - datetime.timedelta(days=90)
    pages = {
        "pipeline": "/pipeline/", "pipeline of a past day": f"/pipeline/?as_of={then}",
        "movement": f"/insights/movement/?since={since}", "forecast": "/insights/forecast/",
        "goals": "/insights/goals/", "velocity": "/insights/velocity/",
    }  # fmt: skip
    bars, figures = [], {"deals": options.deals, "history": options.deals * HISTORY}
    print(f"{'screen':26} {'page ms':>9} {'floor ms':>9} {'ratio':>7} {'queries':>8}")
    for name, statements in floors(then, since).items():
        page, floor = [], []
        for _ in range(options.rounds):
            with connection.cursor() as cursor:
                started = time.perf_counter()
                for text, values in statements:
                    cursor.execute(text, values)
                    cursor.fetchall()
                floor.append(time.perf_counter() - started)
            started = time.perf_counter()
            response = client.get(pages[name])
            page.append(time.perf_counter() - started)
            assert response.status_code == 200, f"{name}: {response.status_code}"
        with CaptureQueriesContext(
            connection,
        ) as asked:
            client.get(pages[name])
        ratio = statistics.median(page) / statistics.median(floor)
        print(
            f"{name:26} {1000 * statistics.median(page):9.0f} {1000 * statistics.median(floor):9.0f} {ratio:7.2f} "
            f"{len(asked):8}",
            flush=True,
        )
        figures[name] = {
            "page_ms": round(1000 * statistics.median(page)), "floor_ms": round(1000 * statistics.median(floor)),
            "ratio": round(ratio, 2), "queries": len(asked),
        }  # fmt: skip
        bars += [bar(f"{name}, of its floor", round(ratio, 2), BAR), bar(f"{name}, queries", len(asked), QUERIES)]
    store("insights", {**figures, "bars": bars})
    return int(not all(line["holds"] for line in bars))


if __name__ == "__main__":
    sys.exit(main())
