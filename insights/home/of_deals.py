"""The parts of home pages that speak of deals. One query each, all by index and cut short."""

import datetime
import operator
from decimal import Decimal

from django.conf import settings
from django.db.models import BigIntegerField, CharField, Count, DateField, F, Q, QuerySet, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst

from deals.loads import ses_seen_by
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
from people.viewers import Viewer, viewer_of
from presales.fragments import address
from presales.prepared import Given, day, moment, prepared
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
PERSON = Given("user", BigIntegerField())
ENTRY = ["kind", "entered_at", "opportunity_id", "opportunity__name", "opportunity__amount", "opportunity__currency"]


def _page(deal: int) -> str:
    return address("deals:opportunity", deal)


def _short(amount: Decimal, currency: str) -> str:
    """The amount, with its currency where that is not the one of all figures."""
    short = money_short(amount)
    return short if currency == settings.COMPANY_CURRENCY else f"{short} {currency}"


def _first(found: QuerySet, columns: list[str], most: int) -> QuerySet:
    """The first `most` as plain rows: a line needs a tenth of what a record reads."""
    return found.values_list(*columns, named=True)[:most]


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
    if user.role in (Role.MANAGER, Role.ADMIN):
        return Action("Review", f"{reverse('insights:review')}?deal={deal.pk}")
    return Action("Open", _page(deal.pk))


@prepared
def _in_need(lane: str) -> QuerySet:
    soon = Q(dossier__derived__next_stale_on__lte=day(SOON))
    own = worst_first(Opportunity.objects.open().filter(**{lane: PERSON})).filter(Q(risks__gt=0) | soon)
    return _first(own, DEAL, LINES + 2)


def own_deals_in_need(user: User, lane: str) -> Section:
    """The own open deals (`lane`: owner or se) that carry a risk or whose evidence goes stale within a week."""
    rows, more = cut(_in_need(lane).rows(user=user.pk), LINES + 1)
    return Section(
        "Deals that need you", "alert-triangle", [_deal_line(deal, user) for deal in rows],
        more_url=f"{reverse('deals:opportunities')}?{lane}={user.pk}&attention=risk", many=more,
    )  # fmt: skip


@prepared
def _at_risk(viewer: Viewer, in_own_currency: bool) -> QuerySet:
    visible = at_risk(Opportunity.objects.visible_to(viewer.user))
    if in_own_currency:  # nearly all, and there is an index
        own = visible.filter(currency=settings.COMPANY_CURRENCY).order_by("-amount", "-pk")
        return _first(own.annotate(value=F("amount")), [*DEAL, "value"], LINES + 3)
    # In two ranges, for which there is an index; PostgreSQL has none for "another than".
    other = Q(currency__lt=settings.COMPANY_CURRENCY) | Q(currency__gt=settings.COMPANY_CURRENCY)
    others = countable(with_value(visible.filter(other))).order_by("-value", "-pk")
    return _first(others, [*DEAL, "value"], LINES + 3)


def deals_at_risk(user: User) -> Section:
    """The open deals at risk, those of the greatest value first, with why."""
    viewer = viewer_of(user)
    found = _at_risk(viewer, True).rows()
    if ExchangeRate.objects.exists():
        found += _at_risk(viewer, False).rows()
    found.sort(key=lambda deal: (deal.value, deal.pk), reverse=True)
    rows, more = cut(found, LINES + 2)
    return Section(
        "Deals at risk", "alert-triangle", [_deal_line(deal, user) for deal in rows],
        "No open deal is late, silent, without a next step or on shaky evidence.",
        f"{reverse('insights:deals')}?state=open&risk=any", many=more,
    )  # fmt: skip


def _entries(entries: QuerySet) -> QuerySet:
    return _first(entries.order_by("entered_at", "pk"), ENTRY, LINES + 1)


def _entry_lines(entries: list[tuple]) -> tuple[list[tuple[Line, int]], bool]:
    """A line for each of the queue's entries, with its deal, the longest wait first; and whether there are more."""
    rows, more = cut(entries)
    lines = [
        Line(
            entry.opportunity__name, _page(entry.opportunity_id), HelpKind(entry.kind).label, at=entry.entered_at,
            at_label="queued", figure=_short(entry.opportunity__amount, entry.opportunity__currency),
        )
        for entry in rows
    ]  # fmt: skip
    return list(zip(lines, [entry.opportunity_id for entry in rows], strict=True)), more


@prepared
def _own_waiting() -> QuerySet:
    return _entries(QueueEntry.objects.waiting().filter(opportunity__owner=PERSON))


def waiting_for_se(user: User) -> Section:
    """The own deals that wait for an SE."""
    lines, more = _entry_lines(_own_waiting().rows(user=user.pk))
    return Section(
        "Waiting for an SE", "inbox", [line for line, _ in lines], more_url=reverse("deals:queue"), many=more
    )


@prepared
def _asked_of() -> QuerySet:
    return _requests(HelpRequest.objects.filter(opportunity__se=PERSON))


@prepared
def _held_back() -> QuerySet:
    return _requests(HelpRequest.objects.filter(opportunity__owner=PERSON, state=HelpRequest.State.HELD))


def asked_of(user: User) -> Section:
    """Demos and POCs that AEs want on the deals of this SE, those that the charter holds back first."""
    lines, more = _asked(_asked_of().rows(user=user.pk))
    for line, request in lines:
        if request.state == HelpRequest.State.HELD:
            line.action = Action("Accept anyway", reverse("deals:accept_anyway", args=[request.pk]), dialog=True)
        else:
            line.action = Action("Open", line.url)
    return Section("Asked of you", "message-circle", [line for line, _ in lines], many=more)


def held_back(user: User) -> Section:
    """The own requests that the charter holds back."""
    lines, more = _asked(_held_back().rows(user=user.pk))
    for line, request in lines:
        line.action = Action("See why", f"{line.url}#held-{request.pk}")
    return Section("Held back by the charter", "hand-stop", [line for line, _ in lines], many=more)


REQUEST = ["pk", "kind", "state", "note", "requested_at", "opportunity_id", "opportunity__name"]


def _requests(requests: QuerySet) -> QuerySet:
    return _first(requests.unsettled().order_by("state", "requested_at", "pk"), REQUEST, LINES + 1)


def _asked(found: list[tuple]) -> tuple[list[tuple[Line, tuple]], bool]:
    rows, more = cut(found)
    lines = []
    for request in rows:
        kind, held = HelpKind(request.kind).label, request.state == HelpRequest.State.HELD
        line = Line(request.opportunity__name, _page(request.opportunity_id), request.note)
        line.at, line.at_label = request.requested_at, "asked"
        line.pills = [(f"{kind} request held back", "warn") if held else (f"{kind} asked for", "info")]
        lines.append((line, request))
    return lines, more


HELP = ["pk", "skill", "purpose", "state", "due_on", "opportunity_id", "opportunity__name", "requested_by__name"]


@prepared
def _helped(person: int, skills: tuple[str, ...]) -> QuerySet:
    every, user = SpecialistRequest.objects, User(pk=person, skills=list(skills))
    asked, engaged = every.asked_of(user), every.engaged().filter(specialist=user)
    wanted = Q(pk__in=asked.values("pk")) | Q(pk__in=engaged.values("pk"))
    return _first(every.filter(wanted).order_by("due_on", "pk"), HELP, LINES + 1)


def specialist_of(user: User) -> Section:
    """Deals of others that this SE helps as a specialist or is asked to, the next due first."""
    rows, more = cut(_helped(user.pk, tuple(user.skills)).rows())
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


@prepared
def _exceptions(viewer: Viewer) -> QuerySet:
    found = CharterException.objects.visible_to(viewer.user).filter(at__gte=moment(-EXCEPTIONS_OF))
    columns = ["kind", "reason", "at", "by__name", "opportunity_id", "opportunity__name"]
    return _first(found.order_by("-at", "-pk"), columns, LINES + 1)


def charter_exceptions(user: User) -> Section:
    """What SEs of the teams accepted below the charter in the last weeks, the newest first."""
    rows, more = cut(_exceptions(viewer_of(user)).rows())
    lines = [
        Line(
            exception.opportunity__name, _page(exception.opportunity_id),
            f"{HelpKind(exception.kind).label} · {exception.by__name}: “{exception.reason}”", at=exception.at,
            at_label="accepted",
        )
        for exception in rows
    ]  # fmt: skip
    return Section("Charter exceptions", "file-certificate", lines, many=more)


@prepared
def _unclaimed(viewer: Viewer) -> QuerySet:
    return _entries(QueueEntry.objects.waiting().visible_to(viewer.user))


def unclaimed(user: User) -> Section:
    """Deals of the teams that wait for an SE, the longest wait first."""
    lines, more = _entry_lines(_unclaimed(viewer_of(user)).rows())
    for line, deal in lines:
        line.action = Action("Assign", address("deals:assign_se", deal), dialog=True)
    return Section(
        "Waiting for an SE", "inbox", [line for line, _ in lines], "Every qualified deal has its SE.",
        reverse("deals:queue"), many=more,
    )  # fmt: skip


@prepared
def _still_waiting() -> QuerySet:
    given = Given("entries", BigIntegerField())
    return _first(QueueEntry.objects.waiting().filter(pk__in=given).order_by(), ["pk", *ENTRY], BEST_CLAIMS)


def best_claims(user: User, carried: Decimal) -> Section:
    """The three waiting deals that suit this SE, who carries `carried`, best, to claim with one click."""
    offered = ranked(user, carried)
    matches = dict(offered[:BEST_CLAIMS])
    entries = {entry.pk: entry for entry in _still_waiting().rows(entries=tuple(matches) or (None,))}
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
    loads = [load(person, person.load) for person in ses_seen_by(user)]
    return sorted(loads, key=lambda load: (-load.share, load.person.name))[: LINES + 2]


def load(person: User, carried: Decimal) -> Load:
    """What a person carries of what they can, and until when they are away."""
    note = f"away until {person.away_until:%-d %b}" if person.is_away else ""
    return Load(person, carried, person.effective_capacity, note)


@prepared
def _sums() -> QuerySet:
    """Count, amount and weighted amount of the open deals of `user`, with risks and without, and of those won from
    `first` to `last`, in one pass."""
    won = Q(outcome=Outcome.WON, closed_on__range=(Given("first", DateField()), Given("last", DateField())))
    own = Opportunity.objects.filter(owner=PERSON).filter(Q(outcome=Outcome.OPEN) | won)
    found = with_weighted(with_risks(in_company_currency(own)))
    group = Template(GROUP, F("outcome"), F("risks"), output_field=CharField())
    sums = found.annotate(group=group).order_by().values_list("group")
    return sums.annotate(Count("pk"), Sum("value"), Sum("weighted"))


def figures(user: User) -> list[Figure]:
    """Open pipeline, weighted, won this quarter, and at risk, of the own deals."""
    person = f"&person={user.pk}"
    base = f"{reverse('insights:deals')}?state="
    quarter = periods.quarter_of(timezone.localdate())
    rows = _sums().rows(user=user.pk, first=quarter.start, last=quarter.end)
    groups = {name: sums for name, *sums in rows}
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


def _figure(label: str, amount: Decimal, note: str, url: str, linked: bool) -> Figure:
    return Figure(label, money_short(amount), f"{money(amount)}, {note}", url if linked else "")


def _deals(count: int, what: str) -> str:
    return f"{count:,} deal{'' if count == 1 else 's'} {what}"
