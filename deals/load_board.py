"""What the manager's load board shows: the unclaimed queue, and a column per SE with load, absences and open deals."""

from dataclasses import dataclass, field

from django.db.models import Count, F, OuterRef, Subquery, Window
from django.db.models.functions import RowNumber

from deals.loads import with_load
from deals.models import Decline, Opportunity, QueueEntry
from people.models import Membership, Role, Team, User
from people.permissions import manages_team
from people.workload import Load

COLUMNS = 24
CARDS = 20
WAITING = 40
CARD = (
    "pk", "name", "amount", "currency", "company__name", "stage__name", "stage__load_weight", "team_id", "owner_id",
    "owner__name", "se_id",
)  # fmt: skip


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
class Waiting:
    """A deal of the queue, with who passed on it; `nobody_left` when that is every SE who could claim it."""

    card: tuple
    declines: list[Decline]
    nobody_left: bool


@dataclass
class Board:
    """The whole board."""

    teams: list[Team]
    waiting: list[Waiting]
    waiting_count: int
    columns: list[Column]
    ses_count: int
    movable: set[int]


def board_of(user: User, team: int | None = None) -> Board:
    """The board of the manager's teams, or of `team` where it is one of them. Seven queries, whatever the size."""
    placed = list(
        Membership.objects.filter(team__in=Team.objects.visible_to(user), user__role=Role.SE, user__is_active=True)
        .select_related("team")
        .order_by("team__name")
    )
    teams = list({member.team_id: member.team for member in placed}.values())
    shown = {team} if team in {one.pk for one in teams} else None
    ses = {member.user_id for member in placed if shown is None or member.team_id in shown}
    columns = _columns(user, ses)
    waiting, count = _waiting(user, shown, placed)
    cards = [card for column in columns for card in column.cards] + [entry.card for entry in waiting]
    return Board(teams, waiting, count, columns, len(ses), {card.pk for card in cards if manages_team(user, card)})


def _columns(user: User, ses: set[int]) -> list[Column]:
    people = with_load(User.objects.filter(pk__in=ses)).order_by("name", "pk")[:COLUMNS]
    columns = {se.pk: Column(se, Load(se.load, se.effective_capacity)) for se in people}
    held = Opportunity.objects.visible_to(user).open().filter(se__in=columns)
    heaviest = [F("stage__load_weight").desc(), F("created_at").desc(), F("pk").desc()]
    ranked = held.annotate(
        place=Window(RowNumber(), partition_by="se", order_by=heaviest), held=Window(Count("pk"), partition_by="se")
    )
    for card in ranked.filter(place__lte=CARDS).order_by("place").values_list(*CARD, "held", named=True):
        columns[card.se_id].cards.append(card)
        columns[card.se_id].held = card.held
    return list(columns.values())


def _waiting(user: User, teams: set[int] | None, placed: list[Membership]) -> tuple[list[Waiting], int]:
    """The deals that wait longest, and how many wait in all. One that waits for several kinds of help is one card."""
    entries = QueueEntry.objects.waiting()
    deals = Opportunity.objects.visible_to(user).open().filter(se=None, pk__in=entries.values("opportunity"))
    if teams is not None:
        deals = deals.filter(team__in=teams)
    first = entries.filter(opportunity=OuterRef("pk")).order_by("entered_at").values("entered_at")[:1]
    waited = deals.annotate(since=Subquery(first), total=Window(Count("pk"))).order_by("since", "pk")
    cards = list(waited.values_list(*CARD, "since", "total", named=True)[:WAITING])
    declines: dict[int, list[Decline]] = {}
    passed = Decline.objects.filter(entry__opportunity__in=[card.pk for card in cards], entry__closed_at=None)
    for decline in (
        passed.select_related("se", "entry")
        .order_by("entry__opportunity_id", "se_id", "-declined_at")
        .distinct("entry__opportunity", "se")
    ):
        declines.setdefault(decline.entry.opportunity_id, []).append(decline)
    able: dict[int, set[int]] = {}
    for member in placed:
        able.setdefault(member.team_id, set()).add(member.user_id)
    found = []
    for card in cards:
        left = able.get(card.team_id, set()) - {decline.se_id for decline in declines.get(card.pk, [])}
        found.append(Waiting(card, declines.get(card.pk, []), nobody_left=not left))
    return found, cards[0].total if cards else 0
