"""A year of deals: claimed, worked, won, lost, called off, stuck and waiting."""

import datetime
import random
from dataclasses import dataclass
from decimal import Decimal

from deals.actions import opportunities, queue, stages
from deals.demo import (
    closing,
    demos,
    designs,
    environment,
    meetings,
    pocs,
    proposals,
    requirements,
    technical,
    words,
)
from deals.demo.clock import at, days_ago, spread
from deals.demo.evidence import Pursuit, confirm, invent, judge, say
from deals.loads import load_of
from deals.models import Opportunity, Pipeline, QueueEntry, TechnicalState
from leads.models import Lead
from people.models import User
from presales.errors import Conflict

# How a deal stands: stage slug reached, flavour, how many, last touched this many days ago.
OPEN = [
    ("qualification", "waiting", 7, (0.1, 9)),
    ("qualification", "declined", 2, (2, 5)),
    ("qualification", "handed back", 1, (2, 3)),
    ("qualification", "claimed", 2, (1, 6)),
    ("discovery", "healthy", 4, (1, 7)),
    ("discovery", "stale", 2, (1, 6)),
    ("discovery", "rotting", 1, (30, 34)),
    ("presentation", "healthy", 2, (1, 6)),
    ("presentation", "overridden", 1, (2, 5)),
    ("presentation", "negative", 1, (1, 4)),
    ("presentation", "no step", 1, (2, 6)),
    ("evaluation", "healthy", 2, (1, 8)),
    ("evaluation", "stale", 1, (2, 9)),
    ("evaluation", "close past", 1, (5, 9)),
    ("negotiation", "healthy", 2, (1, 5)),
    ("negotiation", "close past", 1, (3, 6)),
]  # fmt: skip
CLOSED = [("won", 11), ("lost", 13), ("no-go", 7)]
ORDER = ["qualification", "discovery", "presentation", "evaluation", "negotiation"]


@dataclass
class Plan:
    """What is to become of one deal."""

    reached: str
    flavour: str
    idle: tuple[float, float] = (0, 0)


def plans(dice: random.Random) -> tuple[list[Plan], list[Plan]]:
    """The deals that are closed, and those still open, each in random order; the last to close is won."""
    open_ones = [Plan(slug, flavour, idle) for slug, flavour, count, idle in OPEN for _ in range(count)]
    closed = [Plan(outcome, outcome) for outcome, count in CLOSED for _ in range(count)]
    dice.shuffle(open_ones)
    dice.shuffle(closed)
    last_win = max(number for number, plan in enumerate(closed) if plan.reached == "won")
    closed.append(closed.pop(last_win))
    return closed, open_ones


class Deals:
    """Makes the deals through the actions of AEs, SEs and managers."""

    def __init__(self, dice: random.Random, people: dict[str, User]) -> None:
        self.dice = dice
        self.people = people
        self.users = {user.pk: user for user in people.values()}
        self.has_won_lately = False
        pipeline = Pipeline.objects.get(is_default=True)
        self.stages = {stage.slug: stage for stage in pipeline.stages.all()}

    def convert(self, lead: Lead, pursuit: Pursuit, plan: Plan, moment: datetime.datetime) -> Opportunity:
        """The deal of a qualified lead, and its life."""
        owner = self.users[lead.owner_id]
        judge(lead.dossier, moment)
        with at(moment):
            deal = opportunities.convert_lead(
                owner, lead, name=f"{lead.company.name}: {pursuit.project.lower()}", amount=self._amount(pursuit),
                close_date=pursuit.decision_on, needed_skills=pursuit.skills,
            )  # fmt: skip
        return self._live(deal, pursuit, plan, moment)

    def expand(self, won: Opportunity, plan: Plan, moment: datetime.datetime) -> Opportunity:
        """More business with a customer, without a lead."""
        owner = self.users[won.owner_id]
        contact = won.lead.name if won.lead else "their operations lead"
        pursuit = invent(self.dice, contact, (moment + datetime.timedelta(days=120)).date())
        with at(moment):
            deal = opportunities.create_opportunity(
                owner, name=f"{won.company.name}: {pursuit.project.lower()}", company=won.company, team=won.team,
                owner=owner, amount=self._amount(pursuit), close_date=pursuit.decision_on, type="expansion",
                source="referral", needed_skills=pursuit.skills,
            )  # fmt: skip
            Opportunity.objects.filter(pk=deal.pk).update(created_at=moment, stage_since=moment)
        confirm(self.dice, owner, deal.dossier, pursuit, moment + datetime.timedelta(hours=2))
        return self._live(deal, pursuit, plan, moment + datetime.timedelta(hours=3))

    def _amount(self, pursuit: Pursuit) -> Decimal:
        return pursuit.budget * self.dice.choice([80, 90, 100, 110]) / 100

    def _live(self, deal: Opportunity, pursuit: Pursuit, plan: Plan, start: datetime.datetime) -> Opportunity:
        if plan.reached in ("won", "lost", "no-go"):
            reached = {"won": 4, "lost": self.dice.randint(1, 4), "no-go": self.dice.randint(0, 2)}[plan.reached]
            length = {"won": (45, 120), "lost": (25, 110), "no-go": (12, 40)}[plan.reached]
            end = min(start + datetime.timedelta(days=self.dice.uniform(*length)), days_ago(self.dice.uniform(2, 8)))
            if plan.reached == "won" and days_ago(200) < start < days_ago(60):
                end = days_ago(self.dice.uniform(2, 45))  # so that the running quarter has its wins too
                if not self.has_won_lately:
                    self.has_won_lately, end = True, days_ago(2.2)  # and the week a manager looks at
        else:
            reached = ORDER.index(plan.reached)
            end = max(days_ago(self.dice.uniform(*plan.idle)), start + datetime.timedelta(hours=1))
        owner = self.users[deal.owner_id]
        if plan.flavour in ("waiting", "declined", "handed back"):
            self._wait(deal, pursuit, plan, end)
        else:
            last_move = days_ago(50) if plan.flavour == "stale" else end
            days = spread(self.dice, start, max(min(last_move, end), start), reached + 2)
            self._claim(deal, days[0])
            self._advance(deal, owner, pursuit, days[1:-1], reached, past_gate=plan.flavour == "overridden")
            self._finish(deal, owner, pursuit, plan, end)
        return deal

    def _claim(self, deal: Opportunity, moment: datetime.datetime) -> None:
        """The SE of the team with more room takes it; where both are full, the manager gives it to one."""
        atlantic = deal.team.name == "Atlantic"
        names = self.dice.sample(["se", "se2"], 2) if atlantic else ["se3"]
        names.sort(key=lambda name: load_of(self.people[name]) / self.people[name].effective_capacity)
        with at(moment):
            queue.fill_queue([deal.pk])
            for name in names:
                try:
                    queue.claim(self.people[name], deal)
                    break
                except Conflict:
                    continue
            else:
                boss = self.people["manager" if atlantic else "manager2"]
                queue.assign_se(boss, deal, self.people[names[0]], reason="Knows the customer.", beyond_capacity=True)
        deal.refresh_from_db()

    def _advance(
        self, deal: Opportunity, owner: User, pursuit: Pursuit, days: list[datetime.datetime], reached: int,
        past_gate: bool = False,
    ) -> None:  # fmt: skip
        for step in range(1, reached + 1):
            moment = days[step - 1]
            confirm(self.dice, owner, deal.dossier, pursuit, moment - datetime.timedelta(hours=1))
            if step == 1:
                deal.compelling_event = self.dice.choice(words.EVENTS)
                with at(moment - datetime.timedelta(minutes=50)):
                    opportunities.update_commercial(owner, deal, deal.version)
            if step == 2 and past_gate:
                boss = self.people["manager" if deal.team.name == "Atlantic" else "manager2"]
                with at(moment):
                    stages.move_stage(
                        boss, deal, self.stages[ORDER[step]], override=True,
                        reason="Their COO gave us a slot with the board on Tuesday; the workshop comes after.",
                    )  # fmt: skip
                deal.refresh_from_db()
                continue
            if step == 2:
                se = self.users[deal.se_id]
                say(self.dice, se, deal.dossier, "need", pursuit, moment - datetime.timedelta(minutes=30), 3,
                    f"{pursuit.need} Shown to us on their own screens, with the log files.")  # fmt: skip
                environment.record(deal, se, moment - datetime.timedelta(hours=3))
            if step == 3:
                requirements.record(deal, self.users[deal.se_id], moment - datetime.timedelta(hours=2))
                designs.draw(deal, self.users[deal.se_id], moment - datetime.timedelta(days=2))
                meetings.hold_demo(deal, moment)
                demos.show(deal, self.users[deal.se_id], moment)
            if step == 4:
                hours = datetime.timedelta(hours=3)
                designs.refine(deal, self.users[deal.se_id], moment - 2 * hours)
                se = self.users[deal.se_id]
                pocs.conclude(deal, se, deal.stage_since, moment - hours * 1.5, passed=True)
                technical.decide(deal, owner, se, TechnicalState.WON, moment - hours)
            with at(moment):
                stages.move_stage(owner, deal, self.stages[ORDER[step]])
            deal.refresh_from_db()

    def _boss(self, deal: Opportunity) -> User:
        return self.people["manager" if deal.team.name == "Atlantic" else "manager2"]

    def _finish(
        self, deal: Opportunity, owner: User, pursuit: Pursuit, plan: Plan, end: datetime.datetime
    ) -> None:  # fmt: skip
        if plan.reached == "won":
            say(self.dice, owner, deal.dossier, "budget", pursuit, end - datetime.timedelta(hours=2), 3)
            proposals.conclude(deal, owner, self._boss(deal), end, won=True)
            # Nobody in the demo works in customer success; the other SE, or the manager, takes customers on.
            atlantic = deal.team.name == "Atlantic"
            receiver = self.people["se2" if deal.se_id == self.people["se"].pk else "se"]
            receiver = receiver if atlantic else self.people["manager2"]
            closing.begin(deal, owner, self.users[deal.se_id], receiver, end - datetime.timedelta(hours=1))
            with at(end):
                stages.move_stage(owner, deal, self.stages["won"], signed_on=end.date())
            # The latest ones still lie with their receivers.
            handed_over = end + datetime.timedelta(hours=5)
            closing.give(deal, owner, handed_over, accepted=handed_over < days_ago(30))
        elif plan.reached == "lost":
            reason, rival = self.dice.choice(
                [("price", ""), ("competitor", self.dice.choice(words.COMPETITORS)), ("no_decision", ""),
                 ("no_budget", ""), ("timing", "")]
            )  # fmt: skip
            if deal.stage.slug == "evaluation" and reason == "competitor":
                hours = datetime.timedelta(hours=3)
                pocs.conclude(deal, self.users[deal.se_id], deal.stage_since, end - hours * 1.5, passed=False)
                technical.decide(deal, owner, self.users[deal.se_id], TechnicalState.LOST, end - hours)
            if deal.stage.slug == "negotiation":
                proposals.conclude(deal, owner, self._boss(deal), end, won=False)
            with at(end):
                lost = stages.move_stage(owner, deal, self.stages["lost"], lost_reason=reason, lost_to=rival,
                                         reason="They called on the day of the decision.")  # fmt: skip
            closing.look_back(lost, owner, self.users[deal.se_id], end)
        elif plan.reached == "no-go":
            with at(end):
                queue.call_no_go(
                    self.users[deal.se_id], deal, no_go_reason=self.dice.choice(["gap", "no_pain", "security"]),
                    reason="Two of the systems that matter most have no interface, and none is planned.",
                )  # fmt: skip
        else:
            self._keep_open(deal, owner, pursuit, plan, end)
            if plan.reached == "evaluation" and plan.flavour in ("healthy", "close past"):
                pocs.keep_running(deal, self.users[deal.se_id], overdue=plan.flavour == "close past")

    def _keep_open(
        self, deal: Opportunity, owner: User, pursuit: Pursuit, plan: Plan, end: datetime.datetime
    ) -> None:  # fmt: skip
        today = days_ago(0).date()
        deal.close_date = today + datetime.timedelta(days=self.dice.randint(18, 110))
        if plan.flavour == "close past":
            deal.close_date = today - datetime.timedelta(days=self.dice.randint(3, 15))
        pursuit.decision_on = deal.close_date
        if plan.flavour not in ("stale", "rotting"):
            confirm(self.dice, owner, deal.dossier, pursuit, end - datetime.timedelta(hours=1))
        if plan.flavour == "negative":
            say(self.dice, owner, deal.dossier, "authority", pursuit, end - datetime.timedelta(minutes=20), -1,
                "Our contact's manager has left; nobody can sign until the post is filled.")  # fmt: skip
        deal.next_step = "" if plan.flavour == "no step" else self.dice.choice(words.NEXT_STEPS)
        deal.next_step_on = today + datetime.timedelta(days=self.dice.randint(2, 15)) if deal.next_step else None
        deal.compelling_event = deal.compelling_event or self.dice.choice(words.EVENTS)
        deal.forecast_category = {"evaluation": "best_case", "negotiation": "commit"}.get(plan.reached, "pipeline")
        if plan.flavour == "negative":  # the AE has not taken the news in yet
            deal.claimed_probability = 90  # above what any evidence of such a deal allows, by more than the margin
        if plan.flavour == "healthy" and self.dice.random() < 0.3:
            deal.claimed_probability = min(self.stages[plan.reached].probability + 15, 95)
        with at(end):
            opportunities.update_commercial(owner, deal, deal.version)

    def _wait(self, deal: Opportunity, pursuit: Pursuit, plan: Plan, since: datetime.datetime) -> None:
        """In the queue, with a story: fresh, declined by one SE, or handed back."""
        owner = self.users[deal.owner_id]
        confirm(self.dice, owner, deal.dossier, pursuit, since - datetime.timedelta(minutes=40))
        self._keep_open(deal, owner, pursuit, plan, since)
        atlantic = deal.team.name == "Atlantic"
        if plan.flavour == "handed back":
            self._claim(deal, since)
            with at(since + datetime.timedelta(hours=20)):
                queue.hand_back(
                    self.users[deal.se_id], deal,
                    reason="Needs somebody who knows their data warehouse; I have told the customer.",
                )  # fmt: skip
            return
        with at(since):
            queue.fill_queue([deal.pk])
            QueueEntry.objects.waiting().filter(opportunity=deal).update(entered_at=since)
            if self.dice.random() < 0.4:
                kind = self.dice.choice(["rfp", "discovery", "architecture"])
                queue.request_help(owner, deal, kind, "They want their own case understood, not a tour.")
                QueueEntry.objects.waiting().filter(opportunity=deal).update(entered_at=since)
        if plan.flavour == "declined":
            with at(since + datetime.timedelta(hours=6)):
                for entry in QueueEntry.objects.waiting().filter(opportunity=deal):
                    queue.decline(
                        self.people["se2" if atlantic else "se3"], entry, reason="skills",
                        note="Wants deep streaming knowledge; Jonah would be quicker." if atlantic else "Two POCs now.",
                    )  # fmt: skip
