"""From a figure to the rows behind it where those are no deals, each kind from the statement that the figure counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from deals.models import HUDDLE_POINTS, Autopsy, LostReason, MeetingKind, Outcome, TechnicalState
from insights import addresses, drill, periods
from insights.filters import Filters
from insights.queries import past
from insights.queries.book import ZERO, in_company_currency
from insights.queries.forecast import made
from insights.queries.meetings import HELD, span
from insights.queries.pairings import TREND, checks, shown
from insights.queries.product_gaps import parts
from insights.queries.quotas import quarters_in
from insights.queries.se_team import CLAIMED, DECISIONS, SHOWN, clock, whole_question
from insights.queries.velocity import STAYS
from insights.tables import Column
from presales.quarters import label, quarter_start

AT_ONCE = 50
COLUMNS = ("id", "name", "company_id", "owner_id", "se_id", "team_id")
Found = tuple[list[tuple], int]


@dataclass(frozen=True)
class Kind:
    """One kind of rows: what the page is called, its columns after the deal's, and how they are found."""

    title: str
    columns: list[Column]
    find: Callable[[Filters, Mapping[str, str], int, int | None], Found]
    of_deals: bool = True
    """Whether each row begins with a deal."""


def address(what: str, params: Mapping[str, str], **narrow: object) -> str:
    """Where the rows of that kind are listed, with filters as they stand in an address."""
    return addresses.to("behind", what, params={**params, **narrow})


def url(what: str, filters: Filters, **narrow: object) -> str:
    """The same with the filters of a screen."""
    return address(what, filters.params(), **narrow)


def _asked(statement: str, columns: str, parameters: dict, offset: int, limit: int | None, where: str = "") -> Found:
    """`columns` of the rows `told` of a statement, the greatest of the first column first, each with its deal, and how
    many there are with it. Names are looked up for the rows that are shown alone."""
    first = columns.partition(",")[0]
    question = f"""{statement}
        SELECT deal.id, deal.name, company.name, {columns}, told.found
          FROM (SELECT told.*, count(*) OVER () AS found FROM told {f"WHERE {where}" if where else ""}
                 ORDER BY {first} DESC, told.id DESC OFFSET %(offset)s LIMIT %(limit)s) AS told
          JOIN deal ON deal.id = told.id LEFT JOIN leads_company company ON company.id = deal.company_id
         ORDER BY {first} DESC, deal.id DESC
    """  # noqa: S608  our own text
    with connection.cursor() as cursor:
        cursor.execute(question, parameters | {"offset": offset, "limit": limit})
        rows = cursor.fetchall()
    return [row[:-1] for row in rows], rows[0][-1] if rows else 0


def _deals(filters: Filters, data: Mapping[str, str], counted: bool) -> tuple[str, dict]:
    deals = drill.narrowed(filters, filters.book(), data)
    if counted:
        deals = in_company_currency(deals, filters.day)
    return past.named(*deals.order_by().values(*COLUMNS).query.sql_with_params(), "deal")


def _meetings(filters: Filters, data: Mapping[str, str], offset: int, limit: int | None) -> Found:
    deals, own = _deals(filters, data, counted=False)
    since, until = span(filters)
    statement = f"WITH deal AS MATERIALIZED ({deals}), told AS ({HELD.replace('({deals})', 'deal')})"
    where = " AND ".join(f"told.{name}" for name in ("huddled", "debriefed") if data.get("only") == name)
    own |= {"now": filters.now, "points": HUDDLE_POINTS, "since": since, "until": until}
    columns = "told.ends_at, told.kind, told.objective, told.huddled, told.debriefed"
    return _asked(statement, columns, own, offset, limit, where)


def _work(
    rows: str, columns: str, where: Mapping[str, str], usual: str = ""
) -> Callable[[Filters, Mapping[str, str], int, int | None], Found]:
    """A finder of rows that the SE team's figures count, with the conditions that `only` may ask for."""

    def find(filters: Filters, data: Mapping[str, str], offset: int, limit: int | None) -> Found:
        by = data.get("by", "")
        deals, own = _deals(filters, data, counted=True)
        statement = f"WITH deal AS MATERIALIZED ({deals}), told AS ({whole_question(filters, rows)})"
        conditions = [one for one in (usual, where.get(data.get("only", ""), "")) if one]
        if drill.is_key(by):
            conditions.append("told.se_id = %(by)s")
        names = "(SELECT person.name FROM people_user person WHERE person.id = told.se_id)"
        parameters = own | clock(filters, filters.period) | {"by": int(by) if drill.is_key(by) else None}
        return _asked(statement, columns.format(se=names), parameters, offset, limit, " AND ".join(conditions))

    return find


def _stays(filters: Filters, data: Mapping[str, str], offset: int, limit: int | None) -> Found:
    deals, own = _deals(filters, data, counted=False)
    stays = STAYS.format(deals="SELECT id FROM deal").strip().removeprefix("WITH")
    start, end = filters.moments(filters.period)
    own |= {"start": start, "end": end, "moment": min(end, filters.now), "at": data.get("at", "")}
    where = ["told.stage_id IN (SELECT id FROM deals_stage WHERE outcome = 'open')"]
    if drill.is_key(data.get("at", "")):
        where.append("told.stage_id = %(at)s::bigint")
    where += {"with": ["told.has_se"], "without": ["NOT told.has_se"]}.get(data.get("only", ""), [])
    columns = "told.ended, (SELECT stage.name FROM deals_stage stage WHERE stage.id = told.stage_id), told.began, "
    return _asked(
        # Kept apart, the deals would stand beside the history and not in its order, which would then be sorted anew.
        f"WITH deal AS NOT MATERIALIZED ({deals}),{stays}", f"{columns} round(told.days::numeric, 1), told.has_se", own,
        offset, limit, " AND ".join(where),
    )  # fmt: skip


def _autopsies(filters: Filters, data: Mapping[str, str], offset: int, limit: int | None) -> Found:
    deals = drill.narrowed(filters, filters.closed_deals(), data)
    text, own = past.named(*deals.order_by().values(*COLUMNS).query.sql_with_params(), "deal")
    rows = past.rows_at(
        Autopsy, filters, "opportunity_id", "closed_on", "lost_reason", "lesson", "agreed_at", "reopened_at"
    )
    statement = f"""WITH deal AS MATERIALIZED ({text}), told AS (
        SELECT deal.id, autopsy.closed_on, autopsy.lost_reason, autopsy.lesson, autopsy.agreed_at
          FROM deal JOIN {rows} AS autopsy ON autopsy.opportunity_id = deal.id WHERE autopsy.reopened_at IS NULL)"""  # noqa: S608
    where = {"agreed": "told.agreed_at IS NOT NULL", "owed": "told.agreed_at IS NULL"}.get(data.get("only", ""), "")
    columns = "told.closed_on, told.lost_reason, told.lesson, told.agreed_at"
    return _asked(statement, columns, own | {"now": filters.now}, offset, limit, where)


def _gaps(filters: Filters, data: Mapping[str, str], offset: int, limit: int | None) -> Found:
    found = [part for part in parts(filters) if data.get("only") not in STANDS or part.waits is STANDS[data["only"]]]
    if drill.is_key(gap := data.get("gap", "")):
        rows = [(part, part.share) for part in found if part.gap == int(gap)]
    else:  # each deal once, with all of its shares
        whole: dict[int, Decimal] = {}
        for part in found:
            whole[part.deal] = whole.get(part.deal, ZERO) + part.share
        rows = [(part, whole[part.deal]) for part in {part.deal: part for part in found}.values()]
    rows.sort(key=lambda row: (-row[1], row[0].deal))
    told = [
        (part.deal, part.name, part.company, Outcome(part.outcome).label, part.value, share) for part, share in rows
    ]
    return told[offset : None if limit is None else offset + limit], len(told)


def _checks(filters: Filters, data: Mapping[str, str], offset: int, limit: int | None) -> Found:
    found = checks(filters, shown(filters, filters.period), filters.period)
    if drill.is_key(pairing := data.get("pairing", "")):
        found = checks(filters, shown(filters, filters.period), filters.period, days=2 * TREND)
        found = found.filter(pairing=int(pairing))
    if month := periods.MONTH.fullmatch(data.get("month", "")) and periods.day(f"{data['month']}-01"):
        found = found.filter(rated_on__range=(month, periods.month(month).end))
    rows = found.select_related("author", "pairing__ae", "pairing__se").order_by("-rated_on", "-pk")
    return _cut(rows, offset, limit, lambda one: (one.rated_on, str(one.pairing), one.author.name, one.score))


def _calls(filters: Filters, data: Mapping[str, str], offset: int, limit: int | None) -> Found:
    quarter = periods.day(data.get("quarter", ""))
    found = made(filters).filter(quarter__in=[quarter_start(quarter)] if quarter else quarters_in(filters.period))
    if drill.is_key(author := data.get("author", "")):
        found = found.filter(author=int(author), team=None)
    if drill.is_key(team := data.get("of_team", "")):
        found = found.filter(team=int(team))
    return _cut(
        found.select_related("author", "team").order_by("-called_at", "-pk"), offset, limit,
        lambda one: (
            one.called_at, label(one.quarter), str(one.team or one.author), one.author.name, one.amount, one.note
        ),
    )  # fmt: skip


def _cut(rows: QuerySet, offset: int, limit: int | None, told: Callable[[object], tuple]) -> Found:
    count = rows.count()
    return [told(one) for one in rows[offset : None if limit is None else offset + limit]], count


STANDS = {"waiting": True, "lost": False}
YES = "yes"
KINDS = {
    "meetings": Kind(
        "Meetings",
        [Column("Ended", "moment"), Column("Kind", "kind"), Column("Objective"), Column("Huddle", YES),
         Column("Both debriefs", YES)],
        _meetings,
    ),
    "decisions": Kind(
        "Technical decisions",
        [Column("Decided", "day"), Column("Decision", "state"), Column("SE"), Column("Satisfaction", "count"),
         Column("Days since discovery", "count")],
        _work(
            DECISIONS, "told.decided_on, told.state, {se}, told.satisfaction, told.days",
            {"won": "told.state = 'won'", "rated": "told.satisfaction IS NOT NULL",
             "timed": "told.state = 'won' AND told.days IS NOT NULL"},
        ),
    ),
    "demos": Kind(
        "Demos held", [Column("Held", "day"), Column("What"), Column("SE")],
        _work(SHOWN, "told.day, told.title, {se}", {}, "told.kind = 'demo' AND told.se_id IS NOT NULL"),
    ),
    "pocs": Kind(
        "POCs started", [Column("Started", "day"), Column("What"), Column("SE")],
        _work(SHOWN, "told.day, told.title, {se}", {}, "told.kind = 'poc' AND told.se_id IS NOT NULL"),
    ),
    "claims": Kind(
        "Claims",
        [Column("Claimed", "moment"), Column("SE"), Column("Entered the queue", "moment"), Column("Hours", "count")],
        _work(CLAIMED, "told.claimed_at, {se}, told.entered_at, round(told.hours::numeric, 1)", {}),
    ),
    "stays": Kind(
        "Stays in a stage",
        [Column("Left", "moment"), Column("Stage"), Column("Entered", "moment"), Column("Days", "count"),
         Column("With an SE", YES)],
        _stays,
    ),
    "autopsies": Kind(
        "Autopsies",
        [Column("Lost on", "day"), Column("Reason", "reason"), Column("Lesson"), Column("Agreed", "moment")],
        _autopsies,
    ),
    "gaps": Kind(
        "Deals with a product gap", [Column("Outcome"), Column("Amount", "money"), Column("Share", "money")], _gaps
    ),
    "checks": Kind(
        "Alignment checks", [Column("Rated", "day"), Column("Pair"), Column("Who"), Column("Score", "count")],
        _checks, of_deals=False,
    ),
    "calls": Kind(
        "Forecast calls",
        [Column("Called", "moment"), Column("Quarter"), Column("For"), Column("By"), Column("Amount", "money"),
         Column("Note")],
        _calls, of_deals=False,
    ),
}  # fmt: skip
WORDS = {
    "kind": dict(MeetingKind.choices), "state": dict(TechnicalState.choices), "reason": dict(LostReason.choices),
    YES: {True: "Yes", False: "No"},
}  # fmt: skip


def in_words(kind: Kind, row: tuple) -> list[object]:
    """The values of a row after its deal's, as they are read."""
    values = row[3:] if kind.of_deals else row
    return [
        WORDS[column.kind].get(value, value) if column.kind in WORDS else value
        for column, value in zip(kind.columns, values, strict=True)
    ]


def behind(kind: Kind, filters: Filters, data: Mapping[str, str], offset: int = 0, limit: int | None = None) -> Found:
    """The rows from `offset` on, and how many there are."""
    try:
        return kind.find(filters, data, offset, limit)
    except EmptyResultSet:
        return [], 0
