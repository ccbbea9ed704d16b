"""The story of a deal, read from the history's event tables."""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db.models import BigIntegerField, QuerySet
from django.utils import timezone

from deals.models import Claim, Opportunity, Override, Poc, PocState, Proposal, Stage
from people.models import User
from presales.history import Entry, changes_of
from presales.prepared import Given, prepared


@dataclass
class StageTime:
    """How long the deal rested in a stage, in days, and when it entered last."""

    stage: Stage
    days: float
    entered: datetime.datetime


# What an action is called when told afterwards.
TOLD = {
    "insert": "entered this deal",
    "create_opportunity": "added this deal",
    "convert_lead": "opened this deal from a lead",
    "update_commercial": "changed the commercial facts",
    "reassign_owner": "gave this deal to another AE",
    "call_no_go": "called a technical no-go",
    "confirm": "brought this deal in with an import",
}
ICONS = {
    "call_no_go": "circle-x",
    "convert_lead": "arrow-right-circle",
    "create_opportunity": "plus",
    "move_stage": "arrow-right",
    "reassign_owner": "user-share",
    "reopen": "rotate-clockwise",
    "update_commercial": "pencil",
}
# Fields that only repeat what the sentence already says.
IMPLIED = {"stage", "stage_since", "outcome", "closed_on", "se", "dossier"}


def timeline(
    opportunity: Opportunity,
    events: list,
    claims: list[Claim],
    stages: list[Stage],
    overrides: list[Override] = (),
    offers: list[Entry] = (),
) -> list[Entry]:
    """Changes of the deal (`events` as history.events_of reads them), claims, overrides and offers, newest first."""
    names = {stage.pk: stage.name for stage in stages}
    # Mostly it was the two of the deal who did it; their names are here already.
    people = [opportunity.owner, opportunity.se, *(claim.se for claim in claims), *(c.assigned_by for c in claims)]
    known = {Stage: names, User: {person.pk: str(person) for person in people if person}}
    entries = []
    for entry in changes_of(opportunity, limit=60, events=events, known=known):
        told = _told(entry, opportunity.currency)
        if told is not None:
            entries.append(told)
    for claim in claims:
        title = f"was assigned by {claim.assigned_by}" if claim.assigned_by else "claimed the deal"
        entries.append(
            Entry(at=claim.claimed_at, kind="claim", title=title, who=claim.se.name, icon="hand-grab", channel="web")
        )
        if claim.ended_at:
            title = f"no longer has the deal: {claim.get_end_display().lower()}"
            entries.append(
                Entry(
                    at=claim.ended_at,
                    kind="claim",
                    title=title,
                    who=claim.se.name,
                    icon="hand-off",
                    reason=claim.note,
                    channel="web",
                )
            )
    entries += [
        Entry(
            at=override.at, kind="override", who=str(override.by), icon="hand-stop", channel="web",
            title=f"went past a gate to {override.to_stage.name}: {'; '.join(override.missing)}",
        )
        for override in overrides
    ]  # fmt: skip
    return sorted([*entries, *offers], key=lambda entry: entry.at, reverse=True)


# What becomes of a proposal, in the story of its deal.
OFFERS = {
    "start_proposal": ("began proposal {0}", "file-text"),
    "ask_approval": ("asked for approval of the discounts in proposal {0}", "file-text"),
    "approve_proposal": ("approved the discounts in proposal {0}", "check"),
    "send_back_proposal": ("sent proposal {0} back", "arrow-back-up"),
    "send_proposal": ("sent proposal {0} to {1}", "send"),
    "accept_proposal": ("recorded that {2} accepts proposal {0}", "circle-check"),
    "decline_proposal": ("recorded that {2} declines proposal {0}", "circle-x"),
    "take_back_answer": ("took back the answer to proposal {0}", "rotate"),
    "expire_proposals": ("let proposal {0} expire", "clock"),
}


def offers_of(opportunity: Opportunity) -> list[Entry]:
    """What became of the deal's proposals: two queries, however many versions there are."""
    events = Proposal._meta.get_field("events").related_model.objects.filter(opportunity=opportunity.pk)
    # A version that another replaces changes in the same action; the line of the other says it.
    rows = events.exclude(state="replaced").order_by("-pgh_id")[:100]
    return _retold(rows, OFFERS, "proposal", lambda row: (row.number, row.sent_to, row.answered_by))


# What becomes of a POC, in the story of its deal.
TRIALS = {
    "propose_poc": ("proposed POC {0}", "flask"),
    "agree_poc": ("recorded that {1} agrees to the criteria of POC {0}", "circle-check"),
    "change_plan": ("opened the plan of POC {0} to change it", "pencil"),
    "start_poc": ("started POC {0}", "player-play"),
    "finish_poc": ("ended POC {0}: {2}", "flag"),
    "resume_poc": ("took POC {0} up again", "rotate"),
}


def pocs_of(opportunity: Opportunity) -> list[Entry]:
    """What became of the deal's POCs: two queries, however many there are."""
    events = Poc._meta.get_field("events").related_model.objects.filter(opportunity=opportunity.pk)
    rows = events.order_by("-pgh_id")[:100]
    return _retold(rows, TRIALS, "poc", lambda row: (row.number, row.agreed_name, PocState(row.state).label.lower()))


def _retold(rows: Iterable, words_of: dict[str, tuple[str, str]], kind: str, facts: Callable) -> list[Entry]:
    """The rows of a history whose action has words in `words_of`, with `facts` of the row put into them."""
    found = [row for row in rows if (row.pgh_context or {}).get("action") in words_of]
    people = {pk for row in found if (pk := row.pgh_context.get("user"))}
    names = dict(User.objects.filter(pk__in=people).values_list("pk", "name")) if people else {}
    entries = []
    for row in found:
        context = row.pgh_context
        words, icon = words_of[context["action"]]
        entries.append(
            Entry(
                at=row.pgh_created_at, kind=kind, icon=icon, channel=str(context.get("channel") or "job"),
                title=words.format(*facts(row)), who=names.get(context.get("user"), "Presales"),
                reason=str(context.get("reason") or ""),
            )
        )  # fmt: skip
    return entries


def overrides_of(opportunity: Opportunity) -> list[Override]:
    """The newest overrides of a deal, newest first."""
    return _overrides().rows(deal=opportunity.pk)


@prepared
def _overrides() -> QuerySet:
    of_deal = Override.objects.filter(opportunity=Given("deal", BigIntegerField()))
    return of_deal.select_related("by", "from_stage", "to_stage").order_by("-at", "-pk")[:20]


def _told(entry: Entry, currency: str) -> Entry | None:
    """The entry as a sentence; None where it says only what the line of a claim says anyway."""
    changed = {change.field: change for change in entry.changes}
    left = [change for change in entry.changes if change.field not in IMPLIED]
    entry.icon = ICONS.get(entry.action, "history")
    entry.title = TOLD.get(entry.action, "changed this deal")
    if "stage" in changed:
        verb = {"reopen": "opened this deal again in", "call_no_go": "called a no-go and moved this deal to"}
        entry.title = f"{verb.get(entry.action, 'moved this deal to')} {changed['stage'].after}"
    elif changed and not left:
        return None
    if "amount" in changed:
        changed["amount"].label = "amount a year"
        changed["amount"].after += f" {currency}"
    entry.changes = left
    return entry


def stage_times(opportunity: Opportunity, events: list, stages: list[Stage]) -> list[StageTime]:
    """Days in each stage, from the same event rows."""
    visits: list[tuple[int, datetime.datetime]] = []
    for event in reversed(events):
        if not visits or visits[-1][0] != event.stage_id:
            visits.append((event.stage_id, event.stage_since or event.pgh_created_at))
    if not visits:
        return []
    ends = [at for _, at in visits[1:]] + [timezone.now() if opportunity.is_open else opportunity.stage_since]
    known = {stage.pk: stage for stage in stages}
    times: dict[int, StageTime] = {}
    for (stage_id, entered), left in zip(visits, ends, strict=True):
        stage = known.get(stage_id)
        if stage is None or not stage.is_open:
            continue
        days = max((left - entered).total_seconds() / 86400, 0)
        before = times.get(stage_id)
        times[stage_id] = StageTime(stage, days + (before.days if before else 0), entered)
    return sorted(times.values(), key=lambda item: item.stage.order)
