"""The parts of home pages that speak of deals. One query each, all by index and cut short."""

import datetime
from decimal import Decimal

from django.conf import settings
from django.db.models import BooleanField, Count, ExpressionWrapper, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst

from deals.loads import load_of, with_load
from deals.matching import ranked
from deals.models import CharterException, HelpRequest, Opportunity, Outcome, QueueEntry
from deals.models.rates import ExchangeRate, countable, with_value
from deals.risk import any_risk, risks_of, with_risks, worst_first
from insights import periods
from insights.home.parts import LINES, Action, Figure, Line, Load, Section, cut
from insights.queries.book import ZERO, in_company_currency, with_weighted
from people.models import Role, User
from presales.paging import capped_count
from presales.templatetags.presales import money, money_short

BEST_CLAIMS = 3
PLACES = [(1, 0), (2, ZERO), (3, ZERO)]  # of count, amount and weighted amount in a group of deals, and their zeros
EXCEPTIONS_OF = datetime.timedelta(days=30)
SOON = datetime.timedelta(days=7)


def _short(deal: Opportunity) -> str:
    """The amount, with its currency where that is not the one of all figures."""
    amount = money_short(deal.amount)
    return amount if deal.currency == settings.COMPANY_CURRENCY else f"{amount} {deal.currency}"


def _deal_line(deal: Opportunity, user: User) -> Line:
    risks = risks_of(deal)
    where = deal.stage.name if deal.owner is None or deal.owner_id == user.pk else f"{deal.stage.name} · {deal.owner}"
    pills = [(risk.label, risk.tone) for risk in risks]
    line = Line(deal.name, deal.get_absolute_url(), where, pills, figure=_short(deal))
    derived = getattr(deal.dossier, "derived", None)
    if not risks and derived and derived.next_stale_on:
        line.pills = [(f"Evidence goes stale {derived.next_stale_on:%-d %b}", "warn")]
    line.action = _remedy(deal, {risk.name for risk in risks}, derived, user)
    return line


def _remedy(deal: Opportunity, names: set[str], derived: object, user: User) -> Action:
    """What settles the worst of it, for who may."""
    shaky = not names or "evidence_shaky" in names
    if derived and derived.weakest_id and shaky and "close_past" not in names and user.role in (Role.AE, Role.SE):
        url = reverse("qualification:record_evidence", args=[deal.dossier_id, derived.weakest_id])
        return Action("Renew evidence", url, dialog=True)
    if user.has_perm("deals.work_commercial", deal) and user.role == Role.AE:
        if "close_past" in names:
            label = "Set a date"
        elif "step_missing" in names:
            label = "Name a step"
        else:
            label = "Update"
        return Action(label, reverse("deals:edit_opportunity", args=[deal.pk]), dialog=True)
    return Action("Review" if user.role in (Role.MANAGER, Role.ADMIN) else "Open", deal.get_absolute_url())


LINE = [
    "name", "amount", "currency", "outcome", "team", "stage__name", "owner__name", "owner__email",
    "dossier__derived__status", "dossier__derived__next_stale_on", "dossier__derived__weakest",
]  # fmt: skip
ENTRY_LINE = ["kind", "entered_at", "opportunity__name", "opportunity__amount", "opportunity__currency"]


def _loaded(deals: QuerySet) -> QuerySet:
    return with_risks(deals).select_related("stage", "owner", "dossier__derived").only(*LINE)


def own_deals_in_need(user: User, lane: str) -> Section:
    """The own open deals (`lane`: owner or se) that carry a risk or whose evidence goes stale within a week."""
    soon = Q(dossier__derived__next_stale_on__lte=timezone.localdate() + SOON)
    own = Opportunity.objects.open().filter(**{lane: user})
    found = worst_first(_loaded(own).filter(any_risk() | soon))
    rows, more = cut(list(found[: LINES + 2]), LINES + 1)
    return Section(
        "Deals that need you", "alert-triangle", [_deal_line(deal, user) for deal in rows],
        more_url=f"{reverse('deals:opportunities')}?{lane}={user.pk}&attention=risk", many=more,
    )  # fmt: skip


def at_risk(user: User) -> Section:
    """The open deals at risk, those of the greatest value first, with why."""
    most = LINES + 3
    visible = Opportunity.objects.visible_to(user).open().filter(any_risk())
    own = visible.filter(currency=settings.COMPANY_CURRENCY).order_by("-amount", "-pk")  # nearly all; there is an index
    worth = [(deal.amount, deal.pk, deal) for deal in _loaded(own)[:most]]
    if ExchangeRate.objects.exists():
        # In two ranges, for which there is an index; PostgreSQL has none for "another than".
        other = Q(currency__lt=settings.COMPANY_CURRENCY) | Q(currency__gt=settings.COMPANY_CURRENCY)
        others = _loaded(countable(with_value(visible.filter(other))).order_by("-value", "-pk"))
        worth += [(deal.value, deal.pk, deal) for deal in others[:most]]
    rows, more = cut([deal for _, _, deal in sorted(worth, key=lambda line: line[:2], reverse=True)[:most]], LINES + 2)
    return Section(
        "Deals at risk", "alert-triangle", [_deal_line(deal, user) for deal in rows],
        "No open deal is late, silent, without a next step or on shaky evidence.",
        f"{reverse('insights:deals')}?state=open&risk=any{_everyone(user)}", many=more,
    )  # fmt: skip


def waiting_for_se(user: User) -> Section:
    """The own deals that wait for an SE."""
    found = QueueEntry.objects.waiting().filter(opportunity__owner=user).select_related("opportunity").only(*ENTRY_LINE)
    rows, more = cut(list(found.order_by("entered_at")[: LINES + 1]))
    lines = [
        Line(
            entry.opportunity.name, entry.opportunity.get_absolute_url(), entry.get_kind_display(),
            at=entry.entered_at, at_label="queued",
            figure=_short(entry.opportunity),
        )
        for entry in rows
    ]  # fmt: skip
    return Section("Waiting for an SE", "inbox", lines, more_url=reverse("deals:queue"), many=more)


def asked_of(user: User) -> Section:
    """Demos and POCs that AEs want on the deals of this SE, those that the charter holds back first."""
    lines, more = _asked(HelpRequest.objects.filter(opportunity__se=user))
    for line, request in lines:
        if request.is_held:
            url = reverse("deals:accept_anyway", args=[request.pk])
            line.action = Action("Accept anyway", url, dialog=True)
        else:
            line.action = Action("Open", request.opportunity.get_absolute_url())
    return Section("Asked of you", "message-circle", [line for line, _ in lines], many=more)


def held_back(user: User) -> Section:
    """The own requests that the charter holds back."""
    lines, more = _asked(HelpRequest.objects.filter(opportunity__owner=user, state=HelpRequest.State.HELD))
    for line, request in lines:
        line.action = Action("See what is missing", f"{request.opportunity.get_absolute_url()}#held-{request.pk}")
    return Section("Held back by the charter", "hand-stop", [line for line, _ in lines], many=more)


def _asked(requests: QuerySet) -> tuple[list[tuple[Line, HelpRequest]], bool]:
    found = requests.unsettled().select_related("opportunity").order_by("state", "requested_at", "pk")
    rows, more = cut(list(found[: LINES + 1]))
    lines = []
    for request in rows:
        deal, kind = request.opportunity, request.get_kind_display()
        line = Line(deal.name, deal.get_absolute_url(), request.note, at=request.requested_at, at_label="asked")
        line.pills = [(f"{kind} request held back", "warn") if request.is_held else (f"{kind} asked for", "info")]
        lines.append((line, request))
    return lines, more


def charter_exceptions(user: User) -> Section:
    """What SEs of the teams accepted below the charter in the last weeks, the newest first."""
    since = timezone.now() - EXCEPTIONS_OF
    found = CharterException.objects.visible_to(user).filter(at__gte=since).select_related("opportunity", "by")
    rows, more = cut(list(found.order_by("-at", "-pk")[: LINES + 1]))
    lines = [
        Line(
            exception.opportunity.name, exception.opportunity.get_absolute_url(),
            f"{exception.get_kind_display()} · {exception.by}: “{exception.reason}”", at=exception.at,
            at_label="accepted",
        )
        for exception in rows
    ]  # fmt: skip
    return Section("Charter exceptions", "file-certificate", lines, many=more)


def unclaimed(user: User) -> Section:
    """Deals of the teams that wait for an SE, the longest wait first."""
    waiting = QueueEntry.objects.waiting().visible_to(user).select_related("opportunity").only(*ENTRY_LINE)
    rows, more = cut(list(waiting.order_by("entered_at", "pk")[: LINES + 1]))
    lines = [
        Line(
            entry.opportunity.name, entry.opportunity.get_absolute_url(), entry.get_kind_display(),
            at=entry.entered_at, at_label="queued",
            figure=_short(entry.opportunity),
            action=Action("Assign", reverse("deals:assign_se", args=[entry.opportunity_id]), dialog=True),
        )
        for entry in rows
    ]  # fmt: skip
    return Section(
        "Waiting for an SE", "inbox", lines, "Every qualified deal has its SE.", reverse("deals:queue"), many=more
    )


def best_claims(user: User) -> Section:
    """The three waiting deals that suit this SE best, to claim with one click."""
    offered = ranked(user, load_of(user))
    matches = dict(offered[:BEST_CLAIMS])
    found = QueueEntry.objects.waiting().filter(pk__in=matches).select_related("opportunity").only(*ENTRY_LINE)
    entries = {entry.pk: entry for entry in found}
    lines = []
    for pk, match in matches.items():
        if pk in entries:  # else somebody claimed it between the two questions
            deal = entries[pk].opportunity
            lines.append(
                Line(
                    deal.name, deal.get_absolute_url(), capfirst(", ".join([*match.good, *match.bad])),
                    [(f"Match {match.points}", "good" if match.points >= 60 else "info")],
                    figure=_short(deal),
                    action=Action("Claim", reverse("deals:claim", args=[deal.pk]), post=True),
                )
            )  # fmt: skip
    return Section(
        "Best claims for you", "inbox", lines, "Nothing waits. A deal appears here as soon as it is qualified.",
        reverse("deals:queue"), many=len(offered) > BEST_CLAIMS,
    )  # fmt: skip


def own_load(user: User) -> list[Load]:
    """What this SE carries."""
    return _loads(with_load(User.objects.filter(pk=user.pk)))


def se_loads(user: User) -> list[Load]:
    """What the SEs of the teams carry, the fullest first."""
    people = with_load(User.objects.visible_to(user).in_role(Role.SE))[:50]
    return sorted(_loads(people), key=lambda load: (-load.share, load.person.name))[: LINES + 2]


def _loads(people: QuerySet) -> list[Load]:
    today = timezone.localdate()
    return [
        Load(
            person, person.load, person.effective_capacity,
            f"away until {person.away_until:%-d %b}" if person.away_until and person.away_until >= today else "",
        )
        for person in people
    ]  # fmt: skip


def figures(user: User, deals: QuerySet | None = None) -> list[Figure]:
    """Open pipeline, weighted, won this quarter, and at risk; of `deals`, else of all that are seen."""
    mine = deals is not None
    deals = in_company_currency(deals if mine else Opportunity.objects.visible_to(user))
    person = f"&person={user.pk}" if mine else _everyone(user)
    base = f"{reverse('insights:deals')}?state="
    # One pass over the open deals, in groups by whether they are at risk (None where that cannot be told).
    found = with_weighted(deals.open()).annotate(risky=ExpressionWrapper(any_risk(), BooleanField())).order_by()
    groups = list(found.values_list("risky").annotate(Count("pk"), Sum("value"), Sum("weighted")))
    count, amount, weighted = (sum((group[place] for group in groups), start=zero) for place, zero in PLACES)
    risky = next((group for group in groups if group[0]), (True, 0, ZERO, ZERO))
    quarter = periods.quarter_of(timezone.localdate())
    won = deals.filter(outcome=Outcome.WON, closed_on__range=(quarter.start, quarter.end)).aggregate(
        n=Count("pk"), amount=Coalesce(Sum("value"), ZERO)
    )
    linked = user.has_perm("insights.see_pipeline")
    return [
        _figure("Open pipeline", amount, _deals(count, "open"), f"{base}open{person}", linked),
        _figure("Weighted", weighted, "amount × probability", f"{base}open{person}", linked),
        _figure(
            f"Won in {quarter.label}", won["amount"], _deals(won["n"], "signed"),
            f"{base}won&period={quarter.key}{person}", linked,
        ),
        _figure(
            "At risk", risky[2], _deals(risky[1], "late, silent or shaky"), f"{base}open&risk=any{person}", linked
        ),
    ]  # fmt: skip


def unclaimed_figure(user: User) -> Figure:
    """How many deals wait for an SE."""
    count, more = capped_count(QueueEntry.objects.waiting().visible_to(user).values("opportunity").distinct())
    return Figure(
        "Unclaimed", f"{count:,}{'+' if more else ''}", "deals waiting for an SE", reverse("deals:queue")
    )  # fmt: skip


def _figure(label: str, amount: Decimal, note: str, url: str, linked: bool) -> Figure:
    return Figure(label, money_short(amount), f"{money(amount)}, {note}", url if linked else "")


def _deals(count: int, what: str) -> str:
    return f"{count:,} deal{'' if count == 1 else 's'} {what}"


def _everyone(user: User) -> str:
    return "&person=all" if user.role == Role.AE else ""
