"""The buying committees of the open deals, two pairs with their charters, and what those hold back."""

import contextlib
import random
from collections import Counter
from datetime import timedelta

from django.db.models import Case, QuerySet, When

from deals.actions import help_requests, pairings, queue, stakeholders
from deals.actions.pairings import TERMS
from deals.demo import words
from deals.demo.clock import at, days_ago
from deals.models import (
    Charter,
    HelpRequest,
    Influence,
    Opportunity,
    Outcome,
    Pairing,
    Stakeholder,
    StakeholderRole,
    Stance,
)
from people.models import User
from presales.errors import GateRefused
from qualification.models import Status

Role = StakeholderRole
# role, titles, influence, stance, what we know; the buyer and the contact come from the deal itself.
OTHERS = [
    (Role.TECHNICAL_BUYER, ["Enterprise Architect", "Head of Data Platform"], Influence.HIGH, Stance.NEUTRAL,
     "Wants to see how we fail, not how we work."),
    (Role.USER, ["Operations Manager", "Data Engineer"], Influence.LOW, Stance.SUPPORTS, ""),
    (Role.PROCUREMENT, ["Purchasing Specialist"], Influence.MEDIUM, Stance.UNKNOWN, "Asks for three offers by rule."),
    (Role.LEGAL, ["Head of Legal"], Influence.MEDIUM, Stance.UNKNOWN, ""),
    (Role.BLOCKER, ["Director of IT"], Influence.HIGH, Stance.AGAINST, "Built the present system; fears for the team."),
]  # fmt: skip
KNOWN = {"discovery": 1, "presentation": 2, "evaluation": 4, "negotiation": 5}
"""How many of OTHERS are known by the stage."""


def tell(people: dict[str, User]) -> None:
    """Committees first, since the charters are measured by them."""
    dice = random.Random(8)  # noqa: S311  a story, not a secret; its own dice leave the rest of the story as it is
    held = _pair_up(people)
    for number, deal in enumerate(_open_deals().filter(stage__slug__in=KNOWN).order_by("pk")):
        _committee(dice, deal, sponsor=deal.pk not in held, in_one=number == 3)
    for number, pk in enumerate(held):
        _ask(Opportunity.objects.get(pk=pk), accepted=number == 0)


def _open_deals() -> QuerySet:
    claimed = Opportunity.objects.filter(outcome=Outcome.OPEN, se__isnull=False, owner__isnull=False)
    return claimed.select_related("owner", "se", "stage", "lead")


def _pair_up(people: dict[str, User]) -> list[int]:
    """The two pairs with most deals agree on a charter; the deals that stay without a sponsor for their story."""
    users = {user.pk: user for user in people.values()}
    together = Counter(_open_deals().filter(stage__slug__in=KNOWN).values_list("owner", "se"))
    continental = (people["ae3"].pk, people["se3"].pk)
    (atlantic, _), *_ = Counter({pair: n for pair, n in together.items() if pair != continental}).most_common(1)
    for number, (ae, se) in enumerate((atlantic, continental)):
        with at(days_ago(200)):
            pairing = pairings.start_pairing(users[ae], users[ae], users[se])
        with at(days_ago(197)):
            pairings.accept_charter(users[se], pairing.charters.get())
        if number == 0:
            _change(users[se], pairing, 90, accepted_by=users[ae], prep_hours_ahead=48, note="Notes the same day.")
            _change(users[se], pairing, 2, timeline_months=4, prep_minutes=30)
    # Where their technical people have decided, one of them may count as a sponsor.
    shared = _open_deals().filter(owner=atlantic[0], se=atlantic[1], stage__slug__in=("discovery", "presentation"))
    # Those whose evidence is fresh first, so that the sponsor is all they lack.
    fresh = Case(When(dossier__derived__status=Status.QUALIFIED, then=0), default=1)
    return list(shared.order_by(fresh, "-last_activity_at", "pk").values_list("pk", flat=True)[:2])


def _change(actor: User, pairing: Pairing, days: int, accepted_by: User | None = None, **changes: object) -> None:
    newest: Charter = pairing.charters.order_by("-number").first()
    terms = {name: getattr(newest, name) for name in TERMS} | changes
    with at(days_ago(days)):
        charter = pairings.propose_charter(actor, pairing, terms, based_on=newest.number)
    if accepted_by:
        with at(days_ago(days - 1)):
            pairings.accept_charter(accepted_by, charter)


def _committee(dice: random.Random, deal: Opportunity, *, sponsor: bool, in_one: bool) -> None:
    authority = deal.dossier.evidence.current().filter(criterion__key="authority").first()
    contact = (deal.lead.name, deal.lead.job_title, deal.lead.email) if deal.lead else (_name(dice), "IT Manager", "")
    if authority and authority.person_name and sponsor:
        # The evidence reads "NAME, TITLE signs; …".
        title = authority.text.partition(" signs")[0].partition(", ")[2]
        buyer = (authority.person_name, title, "")
        _add(
            deal, Role.ECONOMIC_BUYER, buyer, Influence.HIGH, dice.choice([Stance.SUPPORTS, Stance.NEUTRAL]), deal.owner
        )
        if in_one:
            contact = buyer
    if not sponsor:
        contact = (contact[0], "Data Engineering Manager", contact[2])
    _add(deal, Role.CHAMPION, contact, Influence.MEDIUM, Stance.SUPPORTS, deal.owner, "Has asked us to be quick.")
    for role, titles, influence, stance, note in OTHERS[: KNOWN[deal.stage.slug]]:
        title = "Enterprise Architect" if not sponsor and role == Role.TECHNICAL_BUYER else dice.choice(titles)
        if role in (Role.BLOCKER, Role.LEGAL) and dice.random() < 0.5:
            continue
        if role == Role.TECHNICAL_BUYER and deal.stakeholders.filter(role=role).exists():
            continue  # met when the SE needed them
        known_by = deal.se if role in (Role.TECHNICAL_BUYER, Role.USER) else None
        _add(deal, role, (_name(dice), title, ""), influence, stance, known_by, note)


def _add(
    deal: Opportunity, role: str, who: tuple[str, str, str], influence: str, stance: str, known_by: User | None,
    note: str = "",
) -> None:  # fmt: skip
    name, title, email = who
    person = Stakeholder(
        name=name, job_title=title, email=email or "", role=role, influence=influence, stance=stance,
        known_by=known_by, note=note,
    )  # fmt: skip
    # At the moment of the last activity, so that a deal that rests goes on resting.
    with at(deal.last_activity_at):
        stakeholders.add_stakeholder(known_by or deal.owner, deal, person)


def _name(dice: random.Random) -> str:
    return f"{dice.choice(words.FIRST_NAMES)} {dice.choice(words.LAST_NAMES)}"


def _ask(deal: Opportunity, *, accepted: bool) -> None:
    """A request that the charter holds back; where `accepted`, the SE takes it all the same."""
    kind, note = ("demo", "They want to see their own yard.") if accepted else ("poc", "Two weeks on their test data.")
    with at(deal.last_activity_at), contextlib.suppress(GateRefused):
        queue.request_help(deal.owner, deal, kind, note)
    if accepted:
        request = HelpRequest.objects.get(opportunity=deal, kind=kind)
        with at(max(deal.last_activity_at, days_ago(6)) + timedelta(hours=2)):
            help_requests.accept_anyway(
                deal.se, request, reason="Their CFO decides after this demo and will not meet us before it."
            )
