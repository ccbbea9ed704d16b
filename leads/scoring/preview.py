"""What changed rules would do, before anybody saves them: computed in the database, nothing written."""

import datetime
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from leads.models.leads import LeadStage
from leads.scoring import compile as sql
from leads.scoring import engine, masses
from leads.scoring.rules import DEFAULT_THRESHOLD, Ruleset

SHOWN = 50
SECONDS = 60


@dataclass(frozen=True)
class Move:
    """A lead that crosses its team's threshold."""

    lead_id: int
    name: str
    company: str
    stage: str
    before: int
    after: int
    rises: bool

    @property
    def stage_label(self) -> str:
        """New or MQL."""
        return LeadStage(self.stage).label


@dataclass(frozen=True)
class Preview:
    """How many leads cross the threshold, and up to SHOWN of them, the largest changes first."""

    over: int
    under: int
    moves: list[Move]

    @property
    def more(self) -> int:
        """How many cross without being listed."""
        return self.over + self.under - len(self.moves)


@transaction.atomic
def preview(draft: Ruleset, thresholds: dict[int, int], now: datetime.datetime | None = None) -> Preview:
    """Which leads that no AE has accepted yet would move over or under their team's MQL threshold.

    Compares the stored scores and thresholds with those by `draft` and `thresholds` (by team id). Where the half-life
    differs, the masses are summed from the events for this once.
    """
    engine.raise_time_limit(SECONDS)
    stored = Ruleset.load()
    scope = sql.Sql(
        "l.stage = ANY(%s) AND l.merged_into_id IS NULL AND l.return_reason = ''", ([LeadStage.NEW, LeadStage.MQL],)
    )
    if draft.half_life_days == stored.half_life_days:
        table, of_table = "leads_leadscore", ()
    else:
        table = f"""(SELECT k.lead_id, k.total, coalesce(f.masses, '{{}}') AS masses FROM leads_leadscore k
            LEFT JOIN ({masses.fresh()}) f ON f.lead_id = k.lead_id)"""  # noqa: S608
        table = table.replace("/*scope*/", "")
        of_table = tuple(masses.fresh_parameters(draft))
    of_fit, of_engagement = sql.fit(draft), sql.exact_engagement(draft, engine.day_of(now or timezone.now()))
    source = sql.Sql(
        f"""
        SELECT s.lead_id, l.name, coalesce(c.name, '') AS company, l.stage, s.total AS before,
            coalesce(p.mql_threshold, %s) AS old_limit, coalesce(w.threshold, p.mql_threshold, %s) AS new_limit,
            {of_fit.text} AS fit, {of_engagement.text} AS exact
        FROM {table} s {sql.LEADS_AND_COMPANIES}
            LEFT JOIN leads_teampolicy p ON p.team_id = l.team_id
            LEFT JOIN unnest(%s::bigint[], %s::int[]) AS w (team_id, threshold) ON w.team_id = l.team_id
        WHERE {scope.text}
        """,  # noqa: S608
        (
            DEFAULT_THRESHOLD,
            DEFAULT_THRESHOLD,
            *of_fit.parameters,
            *of_engagement.parameters,
            *of_table,
            list(thresholds),
            list(thresholds.values()),
            *scope.parameters,
        ),
    )
    new = sql.figures(
        draft,
        engine.day_of(now or timezone.now()),
        source,
        ("lead_id", "name", "company", "stage", "before", "old_limit", "new_limit"),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT n.lead_id, n.name, n.company, n.stage, n.before, n.total, n.total >= n.new_limit,
                count(*) FILTER (WHERE n.total >= n.new_limit) OVER (), count(*) OVER ()
            FROM ({new.text}) n
            WHERE (n.before >= n.old_limit) <> (n.total >= n.new_limit)
            ORDER BY abs(n.total - n.before) DESC, n.lead_id LIMIT %s
            """,  # noqa: S608
            [*new.parameters, SHOWN],
        )
        rows = cursor.fetchall()
    over, both = (rows[0][7], rows[0][8]) if rows else (0, 0)
    return Preview(over=over, under=both - over, moves=[Move(*row[:7]) for row in rows])
