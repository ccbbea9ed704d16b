"""The parts of home pages that speak of deals. One query each, all by index and cut short."""

import datetime
import operator
from decimal import Decimal

from django.conf import settings
from django.db.models import CharField, Count, F, Q, QuerySet, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst

from deals.loads import with_load
from deals.matching import ranked
from deals.models import CharterException, HelpRequest, Opportunity, Outcome, QueueEntry, SpecialistRequest
from deals.models.queue import HelpKind
from deals.models.rates import ExchangeRate, countable, with_value
from deals.permissions import commercial_lane
from deals.risk import at_risk, risks_of, with_risks, worst_first
from insights import periods
from insights.home.parts import LINES, Action, Figure, Line, Load, Section, cut
from insights.queries.book import ZERO, in_company_currency, with_weighted
from people.models import Role, User
from presales.fragments import address
from presales.paging import capped_count
from presales.sql import Template
from presales.templatetags.presales import money, money_short

BEST_CLAIMS = 3
GROUP = "CASE WHEN {0} = 'won' THEN 'won' WHEN {1} > 0 THEN 'risky' ELSE 'calm' END"
NOTHING = (0, ZERO, ZERO)  # count, amount and weighted amount of no deals
EXCEPTIONS_OF = datetime.timedelta(days=30)
SOON = datetime.timedelta(days=7)
# What a line reads of a deal, and of what waits for a deal.
DEAL = [
    "pk", "name", "amount", "currency", "team_id", "owner_id", "owner__name", "stage__name", "dossier_id",
    "dossier__derived__next_stale_on", "dossier__derived__weakest_id", "risks",
]  # fmt: skip
PERSON = ["name", "email", "role", "seniority", "capacity", "time_zone"]
ENTRY = ["kind", "entered_at", "opportunity_id", "opportunity__name", "opportunity__amount", "opportunity__currency"]


def _page(deal: int) -> str:
    return address("deals:opportunity", deal)


def _short(amount: Decimal, currency: str) -> str:
    """The amount, with its currency where that is not the one of all figures."""
    short = money_short(amount)
    return short if currency == settings.COMPANY_CURRENCY else f"{short} {currency}"


def _rows(deals: QuerySet, columns: list[str], most: int) -> list[tuple]:
    """The first `most` as plain rows: a line needs a tenth of what a record reads."""
    return list(deals.values_list(*columns, named=True)[:most])


def _deal_line(deal: tuple, user: User) -> Line:
    risks = risks_of(deal)
    stage, owner = deal.stage__name, deal.owner__name
    where = stage if owner is None or deal.owner_id == user.pk else f"{stage} · {owner}"
    line = Line(deal.name, _page(deal.pk), where, [(risk.label, risk.tone) for risk in risks])
    line.figure = _short(deal.amount, deal.currency)
    if not risks and deal.dossier__derived__next_stale_on:
        line.pills = [(f"Evidence goes stale {deal.dossier__derived__next_stale_on:%-d %b}", "warn")]
    line.action = _remedy(deal, {risk.name for risk in risks}, user)
    return line


def _remedy(deal: tuple, names: set[str], user: User) -> Action:
    """What settles the worst of it, for who may."""
    shaky, weakest = not names or "evidence_shaky" in names, deal.dossier__derived__weakest_id
    if weakest and shaky and "close_past" not in names and user.role in (Role.AE, Role.SE):
        url = reverse("qualification:record_evidence", args=[deal.dossier_id, weakest])
        return Action("Renew evidence", url, dialog=True)
    if commercial_lane(user, deal) and user.role == Role.AE:
        if "close_past" in names:
            label = "Set a date"
        elif "step_missing" in names:
            label = "Name a step"
        else:
            label = "Update"
        return Action(label, address("deals:edit_opportunity", deal.pk), dialog=True)
    return Action("Review" if user.role in (Role.MANAGER, Role.ADMIN) else "Open", _page(deal.pk))


def own_deals_in_need(user: User, lane: str) -> Section:
    """The own open deals (`lane`: owner or se) that carry a risk or whose evidence goes stale within a week."""
    soon = Q(dossier__derived__next_stale_on__lte=timezone.localdate() + SOON)
    own = worst_first(Opportunity.objects.open().filter(**{lane: user})).filter(Q(risks__gt=0) | soon)
    rows, more = cut(_rows(own, DEAL, LINES + 2), LINES + 1)
    return Section(
        "Deals that need you", "alert-triangle", [_deal_line(deal, user) for deal in rows],
        more_url=f"{reverse('deals:opportunities')}?{lane}={user.pk}&attention=risk", many=more,
    )  # fmt: skip


def deals_at_risk(user: User) -> Section:
    """The open deals at risk, those of the greatest value first, with why."""
    most = LINES + 3
    visible = at_risk(Opportunity.objects.visible_to(user))
    own = visible.filter(currency=settings.COMPANY_CURRENCY).order_by("-amount", "-pk")  # nearly all; there is an index
    worth = [(deal.amount, deal.pk, deal) for deal in _rows(own, DEAL, most)]
    if ExchangeRate.objects.exists():
        # In two ranges, for which there is an index; PostgreSQL has none for "another than".
        other = Q(currency__lt=settings.COMPANY_CURRENCY) | Q(currency__gt=settings.COMPANY_CURRENCY)
        others = countable(with_value(visible.filter(other))).order_by("-value", "-pk")
        worth += [(deal.value, deal.pk, deal) for deal in _rows(others, [*DEAL, "value"], most)]
    rows, more = cut([deal for _, _, deal in sorted(worth, key=lambda line: line[:2], reverse=True)[:most]], LINES + 2)
    return Section(
        "Deals at risk", "alert-triangle", [_deal_line(deal, user) for deal in rows],
        "No open deal is late, silent, without a next step or on shaky evidence.",
        f"{reverse('insights:deals')}?state=open&risk=any{_everyone(user)}", many=more,
    )  # fmt: skip


def _entry_lines(entries: QuerySet) -> tuple[list[tuple[Line, int]], bool]:
    """A line for each of the queue's entries, with its deal, the longest wait first; and whether there are more."""
    rows, more = cut(_rows(entries.order_by("entered_at", "pk"), ENTRY, LINES + 1))
    lines = [
        Line(
            entry.opportunity__name, _page(entry.opportunity_id), HelpKind(entry.kind).label, at=entry.entered_at,
            at_label="queued", figure=_short(entry.opportunity__amount, entry.opportunity__currency),
        )
        for entry in rows
    ]  # fmt: skip
    return list(zip(lines, [entry.opportunity_id for entry in rows], strict=True)), more


def waiting_for_se(user: User) -> Section:
    """The own deals that wait for an SE."""
    lines, more = _entry_lines(QueueEntry.objects.waiting().filter(opportunity__owner=user))
    return Section(
        "Waiting for an SE", "inbox", [line for line, _ in lines], more_url=reverse("deals:queue"), many=more
    )


def asked_of(user: User) -> Section:
    """Demos and POCs that AEs want on the deals of this SE, those that the charter holds back first."""
    lines, more = _asked(HelpRequest.objects.filter(opportunity__se=user))
    for line, request in lines:
        if request.state == HelpRequest.State.HELD:
            line.action = Action("Accept anyway", reverse("deals:accept_anyway", args=[request.pk]), dialog=True)
        else:
            line.action = Action("Open", line.url)
    return Section("Asked of you", "message-circle", [line for line, _ in lines], many=more)


def held_back(user: User) -> Section:
    """The own requests that the charter holds back."""
    lines, more = _asked(HelpRequest.objects.filter(opportunity__owner=user, state=HelpRequest.State.HELD))
    for line, request in lines:
        line.action = Action("See why", f"{line.url}#held-{request.pk}")
    return Section("Held back by the charter", "hand-stop", [line for line, _ in lines], many=more)


REQUEST = ["pk", "kind", "state", "note", "requested_at", "opportunity_id", "opportunity__name"]


def _asked(requests: QuerySet) -> tuple[list[tuple[Line, tuple]], bool]:
    found = requests.unsettled().order_by("state", "requested_at", "pk")
    rows, more = cut(_rows(found, REQUEST, LINES + 1))
    lines = []
    for request in rows:
        kind, held = HelpKind(request.kind).label, request.state == HelpRequest.State.HELD
        line = Line(request.opportunity__name, _page(request.opportunity_id), request.note)
        line.at, line.at_label = request.requested_at, "asked"
        line.pills = [(f"{kind} request held back", "warn") if held else (f"{kind} asked for", "info")]
        lines.append((line, request))
    return lines, more


HELP = ["pk", "skill", "purpose", "state", "due_on", "opportunity_id", "opportunity__name", "requested_by__name"]


def specialist_of(user: User) -> Section:
    """Deals of others that this SE helps as a specialist or is asked to, the next due first."""
    every = SpecialistRequest.objects
    wanted = Q(pk__in=every.asked_of(user).values("pk")) | Q(
        pk__in=every.engaged().filter(specialist=user).values("pk")
    )
    rows, more = cut(_rows(every.filter(wanted).order_by("due_on", "pk"), HELP, LINES + 1))
    page, lines, today = reverse("deals:specialist_requests"), [], user.today
    for row in rows:
        engaged = row.state == SpecialistRequest.State.ENGAGED
        where = address("deals:specialists", row.opportunity_id) if engaged else page
        line = Line(row.opportunity__name, where, f"{row.requested_by__name}: {row.purpose}")
        line.pills = [(row.skill, "info"), (f"by {row.due_on:%-d %b}", "warn" if row.due_on < today else "quiet")]
        line.action = (
            Action("Finish", address("deals:finish_specialist", row.pk), dialog=True)
            if engaged
            else Action("Accept", address("deals:accept_specialist", row.pk), post=True)
        )
        lines.append(line)
    return Section("Specialist requests", "users", lines, more_url=page, many=more)


def charter_exceptions(user: User) -> Section:
    """What SEs of the teams accepted below the charter in the last weeks, the newest first."""
    since = timezone.now() - EXCEPTIONS_OF
    found = CharterException.objects.visible_to(user).filter(at__gte=since).order_by("-at", "-pk")
    columns = ["kind", "reason", "at", "by__name", "opportunity_id", "opportunity__name"]
    rows, more = cut(_rows(found, columns, LINES + 1))
    lines = [
        Line(
            exception.opportunity__name, _page(exception.opportunity_id),
            f"{HelpKind(exception.kind).label} · {exception.by__name}: “{exception.reason}”", at=exception.at,
            at_label="accepted",
        )
        for exception in rows
    ]  # fmt: skip
    return Section("Charter exceptions", "file-certificate", lines, many=more)


def unclaimed(user: User) -> Section:
    """Deals of the teams that wait for an SE, the longest wait first."""
    lines, more = _entry_lines(QueueEntry.objects.waiting().visible_to(user))
    for line, deal in lines:
        line.action = Action("Assign", address("deals:assign_se", deal), dialog=True)
    return Section(
        "Waiting for an SE", "inbox", [line for line, _ in lines], "Every qualified deal has its SE.",
        reverse("deals:queue"), many=more,
    )  # fmt: skip


def best_claims(user: User, carried: Decimal) -> Section:
    """The three waiting deals that suit this SE, who carries `carried`, best, to claim with one click."""
    offered = ranked(user, carried)
    matches = dict(offered[:BEST_CLAIMS])
    found = QueueEntry.objects.waiting().filter(pk__in=matches).order_by()
    entries = {entry.pk: entry for entry in _rows(found, ["pk", *ENTRY], BEST_CLAIMS)}
    lines = []
    for pk, match in matches.items():
        if pk in entries:  # else somebody claimed it between the two questions
            entry = entries[pk]
            lines.append(
                Line(
                    entry.opportunity__name, _page(entry.opportunity_id),
                    capfirst(", ".join([*match.good, *match.bad])),
                    [(f"Match {match.points}", "good" if match.points >= 60 else "info")],
                    figure=_short(entry.opportunity__amount, entry.opportunity__currency),
                    action=Action("Claim", address("deals:claim", entry.opportunity_id), post=True),
                )
            )  # fmt: skip
    return Section(
        "Best claims for you", "inbox", lines, "Nothing waits. A deal appears here as soon as it is qualified.",
        reverse("deals:queue"), many=len(offered) > BEST_CLAIMS,
    )  # fmt: skip


def se_loads(user: User) -> list[Load]:
    """What the SEs of the teams carry, the fullest first."""
    people = with_load(User.objects.visible_to(user).in_role(Role.SE)).only(*PERSON)[:50]
    loads = [load(person, person.load) for person in people]
    return sorted(loads, key=lambda load: (-load.share, load.person.name))[: LINES + 2]


def load(person: User, carried: Decimal) -> Load:
    """What a person carries of what they can, and until when they are away."""
    note = f"away until {person.away_until:%-d %b}" if person.is_away else ""
    return Load(person, carried, person.effective_capacity, note)


def figures(user: User, deals: QuerySet | None = None) -> list[Figure]:
    """Open pipeline, weighted, won this quarter, and at risk; of `deals`, else of all that are seen."""
    mine = deals is not None
    deals = deals if mine else Opportunity.objects.visible_to(user)
    person = f"&person={user.pk}" if mine else _everyone(user)
    base = f"{reverse('insights:deals')}?state="
    quarter = periods.quarter_of(timezone.localdate())
    # One pass over the open deals and over those won, in three groups.
    found = deals.filter(
        Q(outcome=Outcome.OPEN) | Q(outcome=Outcome.WON, closed_on__range=(quarter.start, quarter.end))
    )
    group = Template(GROUP, F("outcome"), F("risks"), output_field=CharField())
    sums = with_weighted(with_risks(in_company_currency(found))).annotate(group=group).order_by().values_list("group")
    groups = {name: figures for name, *figures in sums.annotate(Count("pk"), Sum("value"), Sum("weighted"))}
    won, risky, calm = (groups.get(name, NOTHING) for name in ("won", "risky", "calm"))
    count, amount, weighted = map(operator.add, risky, calm)
    linked = user.has_perm("insights.see_pipeline")
    return [
        _figure("Open pipeline", amount, _deals(count, "open"), f"{base}open{person}", linked),
        _figure("Weighted", weighted, "amount × probability", f"{base}open{person}", linked),
        _figure(
            f"Won in {quarter.label}", won[1], _deals(won[0], "signed"),
            f"{base}won&period={quarter.key}{person}", linked,
        ),
        _figure(
            "At risk", risky[1], _deals(risky[0], "late, silent or shaky"), f"{base}open&risk=any{person}", linked
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
