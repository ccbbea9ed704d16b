"""A random half year of a sales organisation, day by day: everything that a figure counts happens, changes and ends."""

import datetime
import random
from decimal import Decimal

from django.utils import timezone

from deals import probability
from deals.demo.clock import at, date_history
from deals.models import (
    AlignmentCheck,
    Autopsy,
    Claim,
    Competitor,
    Debrief,
    ForecastCall,
    HuddleItem,
    HuddlePoint,
    LostReason,
    Meeting,
    NoGoReason,
    Opportunity,
    OpportunityType,
    Pairing,
    Poc,
    ProductGap,
    QueueEntry,
    Quota,
    Requirement,
    Severity,
    Stage,
    Stakeholder,
    TechnicalWin,
)
from leads.models import Lead, Source
from people.models import Role
from presales.quarters import quarter_start
from presales.validity import end_of
from qualification import status
from qualification.models import Criterion, Dossier, DossierStatus, Evidence, Framework
from tests.factories import LeadFactory, TeamFactory, UserFactory
from tests.insights.factories import deal, pipeline

CATEGORIES = ["pipeline", "best_case", "commit", "omitted"]


class Story:
    """Tell it with `days(…)`: each day's happenings, and at its end whatever the listener wants to note."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.first = timezone.localdate() - datetime.timedelta(days=150)
        with at(end_of(self.first - datetime.timedelta(days=60))):
            self.upper = TeamFactory(name="Upper")
            self.lower = TeamFactory(name="Lower", parent=self.upper)
            self.apart = TeamFactory(name="Apart")
            self.teams = [self.upper, self.lower, self.apart]
            self.aes = [UserFactory(role=Role.AE, team=team, name=f"AE {n}") for n, team in enumerate(self.teams)]
            self.ses = [UserFactory(role=Role.SE, team=team, name=f"SE {n}") for n, team in enumerate(self.teams)]
            self.stages = list(pipeline().stages.all())
            self.gaps = [ProductGap.objects.create(title=f"Gap {n}", severity=Severity.values[0]) for n in range(3)]
            self.framework, _ = Framework.objects.get_or_create(slug="story", defaults={"name": "Story"})
            for order, name in enumerate(("need", "money")):
                Criterion.objects.get_or_create(
                    framework=self.framework, key=name,
                    defaults={"name": name, "order": order, "required_level": 2, "lane": "commercial"},
                )  # fmt: skip

    def days(self, listen, every=12, acts=45):
        """Let it happen; `listen(day)` is called when each told day is over, with the clock standing there."""
        for day in (self.first + datetime.timedelta(days=n) for n in range(0, 140, every)):
            noon = datetime.datetime.combine(day, datetime.time(9), timezone.get_current_timezone())
            for minute in range(acts):
                with at(noon + datetime.timedelta(minutes=10 * minute)):
                    self.happen()
            moment = end_of(day) - datetime.timedelta(microseconds=1)
            with at(moment):
                status.sweep_statuses(moment)
                probability.repair(moment)
                probability.sweep_probabilities(moment)
            date_history()
            with at(moment):
                listen(day)

    def happen(self):
        """One thing of many."""
        if Opportunity.objects.count() < 8:
            return self.new_deal()
        act = self.chance.choice(
            [*[self.new_deal] * 3, *[self.change] * 3, self.move, self.move, self.close,
             self.reopen, self.hand_over, self.touch, self.learn, self.learn, self.learn, self.disqualify, self.meet,
             self.meet, self.meet, self.remember, self.cancel, self.technical, self.poc, self.committee,
             self.committee, self.rival, self.queue, self.rate, self.pair, self.call, self.quota, self.lead,
             self.lead, self.advance, self.advance, self.give_back, self.rules, self.capacity, self.want,
             self.gap_state, self.lesson]
        )  # fmt: skip
        return act()

    def pick(self, rows):
        """One of them at random, or None."""
        rows = list(rows)
        return self.chance.choice(rows) if rows else None

    def a_deal(self, **narrow):
        return self.pick(Opportunity.objects.filter(**narrow).order_by("pk"))

    def money(self):
        return Decimal(self.chance.randrange(1, 10_000_000)) / 100

    def a_day(self, ahead=90):
        return timezone.localdate() + datetime.timedelta(days=self.chance.randrange(-20, ahead))

    def new_deal(self):
        dossier = Dossier.objects.create(framework=self.framework)
        DossierStatus.objects.create(dossier=dossier)
        place = self.chance.randrange(3)
        lead = self.pick(Lead.objects.filter(opportunity=None, merged_into=None).order_by("pk"))
        if self.chance.random() < 0.5:
            lead = None
        deal(
            self.stages[0], dossier=dossier, team=self.teams[place], owner=self.aes[place], lead=lead,
            se=self.chance.choice([None, *self.ses]), amount=self.money(), source=self.chance.choice(Source.values[:3]),
            type=self.chance.choice(OpportunityType.values), close_date=self.a_day(),
            forecast_category=self.chance.choice(CATEGORIES), claimed_probability=self.chance.choice([None, 30, 90]),
            next_step=self.chance.choice(["", "Call"]), next_step_on=self.a_day(30),
        )  # fmt: skip
        if lead:
            lead.converted_at = lead.stage_since = timezone.now()
            lead.stage, lead.dossier = "converted", dossier
            lead.save()

    def change(self):
        one = self.a_deal(outcome="open")
        if one is None:
            return
        before = one.close_date
        for name, value in {
            "amount": self.money(), "close_date": self.chance.choice([None, self.a_day(200)]),
            "claimed_probability": self.chance.choice([None, 5, 50, 95]), "forecast_category": self.pick(CATEGORIES),
            "next_step": self.pick(["", "Write"]), "next_step_on": self.a_day(20),
        }.items():  # fmt: skip
            if self.chance.random() < 0.5:
                setattr(one, name, value)
        history = Opportunity.pgh_event_model.objects.filter(pgh_obj=one).exclude(close_date=None)
        last = before or history.order_by("-pgh_id").values_list("close_date", flat=True).first()
        if one.close_date and last and one.close_date > last:
            one.close_date_pushes += 1
        one.last_activity_at = timezone.now()
        one.save()
        probability.mark_stale([one.pk])

    def move(self):
        if one := self.a_deal(outcome="open"):
            one.stage = self.pick(stage for stage in self.stages if stage.outcome == "open")
            one.stage_since = one.last_activity_at = timezone.now()
            one.save()
            probability.mark_stale([one.pk])

    def close(self):
        one = self.a_deal(outcome="open")
        if one is None:
            return
        one.stage = self.pick(stage for stage in self.stages if stage.outcome != "open")
        one.outcome, one.closed_on = one.stage.outcome, timezone.localdate()
        one.lost_reason = self.pick(LostReason.values) if one.outcome == "lost" else ""
        one.lost_to = self.pick(["", "Mergeform", "Stackline"]) if one.outcome == "lost" else ""
        one.no_go_reason = self.pick(NoGoReason.values) if one.outcome == "no_go" else ""
        one.save()
        if one.outcome == "lost":
            Autopsy.objects.create(opportunity=one, closed_on=one.closed_on, lost_reason=one.lost_reason)
        probability.mark_stale([one.pk])

    def reopen(self):
        one = self.pick(Opportunity.objects.exclude(outcome="open").order_by("pk"))
        if one is None or self.chance.random() < 0.6:
            return
        one.stage, one.outcome, one.closed_on = self.stages[1], "open", None
        one.lost_reason = one.lost_to = one.no_go_reason = ""
        one.save()
        for autopsy in Autopsy.objects.filter(opportunity=one, reopened_at=None):
            autopsy.reopened_at = timezone.now()
            autopsy.save()
        probability.mark_stale([one.pk])

    def hand_over(self):
        one = self.a_deal()
        place = self.chance.randrange(3)
        one.owner, one.team, one.se = self.aes[place], self.teams[place], self.chance.choice([None, *self.ses])
        one.save()

    def touch(self):
        if one := self.a_deal(outcome="open"):
            Opportunity.objects.filter(pk=one.pk).update(last_activity_at=timezone.now())
            probability.mark_stale([one.pk])

    def learn(self):
        one = self.a_deal(outcome="open")
        if one is None:
            return
        criterion = self.pick(Criterion.objects.filter(framework=self.framework).order_by("pk"))
        Evidence.objects.filter(dossier=one.dossier, criterion=criterion, superseded_at=None).update(
            superseded_at=timezone.now()
        )
        Evidence.objects.create(
            dossier=one.dossier, criterion=criterion, level=self.chance.choice([-1, 0, 1, 2, 3, 3]), text="They said",
            observed_on=self.a_day(0), source_person="Maria", recorded_at=timezone.now(),
        )  # fmt: skip
        self.stale(one)

    def stale(self, one):
        DossierStatus.objects.filter(dossier=one.dossier).mark_stale()
        probability.mark_stale([one.pk])

    def disqualify(self):
        if one := self.a_deal(outcome="open"):
            dossier = one.dossier
            dossier.disqualified_at = None if dossier.disqualified_at else timezone.now()
            dossier.save()
            self.stale(one)

    def meet(self):
        if one := self.a_deal(outcome="open"):
            starts = timezone.now() + datetime.timedelta(days=self.chance.randrange(-3, 20))
            meeting = Meeting(
                opportunity=one,
                kind=self.chance.choice(["demo", "demo", "technical"]),
                starts_at=starts,
                objective="Show",
            )
            meeting.set_end()
            meeting.save()

    def remember(self):
        meeting = self.pick(Meeting.objects.filter(debriefs=None).order_by("pk"))
        if meeting is None:
            return
        ae, se = self.aes[0], self.ses[0]
        for item in HuddleItem.values[: self.chance.choice([3, 5])]:
            HuddlePoint.objects.get_or_create(meeting=meeting, item=item, defaults={"by": ae})
        for author, lane in [(ae, "ae"), (se, "se")][: self.chance.choice([1, 2])]:
            Debrief.objects.create(meeting=meeting, author=author, lane=lane, real_pain="yes", context=3, missed="x")

    def cancel(self):
        if meeting := self.pick(Meeting.objects.filter(cancelled_at=None, starts_at__gt=timezone.now()).order_by("pk")):
            meeting.cancelled_at = timezone.now()
            meeting.save()

    def technical(self):
        if one := self.a_deal():
            win, _ = TechnicalWin.objects.get_or_create(opportunity=one)
            win.state = self.chance.choice(["pending", "won", "won", "lost"])
            win.decided_on = None if win.state == "pending" else timezone.localdate()
            win.signed_off_name, win.satisfaction = "Maria", self.chance.choice([None, 2, 5])
            win.save()
            probability.mark_stale([one.pk])

    def poc(self):
        one = self.a_deal(outcome="open")
        if one is None or one.pocs.exists():
            return
        today = timezone.localdate()
        Poc.objects.create(
            opportunity=one, number=1, title="Plant", owner=self.ses[0], starts_on=today, ends_on=today,
            state="running", agreed_on=today, agreed_name="Maria", agreed_how="Her mail", started_on=today,
        )  # fmt: skip

    def committee(self):
        one = self.a_deal(outcome="open")
        if one is None:
            return
        known = self.pick(one.stakeholders.order_by("pk"))
        if known is None or self.chance.random() < 0.4:
            role = self.pick(["economic_buyer", "champion", "technical_buyer", "blocker"])
            Stakeholder.objects.get_or_create(opportunity=one, role=role, name="Lena", defaults={"stance": "neutral"})
        elif self.chance.random() < 0.3:
            known.delete()
        else:
            known.stance, known.influence = self.pick(["supports", "against", "unknown"]), self.pick(["low", "high"])
            known.save()
        probability.mark_stale([one.pk])

    def rival(self):
        one = self.a_deal()
        if (known := self.pick(one.competitors.order_by("pk"))) and self.chance.random() < 0.4:
            known.delete()
        elif known is None:
            Competitor.objects.create(opportunity=one, name=self.pick(["MergeForm", "Own build"]))

    def queue(self):
        one = self.a_deal(outcome="open", se=None)
        if one is None:
            return
        waiting = one.queue_entries.filter(closed_at=None).first()
        if waiting is None:
            QueueEntry.objects.create(opportunity=one)
        else:
            waiting.closed_at, waiting.result = timezone.now(), "claimed"
            waiting.save()
            one.se = self.pick(self.ses)
            one.claims.filter(ended_at=None).update(ended_at=timezone.now(), end="handed_back")
            Claim.objects.create(opportunity=one, se=one.se, claimed_at=timezone.now())
            one.save()

    def pair(self):
        ae, se = self.pick(self.aes), self.pick(self.ses)
        known = Pairing.objects.filter(ae=ae, se=se, ended_on=None).first()
        if known is None:
            Pairing.objects.create(ae=ae, se=se, active_since=timezone.localdate())
        elif self.chance.random() < 0.2:
            known.ended_on = timezone.localdate()
            known.save()

    def rate(self):
        if pairing := self.pick(Pairing.objects.filter(ended_on=None).order_by("pk")):
            author = self.pick([pairing.ae, pairing.se])
            AlignmentCheck.objects.get_or_create(
                pairing=pairing, author=author, rated_on=timezone.localdate(),
                defaults={"score": self.chance.randrange(1, 11)},
            )  # fmt: skip

    def call(self):
        place = self.chance.randrange(3)
        team = self.chance.choice([None, self.teams[place]])
        ForecastCall.objects.create(
            author=self.aes[place], team=team, quarter=quarter_start(timezone.localdate()), amount=self.money()
        )

    def quota(self):
        one, _ = Quota.objects.get_or_create(
            user=self.pick(self.aes), quarter=quarter_start(timezone.localdate()), defaults={"amount": 1}
        )
        one.amount = self.money()
        one.save()

    def lead(self):
        LeadFactory(team=self.pick(self.teams), source=self.pick(Source.values[:3]), created_at=timezone.now())

    def advance(self):
        if lead := self.pick(Lead.objects.filter(converted_at=None, merged_into=None).order_by("pk")):
            for name in ("mql_at", "accepted_at", "qualified_at"):
                if getattr(lead, name) is None:
                    setattr(lead, name, timezone.now())
                    break
            lead.owner, lead.source = self.pick(self.aes), self.pick(Source.values[:3])
            lead.save()

    def give_back(self):
        if lead := self.pick(Lead.objects.exclude(accepted_at=None).filter(converted_at=None).order_by("pk")):
            lead.accepted_at = lead.qualified_at = None
            lead.team = self.pick(self.teams)
            lead.save()

    def rules(self):
        if self.chance.random() < 0.3:
            stage = Stage.objects.get(pk=self.stages[self.chance.randrange(3)].pk)
            stage.probability = self.chance.choice([10, 40, 70])
            stage.load_weight, stage.rotting_days = self.chance.choice([1, 2, 3]), self.chance.choice([7, 30])
            stage.save()
            probability.mark_stale(Opportunity.objects.values_list("pk", flat=True))

    def capacity(self):
        se = self.pick(self.ses)
        se.refresh_from_db()
        se.capacity = self.chance.choice([None, 3, 8])
        se.save()

    def want(self):
        one = self.a_deal()
        known = self.pick(one.requirements.order_by("pk"))
        if known and self.chance.random() < 0.3:
            known.delete()
        elif known and self.chance.random() < 0.5:
            known.fit, known.gap = self.pick([("gap", self.pick(self.gaps)), ("", None)])
            known.save()
        else:
            text = f"Wish {Requirement.objects.count()} {timezone.now()}"
            Requirement.objects.create(opportunity=one, text=text, fit="gap", gap=self.pick(self.gaps))

    def gap_state(self):
        gap = ProductGap.objects.get(pk=self.pick(self.gaps).pk)
        gap.state, gap.state_on = self.pick([("open", None), ("closed", timezone.localdate())])
        gap.severity = self.pick(Severity.values)
        gap.save()

    def lesson(self):
        if autopsy := self.pick(Autopsy.objects.filter(agreed_at=None, reopened_at=None).order_by("pk")):
            autopsy.lesson, autopsy.agreed_by, autopsy.agreed_at = "Ask early", self.aes[0], timezone.now()
            autopsy.save()
