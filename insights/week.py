"""A manager's week in words: five figures against seven days ago, and the deals that explain the differences."""

import datetime
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse

from deals.models import Opportunity, Stage
from deals.models.opportunities import ForecastCategory
from insights import drill, periods
from insights.filters import Quarterly
from insights.queries import past
from insights.queries.week import Changed, Figures, Side, Week, week
from presales.templatetags.presales import money, money_short
from presales.validity import end_of

AT_FIRST, ALL = 6, 100
"""How many deals the home page and the mail show, and how many the page of the week."""
SHOWN = ["id", "name", "outcome", "created_at", "closed_on", "close_date", "owner_name", "owner__name", "stage__name"]


@dataclass(frozen=True)
class Compared:
    """One figure now and seven days ago."""

    name: str
    label: str
    definition: str
    now: Decimal
    before: Decimal
    url: str
    note: str = ""
    more_is_good: bool = True
    of_week: bool = False
    """Whether it counts what happened within a week, and not how things stand."""

    @property
    def difference(self) -> Decimal:
        """What it changed by."""
        return self.now - self.before

    @property
    def direction(self) -> str:
        """`up`, `down` or `same`."""
        return "up" if self.difference > 0 else "down" if self.difference < 0 else "same"

    @property
    def told(self) -> str:
        """The difference in words."""
        if not self.difference:
            return "as in the week before" if self.of_week else "unchanged in a week"
        than = "in the week before" if self.of_week else "a week ago"
        return f"{money_short(abs(self.difference))} {'more' if self.difference > 0 else 'less'} than {than}"

    @property
    def exactly(self) -> str:
        """Both amounts to the cent."""
        return f"{money(self.now)}, {'in the week before' if self.of_week else 'a week ago'} {money(self.before)}"

    @property
    def tone(self) -> str:
        """Whether that is good news; the words say it, the colour only repeats it."""
        if not self.difference:
            return "muted"
        return "good" if (self.difference > 0) == self.more_is_good else "bad"


@dataclass(frozen=True)
class Explained:
    """One deal that changed: what happened to it, in words, and what it changed each figure by."""

    deal: int
    name: str
    url: str
    where: str
    happened: list[tuple[str, str]]
    """`(words, tone)`, the most telling first."""
    by: Figures


@dataclass
class Told:
    """The week as home, page and mail show it."""

    filters: Quarterly
    week: Week
    figures: list[Compared]
    deals: list[Explained]

    @property
    def others(self) -> int:
        """How many deals changed besides those shown."""
        return self.week.changed - len(self.deals)

    @property
    def url(self) -> str:
        """The page of this week."""
        query = self.filters.query
        return reverse("insights:week") + (f"?{query}" if query else "")

    @property
    def movement_url(self) -> str:
        """The same days as a waterfall."""
        return f"{reverse('insights:movement')}?{urlencode(_days(self.filters, self.week))}"


def told(filters: Quarterly, limit: int) -> Told:
    """The week that ends with the day of the filters; a fixed number of queries, whatever the number of deals."""
    found = week(filters, limit)
    return Told(filters, found, _figures(filters, found), _explained(filters, found))


def _key(period: periods.Period) -> str:
    """The name of the period in addresses that people keep: a quarter by its number, not as "this quarter"."""
    quarter = periods.quarter_of(period.start)
    return quarter.key if (quarter.start, quarter.end) == (period.start, period.end) else period.key


def _label(period: periods.Period) -> str:
    """A quarter by its own name; else what the filter calls it, in the middle of a sentence."""
    if _key(period) != period.key:
        return periods.quarter_of(period.start).label
    is_relative = period.label.startswith(("Last", "This", "Next"))
    return period.label[0].lower() + period.label[1:] if is_relative else period.label


def _days(filters: Quarterly, found: Week) -> dict[str, str]:
    kept = {name: value for name, value in filters.params().items() if name not in ("as_of", "period")}
    return {**kept, "since": str(found.since), "until": str(found.until)}


def _figures(filters: Quarterly, found: Week) -> list[Compared]:
    now, was, period = found.now, found.was, filters.period
    name = _label(period)
    base = {key: value for key, value in filters.params().items() if key != "period"}
    of_period = {**base, "period": _key(period)}
    pushed = {**_days(filters, found), "period": _key(period), "step": "pushed_out"}
    return [
        Compared(
            "open", "Open pipeline", "Open deals, whenever they are expected to close.", now.open, was.open,
            drill.address(base, state="open"), _deals(found.open_deals, "open"),
        ),
        Compared(
            "weighted", "Weighted", "Open deals, each amount × its probability: as claimed, else the stage's.",
            now.weighted, was.weighted, drill.address(base, state="open"),
        ),
        Compared(
            "won", f"Won in {name}", f"Deals signed in {name}.", now.won, was.won,
            drill.address(of_period, state="won"), _deals(found.won_deals, "signed"),
        ),
        Compared(
            "commit", f"Commit for {name}", f"Won, and open deals that their AEs commit to close in {name}.",
            now.commit, was.commit, f"{reverse('insights:forecast')}?{urlencode(of_period)}",
        ),
        Compared(
            "pushed", f"Pushed out of {name}",
            f"Open deals that were expected in {name} seven days ago and now are later; compared with the seven days "
            "before.",
            found.pushed, found.pushed_before, f"{reverse('insights:movement_deals')}?{urlencode(pushed)}",
            _deals(found.pushed_deals, "pushed"), more_is_good=False, of_week=True,
        ),
    ]  # fmt: skip


def _deals(count: int, what: str) -> str:
    return f"{count:,} deal{'' if count == 1 else 's'} {what}"


def _rows(filters: Quarterly, ids: list[int]) -> dict[int, tuple]:
    deals: QuerySet = Opportunity.objects.visible_to(filters.user).filter(pk__in=ids)
    rows = past.as_of(deals, filters.as_of) if filters.as_of else deals
    return {row.id: row for row in rows.order_by().values_list(*SHOWN, named=True)}


def _explained(filters: Quarterly, found: Week) -> list[Explained]:
    if not found.deals:
        return []
    rows = _rows(filters, [one.deal for one in found.deals])
    stages = {pk: (order, name) for pk, order, name in Stage.objects.order_by().values_list("pk", "order", "name")}
    began = end_of(found.since)
    period = (
        periods.quarter_of(filters.period.start).label if _key(filters.period) != filters.period.key else "the period"
    )
    lines = []
    for one in found.deals:
        row = rows.get(one.deal)
        if row is None:  # removed between the two questions
            continue
        owner = row.owner__name or row.owner_name
        where = f"{row.stage__name} · {owner}" if owner else row.stage__name
        url = reverse("deals:opportunity", args=[one.deal])
        lines.append(Explained(one.deal, row.name, url, where, _happened(one, row, began, stages, period), one.by))
    return lines


ENDS = {"won": ("Won", "good"), "lost": ("Lost", "bad"), "no_go": ("No-go", "bad")}


def _happened(
    one: Changed, row: tuple, began: datetime.datetime, stages: dict[int, tuple[int, str]], period: str
) -> list[tuple[str, str]]:
    """What happened to a deal within the week, the most telling first."""
    before, after = one.before, one.after
    words: list[tuple[str, str]] = []
    if before is None and row.created_at >= began:
        words.append(("New", "info"))
    elif before is None and row.outcome == "open":
        words.append(("Opened again", "info"))
    if row.outcome != "open" and not (before and before.outcome == row.outcome):
        words.append(ENDS[row.outcome])
    elif before and before.outcome == "won" and row.outcome == "open":
        words.append(("Opened again", "bad"))
    if before and after and before.counted != after.counted:
        words.append(("Moved in", "info") if after.counted else ("Moved out", "warn"))
    if before and after:
        words += _edits(one, before, after, stages, period)
    return words or [("Changed", "quiet")]


def _edits(
    one: Changed, before: Side, after: Side, stages: dict[int, tuple[int, str]], period: str
) -> list[tuple[str, str]]:
    words = []
    if one.pushed_out:
        words.append((f"Pushed out of {period}: {money_short(before.amount)} {before.currency}", "bad"))
    if one.pulled_in:
        words.append((f"Pulled into {period}: {money_short(after.amount)} {after.currency}", "good"))
    if (before.amount, before.currency) != (after.amount, after.currency):
        if before.currency != after.currency:
            words.append((f"Now in {after.currency}", "quiet"))
        else:
            grew = after.amount > before.amount
            difference = money_short(abs(after.amount - before.amount))
            words.append(
                (f"{'Grew' if grew else 'Shrank'} by {difference} {after.currency}", "good" if grew else "warn")
            )
    elif one.by.open and before.counted and after.counted and before.outcome == after.outcome:
        words.append(("Exchange rate", "quiet"))
    committed = [side.forecast_category == ForecastCategory.COMMIT for side in (before, after)]
    if committed == [False, True]:
        words.append(("Committed", "good"))
    elif committed == [True, False] and after.outcome == "open":
        words.append(("No longer committed", "warn"))
    if before.stage_id != after.stage_id and after.outcome == before.outcome == "open":
        back = stages[after.stage_id][0] < stages[before.stage_id][0]
        words.append((f"{'Back to' if back else 'Moved to'} {stages[after.stage_id][1]}", "warn" if back else "quiet"))
    elif before.probability != after.probability and after.outcome == "open":
        up = after.probability > before.probability
        words.append((f"Claimed {before.probability} → {after.probability} %", "quiet" if up else "warn"))
    return words
