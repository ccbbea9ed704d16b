"""The lead list: its tabs, filters and orders, each by index at a million leads."""

from dataclasses import dataclass
from functools import cached_property

from django.db.models import Q, QuerySet
from django.http import QueryDict

from leads.custom_filters import Filters
from leads.models import Lead, LeadScore, LeadStage, Source
from leads.models.scoring import Band
from leads.search import matching_leads
from people.models import Role, Team, User
from presales.paging import COUNT_LIMIT, PAGE_SIZE, Page, Sort, capped_count, paginate

OPEN = [LeadStage.NEW, LeadStage.MQL, LeadStage.SAL, LeadStage.SQL]


@dataclass(frozen=True)
class Tab:
    """A saved question: which leads, in which order, and what it means when there are none."""

    key: str
    label: str
    where: Q
    sort: str
    empty: str
    mine: bool = False


TABS = [
    Tab("mine", "My leads", Q(stage__in=OPEN), "-age", "Accept a lead, or log one: it will be here.", mine=True),
    Tab("accept", "To accept", Q(stage=LeadStage.MQL), "due", "Nothing waits for an answer. Well done."),
    Tab("working", "In work", Q(stage__in=[LeadStage.SAL, LeadStage.SQL]), "-age", "Accepted leads will be here."),
    Tab("returned", "Returned", ~Q(return_reason=""), "-age", "No AE has sent a lead back."),
    Tab("nurture", "Nurture", Q(stage=LeadStage.NURTURE), "look", "Leads to look at again later will be here."),
    Tab(
        "closed",
        "Closed",
        Q(stage__in=[LeadStage.CONVERTED, LeadStage.DISQUALIFIED]),
        "-age",
        "Converted and disqualified leads will be here.",
    ),
    Tab("all", "All", Q(), "-age", "Log the first lead, or import a list."),
]
TABS_OF = {
    Role.AE: ["mine", "accept", "nurture", "closed", "all"],
    Role.MANAGER: ["accept", "working", "nurture", "closed", "all"],
    Role.MARKETING: ["all", "returned", "accept", "nurture", "closed"],
    Role.ADMIN: ["all", "accept", "working", "returned", "nurture", "closed"],
    Role.SE: ["all"],
}

SORTS = {
    "-age": Sort("created_at", descending=True, label="Newest first"),
    "age": Sort("created_at", label="Oldest first"),
    "-score": Sort("total", descending=True, label="Highest score first"),
    "score": Sort("total", label="Lowest score first"),
    "name": Sort("name_key", label="Name, A to Z"),
    "-name": Sort("name_key", descending=True, label="Name, Z to A"),
    "due": Sort("response_due_at", label="Answer due first"),
    "look": Sort("nurture_until", label="Look again first"),
}
# These dates exist in one stage only, and only there an index serves them.
ONLY_IN = {"due": "accept", "look": "nurture"}
SHOWN = [
    "pk", "name", "job_title", "stage", "source", "created_at", "response_due_at", "nurture_until", "return_reason",
    "name_key", "owner_id", "owner_name", "owner__name", "company__name", "score__total", "score__grade", "score__band",
    "score__computed_rev",
]  # fmt: skip


@dataclass
class LeadList:
    """One request for the list, read leniently: what is not understood is left out."""

    user: User
    tab: Tab
    tabs: list[Tab]
    q: str
    stage: str
    band: str
    source: str
    owner: int | None
    team: int | None
    sort: str
    cursor: str
    owners: list[tuple[int, str]]
    teams: list[tuple[int, str]]
    custom: Filters
    has_many: bool = False

    @classmethod
    def read(cls, user: User, params: QueryDict) -> "LeadList":
        """The list that `params` ask for, of what `user` sees."""
        known = {tab.key: tab for tab in TABS}
        tabs = [known[name] for name in TABS_OF[user.role]]
        tab = next((tab for tab in tabs if tab.key == params.get("tab")), tabs[0])
        aes = User.objects.none() if tab.mine else User.objects.visible_to(user).filter(role=Role.AE)
        owners = list(aes.order_by("name", "pk").values_list("pk", "name"))
        teams = list(Team.objects.visible_to(user).order_by("name").values_list("pk", "name"))
        sort = params.get("sort", "")
        if sort not in SORTS or ONLY_IN.get(sort, tab.key) != tab.key:
            sort = tab.sort
        return cls(
            user=user,
            tab=tab,
            tabs=tabs,
            q=params.get("q", "").strip()[:100],
            stage=_one_of(params.get("stage"), LeadStage.values),
            band=_one_of(params.get("band"), Band.values),
            source=_one_of(params.get("source"), Source.values),
            owner=next((pk for pk, _ in owners if str(pk) == params.get("owner")), None),
            team=next((pk for pk, _ in teams if str(pk) == params.get("team")), None),
            sort=sort,
            cursor=params.get("cursor", ""),
            owners=owners,
            teams=teams,
            custom=Filters.read("lead", params),
        )

    @property
    def is_filtered(self) -> bool:
        """Whether anything but the tab narrows the list."""
        return bool(self.q or self.stage or self.band or self.source or self.owner or self.team or self.custom.on)

    @property
    def sorts(self) -> list[tuple[str, str]]:
        """The orders that this tab offers."""
        return [(name, sort.label) for name, sort in SORTS.items() if ONLY_IN.get(name, self.tab.key) == self.tab.key]

    @cached_property
    def leads(self) -> QuerySet:
        """The leads asked for, without order."""
        leads = Lead.objects.visible_to(self.user).unmerged().filter(self.tab.where)
        if self.tab.mine:
            leads = leads.filter(owner=self.user)
        for field in ("stage", "source", "owner", "team"):
            if value := getattr(self, field):
                leads = leads.filter(**{field: value})
        if self.band:
            leads = leads.filter(score__band=self.band)
        leads = self.custom.apply(leads)
        if self.q:
            leads, self.has_many = matching_leads(leads, self.q)
        return leads

    def count(self) -> tuple[int, bool]:
        """How many leads there are, up to a limit, and whether there are more."""
        leads = self.leads
        return (COUNT_LIMIT, True) if self.has_many else capped_count(leads)

    def page(self) -> Page:
        """The page asked for."""
        if self.sort in ("score", "-score"):
            return self._by_score()
        return paginate(self.leads.values_list(*SHOWN, named=True), SORTS[self.sort], self.cursor, PAGE_SIZE)

    def _by_score(self) -> Page:
        # From the narrow table outwards, so that its index gives the order and the leads are looked up.
        scores = LeadScore.objects.filter(lead__in=self.leads.values("pk")).only("lead_id", "total")
        page = paginate(scores, SORTS[self.sort], self.cursor, PAGE_SIZE)
        leads = Lead.objects.filter(pk__in=[score.pk for score in page.rows]).values_list(*SHOWN, named=True)
        found = {lead.pk: lead for lead in leads}
        page.rows = [found[score.pk] for score in page.rows if score.pk in found]
        return page


def _one_of(value: str | None, allowed: list[str]) -> str:
    return value if value in allowed else ""
