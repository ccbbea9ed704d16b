"""A year of leads, each living its life through the real actions."""

import datetime
import random
from decimal import Decimal

from django.utils import timezone

from deals.demo import words
from deals.demo.clock import at, days_ago, spread
from deals.demo.evidence import Pursuit, invent, say
from leads.actions import leads as lead_actions
from leads.actions import stages
from leads.models import Company, Consent, DisqualifyReason, Engagement, Lead, LeadStage
from leads.models.engagements import EngagementKind as Kind
from people.models import User

# How a lead ends, how many do, and between how many and how many days ago they came in.
ENDS = {
    "converted": (52, 26, 350),
    "disqualified": (92, 20, 360),
    "nurture": (64, 15, 340),
    "new": (118, 0, 150),
    "returned": (15, 4, 60),
    "mql": (23, 1, 20),
    "sal": (20, 6, 45),
    "sql": (7, 14, 40),
}
SOURCES = ["demo_signup", "free_trial", "referral", "networking", "event", "webinar", "content", "web_form",
           "outbound", "partner"]  # fmt: skip
HOT = [Kind.DEMO_REQUEST, Kind.WEBINAR_ATTENDED, Kind.EMAIL_REPLIED, Kind.CONTENT_DOWNLOADED, Kind.PAGE_VISIT]
WARM = [Kind.WEBINAR_ATTENDED, Kind.CONTENT_DOWNLOADED, Kind.EMAIL_CLICKED, Kind.PAGE_VISIT]
COLD = [Kind.EMAIL_OPENED, Kind.PAGE_VISIT]
CHANNELS = {Kind.WEBINAR_ATTENDED: "webinar", Kind.PAGE_VISIT: "website", Kind.DEMO_REQUEST: "website",
            Kind.CONTENT_DOWNLOADED: "website"}  # fmt: skip


def companies(dice: random.Random, marketing: User) -> list[Company]:
    """Some 120 companies, three of four in North America."""
    made = []
    firsts = dice.sample(words.COMPANY_FIRST, len(words.COMPANY_FIRST)) * 3
    industries = list(words.COMPANY_LAST)
    names: set[str] = set()
    with at(days_ago(370), user=marketing.pk, action="add_company"):
        for first in firsts:
            industry = dice.choice(industries)
            name = f"{first} {dice.choice(words.COMPANY_LAST[industry])}"
            if name in names or len(made) == 120:
                continue
            names.add(name)
            region = dice.choice(["North America", "North America", "North America", "Europe"])
            employees = dice.choice([8, 35, 90, 180, 260, 420, 800, 1400, 3200, 9000])
            made.append(
                Company.objects.create(
                    name=name,
                    domain=f"{name.lower().replace(' ', '-')}.example",
                    industry=industry,
                    region=region,
                    employees=employees,
                    annual_revenue=Decimal(employees * dice.randint(90, 240)) * 1000,
                    country=dice.choice(words.COUNTRIES[region]),
                    created_by=marketing,
                    created_at=timezone.now(),
                    technologies=dice.sample(words.TECHNOLOGIES, dice.randint(1, 3)),
                )
            )
    return made


class Leads:
    """Makes the leads and remembers what each is after."""

    def __init__(self, dice: random.Random, people: dict[str, User], known: list[Company]) -> None:
        self.dice = dice
        self.people = people
        self.users = {user.pk: user for user in people.values()}
        self.marketing = people["marketing"]
        self.companies = known
        self.pursuits: dict[int, Pursuit] = {}
        self.engagements: list[Engagement] = []
        self.names: set[str] = set()

    def plan(self) -> list[tuple[datetime.datetime, str]]:
        """When each lead comes in and how it ends, oldest first but for weekends: their leads came on the Friday."""
        drawn = [
            (least + (most - least) * self.dice.random() ** 1.15, end)
            for end, (count, least, most) in ENDS.items()
            for _ in range(count)
        ]
        # In the order drawn, whatever the weekday: who gets which lead depends on it, and so does all that follows.
        drawn.sort(reverse=True)
        return [(spread(self.dice, days_ago(days), days_ago(days - 0.4), 1)[0], end) for days, end in drawn]

    def live(self, created: datetime.datetime, end: str) -> Lead:
        """One lead from its first day to `end`; a converted one stops at SQL, its deal goes on from there."""
        lead = self._enter(created, end)
        self._engage(lead, created, end)
        if end == "new" or (end in ("nurture", "disqualified") and self.dice.random() < 0.3):
            if end != "new":
                self._leave(lead, end, created + datetime.timedelta(days=self.dice.uniform(2, 9)), self.marketing)
            return lead
        last = days_ago(self.dice.choice([0.04, 0.1, 0.3, 1, 1.5, 3])) if end == "mql" else days_ago(0.2)
        limit = created + datetime.timedelta(days=self.dice.uniform(9, 24))
        days = spread(self.dice, created, min(limit, last), 9)
        if end == "mql":
            days[0] = max(last, created)
        with at(days[0]):
            stages.make_mql(None, [lead.pk], reason="The score reached the team's threshold.")
        lead.refresh_from_db()
        if end == "mql":
            return lead
        owner = self.users[lead.owner_id]
        if end == "returned":
            why = self.dice.choice(list(words.RETURN_NOTES))
            with at(days[1]):
                stages.return_to_marketing(owner, lead, why=why, reason=words.RETURN_NOTES[why])
            return lead
        with at(days[1]):
            lead = stages.accept(owner, lead)
        self._qualify(lead, owner, days[2:6], end)
        if end in ("nurture", "disqualified"):
            self._leave(lead, end, days[6], owner)
        elif end in ("sql", "converted"):
            with at(days[7]):
                lead = stages.qualify(owner, lead)
        if self.dice.random() < 0.4:
            with at(days[8]):
                lead_actions.comment(owner, lead, text=self.dice.choice(words.COMMENTS))
        return lead

    def _enter(self, created: datetime.datetime, end: str) -> Lead:
        fits = [found for found in self.companies if found.employees >= 90]
        company = self.dice.choice(fits if end in ("converted", "sql", "sal", "mql") else self.companies)
        weak = end in ("new", "returned") and self.dice.random() < 0.6
        title = self.dice.choice(words.JUNIOR_TITLES if weak else words.TITLES[:15])
        name = self._name()
        first, last = name.lower().split(" ", 1)
        source = self.dice.choice(SOURCES)
        with at(created):
            return lead_actions.log_lead(
                self.marketing, name=name, email=f"{first}.{last}@{company.domain}", job_title=title,
                phone=f"+1 555 01{self.dice.randint(10, 99)}" if self.dice.random() < 0.5 else "",
                company_name=company.name, company_domain=company.domain, source=source,
                campaign=words.CAMPAIGNS.get(source, ""),
                consent=Consent.GIVEN if self.dice.random() < 0.7 else Consent.UNKNOWN,
            )  # fmt: skip

    def _name(self) -> str:
        while True:
            name = f"{self.dice.choice(words.FIRST_NAMES)} {self.dice.choice(words.LAST_NAMES)}"
            if name not in self.names:
                self.names.add(name)
                return name

    def _engage(self, lead: Lead, created: datetime.datetime, end: str) -> None:
        kinds = COLD if end == "new" else HOT if end in ("mql", "sal", "sql", "converted") else WARM
        until = min(created + datetime.timedelta(days=25), days_ago(0.03))
        count = self.dice.randint(1, 3) if end == "new" else self.dice.randint(3, 7)
        for moment in spread(self.dice, created, max(until, created), count):
            kind = self.dice.choice(kinds)
            self.engagements.append(
                Engagement(
                    lead=lead, kind=kind, channel=CHANNELS.get(kind, "e-mail"),
                    occurred_at=min(moment, days_ago(0.01)), created_at=min(moment, days_ago(0.01)),
                )
            )  # fmt: skip
        if end in ("mql", "sal", "sql"):
            asked = max(created, days_ago(self.dice.uniform(2, 5)))
            self.engagements.append(Engagement(lead=lead, kind=Kind.DEMO_REQUEST, channel="website",
                                               occurred_at=asked, created_at=asked))  # fmt: skip

    def _qualify(self, lead: Lead, owner: User, days: list[datetime.datetime], end: str) -> None:
        decision = (days[-1] + datetime.timedelta(days=self.dice.randint(60, 150))).date()
        title = f", {lead.job_title}" if lead.job_title else ""
        pursuit = self.pursuits[lead.pk] = invent(self.dice, f"{lead.name}{title}", decision)
        lead.refresh_from_db()
        keys = ["need", "budget", "authority", "timeline"]
        known = 4 if end in ("sql", "converted") else self.dice.randint(0, 3)
        for key, day in zip(keys[:known], days, strict=False):
            level = 2 if end in ("sql", "converted") else self.dice.choice([1, 2])
            say(self.dice, owner, lead.dossier, key, pursuit, day, level, "" if level == 2 else "Our guess so far.")
        if end == "sal" and known == 3 and self.dice.random() < 0.5:
            say(self.dice, owner, lead.dossier, "timeline", pursuit, days[-1], -1,
                "The project waits for next year's budget round.")  # fmt: skip

    def _leave(self, lead: Lead, end: str, moment: datetime.datetime, actor: User) -> None:
        moment = min(moment, days_ago(0.1))
        with at(moment):
            if end == "nurture":
                until = (moment + datetime.timedelta(days=self.dice.randint(45, 240))).date()
                stages.nurture(actor, lead, until=until, reason="Interested, but not this half year.")
            else:
                why = self.dice.choice([reason for reason in DisqualifyReason.values if reason != "other"])
                stages.disqualify(actor, lead, why=why, reason="Spoke with them; see the history.")

    def duplicates(self, count: int) -> None:
        """People who came in twice, by another door."""
        twins = list(Lead.objects.filter(stage__in=[LeadStage.NEW, LeadStage.SAL]).select_related("company")[:count])
        for number, twin in enumerate(twins):
            with at(days_ago(self.dice.uniform(0.5, 6))):
                lead_actions.log_lead(
                    self.marketing, name=twin.name, email=twin.email if number % 2 else "", source="event",
                    job_title=twin.job_title, company_name=twin.company.name, company_domain=twin.company.domain,
                    campaign=words.CAMPAIGNS["event"],
                )  # fmt: skip
