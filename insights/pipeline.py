"""The tables of the pipeline page, each with its definition and the way to its deals."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet

from insights import drill
from insights.filters import Filters
from insights.periods import Period, quarter_of
from insights.queries.attainment import Coverage, Reached
from insights.queries.book import AGES, Book, Line, in_company_currency, left_out, open_book
from insights.queries.closed import HEALTHY_NO_GO, Closed, ClosedBook, closed_book
from insights.queries.evidence import risky
from insights.queries.names import people_named, stages_of, teams_named
from insights.queries.quotas import quotas_of
from insights.screens.parts import Card, counted, shown_percent
from insights.tables import Column, Row, Table
from presales.templatetags.presales import money, money_short

WEIGHTED = "Weighted: amount × probability, rounded to the cent deal by deal."
QUARTERS_IN_CHART = 12
OPEN_COLUMNS = [
    Column("Deals", "count"),
    Column("Amount", "money", "bar"),
    Column("Weighted", "money", "bar", "Weighted"),
]


@dataclass
class Pipeline:
    """Everything the pipeline page shows."""

    filters: Filters
    book: Book
    closed: ClosedBook
    at_risk: Line
    coverage: Coverage | None
    """Of the period asked for, else of the quarter; None without a quota, or where only some kinds of deals count."""
    covered: Period
    left_out: list[tuple[str, int, Decimal]]
    stages: Table
    ages: Table
    owners: Table
    ses: Table
    teams: Table
    quarters: Table

    @property
    def tables(self) -> list[Table]:
        """All of them."""
        return [self.stages, self.ages, self.owners, self.ses, self.teams, self.quarters]

    def table(self, slug: str) -> Table | None:
        """The table of that name."""
        return next((table for table in self.tables if table.slug == slug), None)

    @property
    def cards(self) -> list[Card]:
        """The large figures."""
        return [*_open_cards(self), *_closed_cards(self)]


def build(filters: Filters) -> Pipeline:
    """The page's figures: a fixed number of queries, whatever the number of deals."""
    book = open_book(filters)
    closed = closed_book(filters)
    covered = filters.period or quarter_of(filters.day)
    owners, ses, teams = _by_person_and_team(filters, book)
    return Pipeline(
        filters=filters,
        book=book,
        closed=closed,
        at_risk=Line(None, *risky(filters, _open_values)),
        coverage=cover(filters, covered, book, closed),
        covered=covered,
        left_out=left_out(filters, Filters.whole_book),
        stages=_by_stage(filters, book),
        ages=_by_age(filters, book),
        owners=owners,
        ses=ses,
        teams=teams,
        quarters=_by_quarter(filters, closed),
    )


def _open_cards(page: Pipeline) -> list[Card]:
    filters, total = page.filters, page.book.total
    still = drill.url(filters, state="open")
    expected = " expected to close in the period" if filters.period else ""
    cards = [
        Card(
            "Open pipeline", money_short(total.amount),
            f"{money(total.amount)} in {counted(total.count, 'open deal')}{expected}", still,
        ),
        Card(
            "Weighted", money_short(total.weighted),
            f"{money(total.weighted)}: amount × probability of each open deal", still,
        ),
    ]  # fmt: skip
    if page.at_risk:
        why = "late, silent, without a next step or with shaky evidence"
        cards.append(
            Card(
                "At risk", money_short(page.at_risk.amount), f"{counted(page.at_risk.count, 'deal')}: {why}",
                drill.url(filters, state="open", risk="any"),
            )
        )  # fmt: skip
    if page.coverage:
        cover = page.coverage
        note = f"Open, expected in it ÷ (quota − won): {money(cover.rest)} to go"
        cards.append(
            Card(
                f"Coverage of {page.covered.label}", "–" if cover.ratio is None else f"{cover.ratio} ×",
                f"The quota of {money(cover.quota)} is won" if cover.ratio is None else note,
                drill.address(filters.params() | {"period": page.covered.key}, state="open"), key="coverage",
            )
        )  # fmt: skip
    return cards


def _closed_cards(page: Pipeline) -> list[Card]:
    filters, total = page.filters, page.closed.total
    low, high = HEALTHY_NO_GO
    band = {"low": "below the healthy", "high": "above the healthy"}.get(total.no_go_band, "healthy are")
    of = " of the period" if filters.period else ""
    return [
        Card(
            "Won value", money_short(total.won_amount),
            f"{money(total.won_amount)} in {counted(total.won, 'won deal')}{of}", drill.url(filters, state="won"),
        ),
        Card(
            "Win rate", shown_percent(total.win_rate), "Won ÷ (won + lost), no-gos apart",
            drill.url(filters, state="decided"),
        ),
        Card(
            "No-go share", shown_percent(total.no_go_share), f"No-gos ÷ closed deals; {band} {low}–{high} %",
            drill.url(filters, state="no_go"), "warn" if total.no_go_band in ("low", "high") else "",
        ),
        Card("Days to win", _days(total.days_to_win), "Mean days from created to won", drill.url(filters, state="won")),
        Card(
            "Days to lose", _days(total.days_to_lose), "Mean days from created to lost",
            drill.url(filters, state="lost"),
        ),
    ]  # fmt: skip


def _days(days: Decimal | None) -> str:
    return "–" if days is None else str(days)


def cover(filters: Filters, period: Period, book: Book, closed: ClosedBook) -> Coverage | None:
    """How well the open deals expected in `period` cover what is still to be won of its quotas."""
    if filters.source or filters.type or filters.pipeline:
        return None
    quota = quotas_of(filters, period).asked(filters)
    quarters = [closed.total] if filters.period else [one for one in closed.quarters if one.period == period]
    won = next(iter(quarters), Closed())
    return None if quota is None else Coverage(quota, Reached(won.won_amount, won.won, book.due.amount, book.due.count))


def _open_values(filters: Filters) -> QuerySet:
    return in_company_currency(filters.open_deals(), filters.day)


def _row(label: str, line: Line, url: str = "") -> Row:
    return Row(label, [line.count, line.amount, line.weighted], url)


def _open_table(
    slug: str, title: str, what: str, first: str, rows: list[Row], book: Book, filters: Filters, charted: int = 0
) -> Table:
    total = _row("All open deals", book.total, drill.url(filters, state="open"))
    columns = [Column(first), *OPEN_COLUMNS]
    return Table(slug, title, f"{what} {WEIGHTED}", columns, rows, total, charted)


def _by_stage(filters: Filters, book: Book) -> Table:
    lines = {line.key: line for line in book.by_stage}
    stages = stages_of(lines.keys())
    several = len({stage.pipeline_id for stage in stages}) > 1
    rows = [
        _row(
            f"{stage.pipeline__name}: {stage.name}" if several else stage.name,
            lines[stage.pk],
            drill.url(filters, state="open", stage=stage.pk),
        )
        for stage in stages
    ]
    what = "Open deals by the stage they are in."
    return _open_table("stages", "By stage", what, "Stage", rows, book, filters, charted=len(rows))


def _by_person_and_team(filters: Filters, book: Book) -> list[Table]:
    people = people_named(filters, {line.key[0] for line in book.by_owner} | {line.key for line in book.by_se})
    teams = teams_named(filters, {line.key for line in book.by_team})

    def owner_row(line: Line) -> Row:
        pk, named = line.key
        if pk is not None:
            return _row(people[pk], line, drill.url(filters, state="open", owner=pk))
        return _row(named or "Nobody", line, drill.url(filters, state="open", owner_name=named))

    def row(line: Line, names: dict[int, str], nobody: str, parameter: str) -> Row:
        label = nobody if line.key is None else names[line.key]
        key = drill.NONE if line.key is None else line.key
        return _row(label, line, drill.url(filters, state="open", **{parameter: key}))

    def largest_first(lines: list[Line]) -> list[Line]:
        return sorted(lines, key=lambda line: (-line.amount, str(line.key)))

    return [
        _open_table(
            "owners", "By AE", "Open deals by their owner.", "AE",
            [owner_row(line) for line in largest_first(book.by_owner)], book, filters,
        ),
        _open_table(
            "ses", "By SE", "Open deals by the SE who claimed them.", "SE",
            [row(line, people, "Not claimed", "se") for line in largest_first(book.by_se)], book, filters,
        ),
        _open_table(
            "teams", "By team", "Open deals by their team.", "Team",
            [row(line, teams, "No team", "in_team") for line in largest_first(book.by_team)], book, filters,
        ),
    ]  # fmt: skip


def _by_age(filters: Filters, book: Book) -> Table:
    lines = {line.key: line for line in book.by_age}
    rows = [_row(label, lines.get(key, Line(key)), drill.url(filters, state="open", age=key)) for key, label, _ in AGES]
    what = "Open deals by the days since they were created."
    return _open_table("ages", "Aging", what, "Age", rows, book, filters, charted=len(rows))


def _by_quarter(filters: Filters, closed: ClosedBook) -> Table:
    def row(label: str, figures: Closed, params: dict[str, str]) -> Row:
        def to(state: str) -> str:
            return drill.address(params, state=state)

        values = [
            figures.won, figures.lost, figures.no_go, figures.won_amount, figures.win_rate, figures.average,
            figures.days_to_win, figures.days_to_lose,
        ]  # fmt: skip
        ways = [to(name) for name in ("won", "lost", "no_go", "won", "decided", "won", "won", "lost")]
        return Row(label, values, to("closed"), ways)

    return Table(
        "quarters",
        "Closed by quarter",
        "Deals by the day they closed. Win rate is won ÷ (won + lost), no-gos apart; days run from created to closed.",
        [
            Column("Quarter"),
            Column("Won", "count"),
            Column("Lost", "count"),
            Column("No-go", "count"),
            Column("Won value", "money", "bar"),
            Column("Win rate", "percent", "line"),
            Column("Average won", "money"),
            Column("Days to win", "days"),
            Column("Days to lose", "days"),
        ],
        [row(c.period.label, c, filters.params() | {"period": c.period.key}) for c in closed.quarters if c.period],
        row("All closed deals", closed.total, filters.params()),
        QUARTERS_IN_CHART,
    )
