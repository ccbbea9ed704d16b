"""The screens of figures over many deals with their history, against the bare aggregates that they cannot do without.

    python -m bench.insights [--deals N] [--rounds N] [--anew]

Builds what it needs in a database of its own (kept for the next run): deals of two years, six in ten closed, each with
five rows of history, and beside them leads, meetings, technical decisions, POCs, claims, competitors, autopsies and
gaps; all set-based, indexes made afterwards. Then asks for each screen as an admin, the whole page with its rendering,
in turn with its floor: one SQL statement for each set of rows that the screen has to read, grouped once, without
names, rates or filters. A past day has the floor of its screen over the history instead of the deals. A floor follows
its screen: where a screen has found out how to read less, its floor reads no more (the medians of the funnel and of the
stays are those shown; the dossiers of a past day are those of deals that nothing else puts at risk).

Bars: each screen ≤ 2.5 × its floor, and at most 12 queries.
"""

import argparse
import datetime
import statistics
import sys
import time

from bench.insights_book import HISTORY, build
from bench.place import bar, own_database, store

BAR, QUERIES = 2.5, 12


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
    # Of a past day the dossier and the technical decision as they were, and the dates it was pushed to: but only of a
    # deal that nothing told by itself and its stage puts at risk already, since one risk is all that is counted.
    past_risk = (
        "WITH deal AS MATERIALIZED (SELECT told.pgh_obj_id, told.dossier_id, told.amount, told.close_date < %s "
        "OR next_step_missing OR CASE WHEN live.last_activity_at < %s THEN live.last_activity_at ELSE told.created_at "
        "END + stage.rotting_days * interval '1 day' < %s AS settled "
        "FROM (SELECT *, next_step = '' OR next_step_on < %s AS next_step_missing "
        f"FROM {past} AND outcome = 'open') told "
        "JOIN deals_stage stage ON stage.id = stage_id JOIN deals_opportunity live ON live.id = pgh_obj_id) "
        "SELECT count(*), sum(amount), 0 FROM deal WHERE settled UNION ALL "
        "SELECT count(*), sum(amount), sum(dates) FROM (SELECT *, "
        "(SELECT count(close_date) FROM deals_opportunityevent told "
        "WHERE told.pgh_obj_id = deal.pgh_obj_id AND told.pgh_created_at < %s) AS dates "
        "FROM deal WHERE settled IS NOT TRUE OFFSET 0) deal "
        "JOIN qualification_dossier dossier ON dossier.id = deal.dossier_id "
        "JOIN qualification_criterion criterion USING (framework_id) "
        "LEFT JOIN deals_technicalwin win ON win.opportunity_id = pgh_obj_id"
    )
    period = "outcome = 'won' AND closed_on >= %s OR outcome = 'open' AND close_date >= %s"
    year = datetime.date.today() - datetime.timedelta(days=365)
    ended = "deal.outcome <> 'open' AND deal.closed_on >= %s"

    def work(table: str, joint: str, values: list, key: str) -> list[tuple[str, list]]:
        deal = f"(SELECT {key} AS deal_id, se_id, outcome, closed_on, amount FROM {table} {joint} TRUE) deal"
        return [
            (f"SELECT se_id, outcome, count(*), sum(amount) FROM {deal} GROUP BY 1, 2", values),
            (f"SELECT se_id, win.state, count(*), avg(satisfaction) FROM {deal} JOIN deals_technicalwin win "
             "ON win.opportunity_id = deal_id WHERE decided_on >= %s GROUP BY 1, 2", [*values, year]),
            (f"SELECT se_id, date_trunc('week', ends_at), count(*) FROM {deal} JOIN deals_meeting meeting "
             "ON meeting.opportunity_id = deal_id WHERE kind = 'demo' AND ends_at >= %s GROUP BY 1, 2",
             [*values, year]),
            (f"SELECT se_id, date_trunc('week', started_on), count(*) FROM {deal} JOIN deals_poc poc "
             "ON poc.opportunity_id = deal_id WHERE started_on >= %s GROUP BY 1, 2", [*values, year]),
            (f"SELECT deal.se_id, count(*), avg(claimed_at - entered_at) FROM {deal} JOIN deals_queueentry entry "
             "ON entry.opportunity_id = deal_id JOIN deals_claim claim ON claim.opportunity_id = deal_id "
             "WHERE claimed_at >= %s GROUP BY 1", [*values, year]),
        ]  # fmt: skip

    load = f"SELECT se_id, stage_id, count(*) FROM {past} AND outcome = 'open' GROUP BY 1, 2"
    return {
        "pipeline": [*book(now, "WHERE", []), (risk, [])],
        "pipeline of a past day": [
            *book(past, "AND", [moment, moment]), (past_risk, [then, moment, moment, then, moment, moment, moment]),
        ],
        "movement": [
            ("SELECT a.outcome, b.outcome, count(*), sum(a.amount), sum(b.amount) "
             f"FROM (SELECT pgh_obj_id, outcome, amount FROM {past}) b LEFT JOIN "
             f"(SELECT pgh_obj_id, outcome, amount FROM {past}) a USING (pgh_obj_id) GROUP BY 1, 2",
             [today, today, before, before]),
        ],
        "forecast": [
            (f"SELECT forecast_category, date_trunc('month', coalesce(closed_on, close_date)), sum(amount) FROM {now} "
             f"WHERE {period} GROUP BY 1, 2", [since, since]),
            (f"SELECT sum(amount * percent) FROM {now} LEFT JOIN deals_evidenceprobability evidence "
             f"ON evidence.opportunity_id = id WHERE {period}", [since, since]),
        ],
        # Who got how far by source and month, and the medians of all leads, which alone are shown.
        "funnel": [
            ("SELECT lead.source, date_trunc('month', lead.created_at), count(*), count(mql_at), count(accepted_at), "
             "count(qualified_at), count(converted_at), count(deal.id) FROM leads_lead lead "
             "LEFT JOIN deals_opportunity deal ON deal.lead_id = lead.id AND deal.outcome = 'won' GROUP BY 1, 2", []),
            ("SELECT " + ", ".join(
                 f"percentile_cont(0.5) WITHIN GROUP (ORDER BY {after} - {before})"
                 for before, after in (("created_at", "mql_at"), ("mql_at", "accepted_at"),
                                       ("accepted_at", "qualified_at"), ("qualified_at", "converted_at"))
             ) + " FROM leads_lead", []),
        ],
        "velocity": [
            (f"SELECT se_id IS NULL, owner_id, team_id, count(*), sum(amount) FROM {now} "
             "GROUP BY GROUPING SETS ((se_id IS NULL), (owner_id), (team_id), ())", []),
            ("SELECT stage_id, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY gone - pgh_created_at) FROM "
             "(SELECT stage_id, pgh_created_at, lead(pgh_created_at) OVER (PARTITION BY pgh_obj_id "
             "ORDER BY pgh_id) AS gone FROM deals_opportunityevent) stay WHERE gone >= %s GROUP BY stage_id", [year]),
        ],
        "se team": work(now, "WHERE", [], "id"),
        "se team of a past day": [
            *work(past, "AND", [moment, moment], "pgh_obj_id"), (load, [moment, moment]),
        ],
        "pairings": [
            (f"SELECT owner_id, se_id, count(*), sum(amount), sum(closed_on - created_at::date) FROM {now} deal "
             f"WHERE {ended} GROUP BY 1, 2", [year]),
            (f"SELECT owner_id, se_id, count(*) FROM {now} deal JOIN deals_meeting meeting "
             "ON meeting.opportunity_id = deal.id WHERE ends_at >= %s GROUP BY 1, 2", [year]),
        ],
        "happy ears": [
            (f"SELECT owner_id, count(*), sum(amount * percent) FROM {now} JOIN deals_evidenceprobability evidence "
             "ON evidence.opportunity_id = id WHERE outcome = 'open' GROUP BY 1", []),
            (f"SELECT deal.id FROM {now} deal JOIN deals_evidenceprobability evidence ON evidence.opportunity_id = id "
             "WHERE outcome = 'open' AND claimed_probability > percent + 20 ORDER BY amount DESC LIMIT 25", []),
            (f"SELECT date_trunc('quarter', deal.closed_on), count(*), avg(event.claimed_probability) FROM {now} deal "
             "JOIN deals_opportunityevent event ON event.pgh_obj_id = deal.id AND event.pgh_created_at < "
             "(deal.closed_on - 30)::timestamptz AND (pgh_until IS NULL OR pgh_until >= "
             f"(deal.closed_on - 30)::timestamptz) WHERE {ended} GROUP BY 1", [year]),
        ],
        "goals": [(f"SELECT owner_id, team_id, sum(amount) FROM {now} WHERE {period} GROUP BY 1, 2", [since, since])],
        "win and loss": [
            (f"SELECT outcome, lost_reason, count(*), sum(amount), sum(closed_on - created_at::date) FROM {now} deal "
             f"WHERE {ended} GROUP BY 1, 2", [year]),
            (f"SELECT rival.name, deal.outcome, count(*), sum(amount) FROM {now} deal JOIN deals_competitor rival "
             f"ON rival.opportunity_id = deal.id WHERE {ended} GROUP BY 1, 2", [year]),
            (f"SELECT count(*), count(agreed_at) FROM {now} deal JOIN deals_autopsy autopsy "
             f"ON autopsy.opportunity_id = deal.id WHERE {ended}", [year]),
            (f"SELECT gap_id, deal.outcome, count(*), sum(amount) FROM {now} deal JOIN deals_requirement wanted "
             "ON wanted.opportunity_id = deal.id WHERE fit = 'gap' GROUP BY 1, 2", []),
        ],
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deals", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--anew", action="store_true", help="build the database again")
    options = parser.parse_args()
    own_database("presales_bench_insights", keep=not options.anew)
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
        "goals": "/insights/goals/", "velocity": "/insights/velocity/", "funnel": "/insights/funnel/",
        "se team": "/insights/se_team/", "se team of a past day": f"/insights/se_team/?as_of={then}",
        "pairings": "/insights/pairings/", "happy ears": "/insights/happy_ears/",
        "win and loss": "/insights/win_loss/",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")  # what takes too long is to be measured, not cut off
    client.get(pages["goals"])  # what a process loads once, before its first page, is no screen's
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
