"""What the manager's load board shows: the unclaimed queue, and a column per SE with load, absences and open deals."""

from dataclasses import dataclass, field

from django.db.models import Count, F, OuterRef, Subquery, Window
from django.db.models.functions import RowNumber

from deals.loads import with_load
from deals.models import Decline, DeclineReason, Opportunity, QueueEntry
from people.models import Membership, Role, User
from people.permissions import manages_team
from people.workload import Load

COLUMNS = 16
CARDS = 20
WAITING = 30
CARD = (
    "pk", "name", "amount", "currency", "company__name", "stage__name", "stage__load_weight", "team_id", "owner_id",
    "owner__name", "se_id",
)  # fmt: skip
PERSON = ("name", "email", "role", "seniority", "capacity", "time_zone")


@dataclass
class Column:
    """One SE: what they carry, and the heaviest of their deals that the manager sees."""

    se: User
    load: Load
    cards: list[tuple] = field(default_factory=list)
    held: int = 0

    @property
    def hidden(self) -> int:
        """How many more there are than cards."""
        return self.held - len(self.cards)


@dataclass
class Passed:
    """An SE who declined a waiting deal, and why."""

    name: str
    reason: str
    note: str


@dataclass
class Waiting:
    """A deal of the queue, with who passed on it; `nobody_left` when that is every SE who could claim it."""

    card: tuple
    declines: list[Passed]
    nobody_left: bool


@dataclass
class Board:
    """The whole board; `teams` are those that have SEs, by key."""

    teams: dict[int, str]
    waiting: list[Waiting]
    waiting_count: int
    columns: list[Column]
    ses_count: int
    movable: set[int]


def board_of(user: User, team: int | None = None) -> Board:
    """The board of the manager's teams, or of `team` where it is one of them. Six queries, whatever the size."""
    placed = list(
        Membership.objects.filter(team__in=user.team_ids, user__role=Role.SE, user__is_active=True)
        .order_by("team__name")
        .values_list("team", "team__name", "user")
    )
    teams = {pk: name for pk, name, _ in placed}
    shown = {team} if team in teams else None
    able: dict[int, set[int]] = {}
    for pk, _, se in placed:
        able.setdefault(pk, set()).add(se)
    ses = {se for pk, _, se in placed if shown is None or pk in shown}
    columns = _columns(user, ses)
    waiting, count = _waiting(user, shown, able)
    cards = [card for column in columns for card in column.cards] + [entry.card for entry in waiting]
    return Board(teams, waiting, count, columns, len(ses), {card.pk for card in cards if manages_team(user, card)})


def _columns(user: User, ses: set[int]) -> list[Column]:
    people = with_load(User.objects.filter(pk__in=ses)).only(*PERSON).order_by("-load", "name", "pk")[:COLUMNS]
    by_name = sorted(people, key=lambda se: (se.name, se.pk))
    columns = {se.pk: Column(se, Load(se.load, se.effective_capacity)) for se in by_name}
    held = Opportunity.objects.visible_to(user).open().filter(se__in=columns)
    heaviest = [F("stage__load_weight").desc(), F("created_at").desc(), F("pk").desc()]
    ranked = held.annotate(
        place=Window(RowNumber(), partition_by="se", order_by=heaviest), held=Window(Count("pk"), partition_by="se")
    )
    for card in ranked.filter(place__lte=CARDS).order_by("place").values_list(*CARD, "held", named=True):
        columns[card.se_id].cards.append(card)
        columns[card.se_id].held = card.held
    return list(columns.values())


def _waiting(user: User, teams: set[int] | None, able: dict[int, set[int]]) -> tuple[list[Waiting], int]:
    """The deals that wait longest, and how many wait in all. One that waits for several kinds of help is one card."""
    entries = QueueEntry.objects.waiting()
    deals = Opportunity.objects.visible_to(user).open().filter(se=None, pk__in=entries.values("opportunity"))
    if teams is not None:
        deals = deals.filter(team__in=teams)
    first = entries.filter(opportunity=OuterRef("pk")).order_by("entered_at").values("entered_at")[:1]
    waited = deals.annotate(since=Subquery(first), total=Window(Count("pk"))).order_by("since", "pk")
    cards = list(waited.values_list(*CARD, "since", "total", named=True)[:WAITING])
    passed = _passed([card.pk for card in cards])
    found = []
    for card in cards:
        by_se = passed.get(card.pk, {})
        left = able.get(card.team_id, set()) - set(by_se)
        found.append(Waiting(card, list(by_se.values()), nobody_left=not left))
    return found, cards[0].total if cards else 0


def _passed(deals: list[int]) -> dict[int, dict[int, Passed]]:
    """By deal and SE, the last word of each who declined an entry that still waits."""
    found: dict[int, dict[int, Passed]] = {}
    declines = Decline.objects.filter(entry__opportunity__in=deals, entry__closed_at=None).order_by("declined_at", "pk")
    for deal, se, name, reason, note in declines.values_list(
        "entry__opportunity_id", "se_id", "se__name", "reason", "note"
    ):
        found.setdefault(deal, {})[se] = Passed(name, DeclineReason(reason).label, note)
    return found
