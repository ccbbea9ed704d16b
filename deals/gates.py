"""The gates that a stage can want before a deal leaves it.

A gate is a small function, registered under a name, that answers with what is missing and the link that mends it.
Which stage wants which gate, and whether it is required or advisory, is data (`ExitCriterion`), the admin's to change.
"""

import copy
import dataclasses
from collections.abc import Callable

from django.db.models import Count, Q, prefetch_related_objects
from django.urls import reverse
from django.utils import timezone

from deals.models import (
    ExitCriterion,
    Handoff,
    Importance,
    Meeting,
    MeetingKind,
    Opportunity,
    PocState,
    ProposalState,
    Stage,
    StakeholderRole,
    Stance,
    StepKind,
    TechnicalState,
)
from deals.models.pocs import DECIDED
from deals.models.proposals import STANDING
from deals.models.technical_wins import technical_win_of
from presales.errors import Missing
from qualification import gates
from qualification.gates import criterion_among, known_at, meets_policy
from qualification.models import Level

Check = Callable[[Opportunity], list[Missing]]


@dataclasses.dataclass(frozen=True)
class Gate:
    """A registered gate: what stages call it, what people read, and the function that looks."""

    name: str
    label: str
    description: str
    check: Check


GATES: dict[str, Gate] = {}


def gate(name: str, label: str, description: str) -> Callable[[Check], Check]:
    """Register the decorated function as the gate `name`; `description` is one sentence for the admin."""

    def register(check: Check) -> Check:
        if name in GATES:
            raise ValueError(f"There are two gates called {name}")
        GATES[name] = Gate(name, label, description, check)
        return check

    return register


def missing_for(opportunity: Opportunity, target: Stage, since: Stage | None = None) -> list[Missing]:
    """What is missing to go forwards to `target`: the criteria of every open stage that is left on the way.

    The way begins at `since`, by default the deal's stage. A gate that several stages want is asked once, and is
    required if one of them requires it. A name that this version does not know holds nothing back; the stage's page
    says so.
    """
    start = since or opportunity.stage
    left = Stage.objects.filter(
        pipeline=opportunity.pipeline_id, order__gte=start.order, order__lt=target.order, outcome="open"
    )
    wanted: dict[str, bool] = {}
    for criterion in ExitCriterion.objects.filter(stage__in=left).order_by("stage__order", "order", "pk"):
        wanted[criterion.gate] = wanted.get(criterion.gate, False) or criterion.is_required
    known = {name: is_required for name, is_required in wanted.items() if name in GATES}
    if not known:
        return []
    asked = read_for_gates(opportunity)
    found: dict[tuple[str, str], Missing] = {}
    for name, is_required in known.items():
        for item in GATES[name].check(asked):
            told = found.get((item.what, item.url))
            if told is None or told.advisory:
                found[item.what, item.url] = dataclasses.replace(item, advisory=not is_required)
    return list(found.values())


def read_for_gates(opportunity: Opportunity) -> Opportunity:
    """A copy of the deal with its dossier and buying committee as they stand now, so that no gate asks again."""
    asked = copy.copy(opportunity)
    asked.dossier = gates.read_for_gates(opportunity.dossier)
    prefetch_related_objects([asked], "stakeholders")
    asked.read_for_gates = True
    return asked


def _facts(opportunity: Opportunity) -> str:
    return reverse("deals:edit_opportunity", args=[opportunity.pk])


@gate("dossier_qualified", "Dossier qualified", "The team's framework is met, by evidence that has not gone stale.")
def dossier_qualified(opportunity: Opportunity) -> list[Missing]:
    """Everything that the team's framework wants."""
    return meets_policy(opportunity.dossier)


@gate("compelling_event_named", "Compelling event named", "Something happens on a date if the customer does nothing.")
def compelling_event_named(opportunity: Opportunity) -> list[Missing]:
    """The event stands among the commercial facts."""
    if opportunity.compelling_event.strip():
        return []
    return [Missing("No compelling event is named", _facts(opportunity))]


@gate("next_step_dated", "Next step dated", "The next step is agreed and has its day.")
def next_step_dated(opportunity: Opportunity) -> list[Missing]:
    """Next step and its day stand among the commercial facts."""
    if opportunity.next_step and opportunity.next_step_on:
        return []
    return [Missing("No dated next step is agreed", _facts(opportunity))]


@gate("se_on_it", "An SE is on it", "An SE has claimed the deal, or a manager has assigned one.")
def se_on_it(opportunity: Opportunity) -> list[Missing]:
    """The technical lane has its driver."""
    if opportunity.se_id:
        return []
    return [Missing("An SE has to claim the deal", reverse("deals:request_help", args=[opportunity.pk]))]


@gate(
    "technical_pain_validated", "Technical pain validated", "The SE has validated the pain, in BANT the need: level 3."
)
def technical_pain_validated(opportunity: Opportunity) -> list[Missing]:
    """Only the technical lane validates these criteria, so level 3 is the SE's word."""
    return known_at(opportunity.dossier, ("identify_pain", "need"), Level.VALIDATED)


def _on_committee(opportunity: Opportunity, role: StakeholderRole, keys: tuple[str, ...]) -> list[Missing]:
    """The person stands on the buying committee and not against us, or the customer has told us who it is."""
    people = opportunity.stakeholders.all()
    if any(person.role == role and person.stance != Stance.AGAINST for person in people):
        return []
    if criterion_among(opportunity.dossier, keys) is not None:
        return known_at(opportunity.dossier, keys, Level.STATED)
    url = reverse("deals:add_stakeholder", args=[opportunity.pk])
    return [Missing(f"Nobody on the buying committee is the {role.label.lower()}", url)]


@gate(
    "economic_buyer_identified", "Economic buyer identified",
    "Who releases the money stands on the buying committee, or the customer has said it (BANT's authority: level 2).",
)  # fmt: skip
def economic_buyer_identified(opportunity: Opportunity) -> list[Missing]:
    """Somebody who can say yes to the money."""
    return _on_committee(opportunity, StakeholderRole.ECONOMIC_BUYER, ("economic_buyer", "authority"))


@gate(
    "champion_identified", "Champion identified",
    "Somebody who sells for us inside stands on the buying committee, or in the dossier at level 2.",
)  # fmt: skip
def champion_identified(opportunity: Opportunity) -> list[Missing]:
    """Somebody with influence who sells for us when we are away."""
    return _on_committee(opportunity, StakeholderRole.CHAMPION, ("champion",))


@gate(
    "requirements_recorded", "Requirements recorded with fit",
    "The SE has written down what the customer wants, and judged how well we fit every must.",
)  # fmt: skip
def requirements_recorded(opportunity: Opportunity) -> list[Missing]:
    """At least one requirement, and no must without a fit."""
    musts = Count("pk", filter=Q(importance=Importance.MUST, fit=""))
    found = opportunity.requirements.order_by().aggregate(recorded=Count("pk"), unjudged=musts)
    url = reverse("deals:requirements", args=[opportunity.pk])
    if not found["recorded"]:
        return [Missing("No requirement is recorded", url)]
    if found["unjudged"]:
        which = "1 must has" if found["unjudged"] == 1 else f"{found['unjudged']} musts have"
        return [Missing(f"{which} no fit yet", url)]
    return []


@gate(
    "demo_held", "Demo held, with huddle and debrief",
    "A demo took place; the pair had gone through the huddle before it, and both have written down what they learned.",
)  # fmt: skip
def demo_held(opportunity: Opportunity) -> list[Missing]:
    """One demo with everything; otherwise what the best prepared one lacks."""
    now = timezone.now()
    demos = opportunity.meetings.ended(now).filter(kind=MeetingKind.DEMO).with_state(now).order_by("-starts_at", "-pk")
    lacks = [_lacks(demo) for demo in demos]
    if not lacks:
        return [Missing("No demo has been held yet", reverse("deals:plan_meeting", args=[opportunity.pk]))]
    return min(lacks, key=len)


def _lacks(demo: Meeting) -> list[Missing]:
    day, found = f"{demo.starts_at:%-d %b}", []
    if not demo.huddled:
        # Nobody prepares for what is over.
        again = reverse("deals:plan_meeting", args=[demo.opportunity_id])
        found.append(Missing(f"The demo of {day} had no huddle: plan the next one with it", again))
    page = reverse("deals:meeting", args=[demo.pk])
    if not demo.ae_debrief:
        found.append(Missing(f"The AE has not debriefed the demo of {day}", page))
    if not demo.se_debrief:
        found.append(Missing(f"The SE has not debriefed the demo of {day}", page))
    return found


@gate("decision_criteria_known", "Decision criteria known", "The customer has said what the choice is measured by.")
def decision_criteria_known(opportunity: Opportunity) -> list[Missing]:
    """Asked where the framework asks for decision criteria: level 2."""
    return known_at(opportunity.dossier, ("decision_criteria",), Level.STATED)


@gate("decision_process_known", "Decision process known", "The customer has named the steps up to a signature.")
def decision_process_known(opportunity: Opportunity) -> list[Missing]:
    """Asked where the framework asks for the decision process: level 2."""
    return known_at(opportunity.dossier, ("decision_process",), Level.STATED)


@gate(
    "poc_agreed", "POC criteria agreed before the start",
    "The customer agreed to the success criteria before the POC began, or has waived the POC.",
)  # fmt: skip
def poc_agreed(opportunity: Opportunity) -> list[Missing]:
    """The newest POC that was not abandoned; what was changed since has to be agreed anew."""
    waived, poc = _trial(opportunity)
    if waived:
        return []
    url = reverse("deals:pocs", args=[opportunity.pk])
    if poc is None:
        return [Missing("No POC is agreed with the customer, nor waived by them", url)]
    if poc["pocs__unagreed_reason"]:
        return [Missing(f"POC {poc['pocs__number']} started before its criteria were agreed", url)]
    if poc["pocs__agreed_on"] is None:
        again = "the changed criteria" if poc["pocs__agreements"] else "the criteria"
        return [Missing(f"The customer has not agreed to {again} of POC {poc['pocs__number']}", url)]
    return []


@gate(
    "poc_decided", "POC decided or waived",
    "A POC is passed or failed by its criteria, or the customer has waived it: who, when and why.",
)  # fmt: skip
def poc_decided(opportunity: Opportunity) -> list[Missing]:
    """A POC that failed is decided too; the technical win says what that means."""
    waived, poc = _trial(opportunity)
    if waived or (poc is not None and poc["pocs__state"] in DECIDED):
        return []
    url = reverse("deals:pocs", args=[opportunity.pk])
    if poc is None:
        return [Missing("No POC is decided, nor waived by the customer", url)]
    how_far = PocState(poc["pocs__state"]).label.lower()
    return [Missing(f"POC {poc['pocs__number']} is {how_far}; nobody has decided yet", url)]


TRIAL = ["number", "state", "agreed_on", "agreements", "unagreed_reason"]


def _trial(opportunity: Opportunity) -> tuple[bool, dict | None]:
    """Whether the customer has waived the POC, and the facts of the newest one that was not abandoned; one query."""
    rows = getattr(opportunity, "trial_rows", None)  # read before, if both gates are asked at once
    if rows is None:
        read = [f"pocs__{name}" for name in TRIAL]
        known = Opportunity.objects.filter(pk=opportunity.pk).order_by("-pocs__number").values("poc_waiver", *read)
        rows = list(known)
        if hasattr(opportunity, "read_for_gates"):
            opportunity.trial_rows = rows
    kept = (row for row in rows if row["pocs__number"] and row["pocs__state"] != PocState.ABANDONED)
    return any(row["poc_waiver"] for row in rows), next(kept, None)


@gate(
    "technical_win_recorded", "Technical win recorded",
    "The customer's technical people have decided for us, and the SE has recorded who signed off and when.",
)  # fmt: skip
def technical_win_recorded(opportunity: Opportunity) -> list[Missing]:
    """Won technically, whatever the commercial side says."""
    decision = technical_win_of(opportunity)
    if decision.is_won:
        return []
    url = reverse("deals:technical_win", args=[opportunity.pk])
    if decision.state == TechnicalState.LOST:
        return [Missing(f"The technical decision was lost on {decision.decided_on:%-d %b %Y}", url)]
    return [Missing("The technical win is not recorded yet", url)]


@gate("proposal_sent", "Proposal sent", "A version of the proposal is with the customer, or accepted.")
def proposal_sent(opportunity: Opportunity) -> list[Missing]:
    """What stands counts; what was declined, expired or is still being written does not."""
    versions = list(opportunity.proposals.only("opportunity_id", "number", "state", "valid_until"))
    if any(version.state in STANDING for version in versions):
        return []
    url = reverse("deals:proposals", args=[opportunity.pk])
    last = versions[0] if versions else None
    if last is None:
        what = "No proposal is written yet"
    elif last.is_unsent:
        what = f"Proposal {last.number} is not sent yet"
    elif last.state == ProposalState.EXPIRED:
        what = f"Proposal {last.number} expired on {last.valid_until:%-d %b %Y}; send a new version"
    else:
        what = f"Proposal {last.number} is {last.get_state_display().lower()}; send a new version"
    return [Missing(what, url)]


@gate(
    "closing_steps_listed", "Legal and security steps listed",
    "What legal and security have to do before a signature, on either side, stands on the deal.",
)  # fmt: skip
def closing_steps_listed(opportunity: Opportunity) -> list[Missing]:
    """At least one step for each of the two desks, done or not; procurement may have none."""
    listed = set(opportunity.closing_steps.order_by().values_list("kind", flat=True))
    url = reverse("deals:closing_steps", args=[opportunity.pk])
    return [
        Missing(f"No {kind.label.lower()} step is listed", url)
        for kind in (StepKind.LEGAL, StepKind.SECURITY)
        if kind not in listed
    ]


@gate(
    "handoff_started", "Handoff started",
    "What whoever works with the customer from now on has to know is being written down.",
)  # fmt: skip
def handoff_started(opportunity: Opportunity) -> list[Missing]:
    """AE or SE has written the first words of the handoff; the rest may follow the signature."""
    if Handoff.objects.current().filter(opportunity=opportunity).exists():
        return []
    return [Missing("The handoff is not started", reverse("deals:deal_handoff", args=[opportunity.pk]))]
