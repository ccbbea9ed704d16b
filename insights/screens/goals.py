"""Goals: quotas of the quarter, how much of them is won, and whether the open deals cover the rest."""

from decimal import Decimal

from django.urls import reverse

from insights import drill
from insights.filters import Quarterly
from insights.queries.attainment import Coverage, Reached, in_own_period, reached, total
from insights.queries.book import left_out
from insights.queries.quotas import quotas_of
from insights.screens.parts import Card, Screen, counted, percent, shown_percent
from insights.tables import Column, Row, Table
from people.models import Role, User
from presales.templatetags.presales import money, money_short

COLUMNS = [
    Column("Quota", "money", "bar"), Column("Won", "money", "bar"), Column("Attained", "percent"),
    Column("Still to win", "money"), Column("Open", "money", "bar"), Column("Coverage", "ratio"),
]  # fmt: skip
WHAT = (
    "Won: deals won in the period. Open: open deals expected to close in it. Coverage: open ÷ (quota − won); three "
    "times is comfortable."
)


def build(filters: Quarterly) -> Screen:
    """Quota, won, pace and coverage, in all, by team and by AE."""
    period = filters.period
    found = reached(filters, period)
    quotas = quotas_of(filters, period)
    whole, asked = total(found), quotas.asked(filters)
    cover = Coverage(asked, whole) if asked is not None else None
    return Screen(
        "goals",
        "Goals",
        f"{period.label}: quotas, what is won of them, and what the open deals can still bring.",
        filters,
        _cards(filters, whole, cover),
        [_teams(filters, found, quotas), _people(filters, found, quotas)],
        left_out(filters, in_own_period),
        actions=[("Set quotas", reverse("deals:quotas"))] if filters.user.has_perm("deals.set_quotas") else [],
    )


def passed(filters: Quarterly) -> Decimal:
    """How much of the period's days are over when the day asked for is, in percent."""
    period = filters.period
    days = (period.end - period.start).days + 1
    over = min(max((filters.day - period.start).days + 1, 0), days)
    return percent(over, days)


def _cards(filters: Quarterly, whole: Reached, cover: Coverage | None) -> list[Card]:
    period, pace = filters.period, passed(filters)
    won = Card(
        "Won", money_short(whole.won), f"{money(whole.won)} in {counted(whole.won_count, 'deal')} won in the period",
        drill.url(filters, state="won"),
    )  # fmt: skip
    still = Card(
        "Open", money_short(whole.open),
        f"{money(whole.open)} in {counted(whole.open_count, 'open deal')} expected in the period",
        drill.url(filters, state="open"),
    )  # fmt: skip
    if cover is None:
        return [won, still, Card("Quota", "–", "Nobody has set one for this period and this choice")]
    attained = percent(whole.won, cover.quota)
    behind = attained is not None and attained < pace
    days = (period.end - filters.day).days
    left = f"{counted(days, 'day')} left" if days > 0 else f"ended on {period.end:%-d %b %Y}"
    covers = "Nothing is left to win" if cover.ratio is None else f"Open ÷ (quota − won): {money(cover.rest)} to go"
    return [
        Card("Quota", money_short(cover.quota), money(cover.quota)),
        won,
        Card(
            "Attained", shown_percent(attained), f"{pace} % of the period is over, {left}",
            tone="bad" if behind else "good",
        ),
        Card(
            "Coverage", "–" if cover.ratio is None else f"{cover.ratio} ×", covers, drill.url(filters, state="open"),
            tone="bad" if cover.ratio is not None and cover.ratio < 3 and days > 0 else "",
        ),
    ]  # fmt: skip


def _row(label: str, quota: Decimal | None, got: Reached, filters: Quarterly, **narrow: object) -> Row:
    cover = Coverage(quota, got) if quota is not None else None
    won, still = drill.url(filters, state="won", **narrow), drill.url(filters, state="open", **narrow)
    return Row(
        label,
        [
            quota, got.won, percent(got.won, quota) if quota else None, cover and cover.rest, got.open,
            cover and cover.ratio,
        ],
        urls=["", won, "", "", still, ""],
    )  # fmt: skip


def _teams(filters: Quarterly, found: dict, quotas: object) -> Table:
    rows = []
    parents = {team.pk: team.parent_id for team in filters.teams}
    names = {team.pk: team.name for team in filters.teams}
    for pk, name in names.items():
        below = {pk}
        while more := {one for one, parent in parents.items() if parent in below} - below:
            below |= more
        got = total({key: part for key, part in found.items() if key[1] in below})
        quota = None if filters.person else quotas.team(pk)
        if quota is not None or got != Reached():
            rows.append(_row(name, quota, got, filters, team=pk))
    what = "Teams with all below them; without a quota of its own a team has the sum of theirs and its people's."
    return Table(
        "teams", "By team", f"{what} {WHAT}", [Column("Team"), *COLUMNS], rows, charted=len(rows),
        empty="No team has a quota or a deal in this period.",
    )  # fmt: skip


def _people(filters: Quarterly, found: dict, quotas: object) -> Table:
    owners: dict[int | None, Reached] = {}
    for (owner, _), part in found.items():
        owners[owner] = owners.get(owner, Reached()) + part
    asked = {filters.person.pk} if filters.person else set(quotas.of_person)
    known = User.objects.filter(pk__in={*owners, *asked} - {None}).order_by("name").values_list("pk", "name", "role")
    rows = [
        _row(name, quotas.of_person.get(pk), owners.get(pk, Reached()), filters, owner=pk)
        for pk, name, role in known
        if pk in owners or role == Role.AE
    ]
    if None in owners:
        rows.append(_row("Nobody here", None, owners[None], filters, owner=drill.NONE))
    return Table(
        "people", "By AE", f"Deals by their owner. {WHAT}", [Column("AE"), *COLUMNS], rows, charted=len(rows),
        empty="No AE has a quota or a deal in this period.",
    )  # fmt: skip
