"""Pipelines and their stages, opportunities, and the queue in which SEs claim them."""

from deals.models.activity import FormerActivity
from deals.models.alignment import AlignmentCheck, AlignmentWish
from deals.models.autopsies import Autopsy, AutopsyView
from deals.models.calendar_feeds import CalendarFeed
from deals.models.closing_steps import ClosingStep, Side, StepKind
from deals.models.competitors import Competitor, CompetitorStatus
from deals.models.criteria import ExitCriterion
from deals.models.debriefs import Debrief, HuddleItem, HuddlePoint
from deals.models.demos import Demo, DemoOutcome, DemoPart
from deals.models.designs import SolutionDesign
from deals.models.environment import EnvironmentAnswer, EnvironmentQuestion, EnvironmentTopic
from deals.models.forecasts import ForecastCall
from deals.models.handoffs import Handoff, HandoffPerson, HandoffState
from deals.models.help_requests import CHARTERED, CharterException, HelpRequest
from deals.models.library import ItemKind, LibraryItem
from deals.models.meetings import HUDDLE_POINTS, Attendee, Meeting, MeetingKind
from deals.models.objectives import CheckIn, KeyResult, Objective, ObjectiveState
from deals.models.opportunities import LostReason, NoGoReason, Opportunity, OpportunityType, Outcome
from deals.models.overrides import Override
from deals.models.pairings import Charter, Pairing
from deals.models.poc_links import PocLink
from deals.models.pocs import CriterionRequirement, Poc, PocCriterion, PocState, PocStep, PocWaiver
from deals.models.probability import EvidenceProbability, StageRecord
from deals.models.product_gaps import GapState, ProductGap, Severity
from deals.models.products import Product
from deals.models.proposals import (
    Proposal,
    ProposalLine,
    ProposalSection,
    ProposalState,
    ProposalWork,
    Recurrence,
    SectionKind,
)
from deals.models.queue import Claim, Decline, DeclineReason, HelpKind, QueueEntry
from deals.models.quotas import Quota
from deals.models.rates import ExchangeRate
from deals.models.requirements import Fit, Importance, Requirement
from deals.models.reserve import ReserveNote
from deals.models.reviews import DealReview
from deals.models.rfps import AnswerFit, QuestionState, Rfp, RfpKind, RfpQuestion
from deals.models.rivals import Rival
from deals.models.scrubs import Decision, Scrub, ScrubDecision
from deals.models.specialists import SpecialistDecline, SpecialistKind, SpecialistRequest
from deals.models.stages import Pipeline, Stage
from deals.models.stakeholders import Influence, Stakeholder, StakeholderRole, Stance
from deals.models.tasks import DealTask
from deals.models.technical_wins import TechnicalState, TechnicalWin
from deals.models.winning import WinModel, WinSettings

__all__ = [
    "CHARTERED",
    "HUDDLE_POINTS",
    "AlignmentCheck",
    "AlignmentWish",
    "AnswerFit",
    "Attendee",
    "Autopsy",
    "AutopsyView",
    "CalendarFeed",
    "Charter",
    "CharterException",
    "CheckIn",
    "Claim",
    "ClosingStep",
    "Competitor",
    "CompetitorStatus",
    "CriterionRequirement",
    "DealReview",
    "DealTask",
    "Debrief",
    "Decision",
    "Decline",
    "DeclineReason",
    "Demo",
    "DemoOutcome",
    "DemoPart",
    "EnvironmentAnswer",
    "EnvironmentQuestion",
    "EnvironmentTopic",
    "EvidenceProbability",
    "ExchangeRate",
    "ExitCriterion",
    "Fit",
    "ForecastCall",
    "FormerActivity",
    "GapState",
    "Handoff",
    "HandoffPerson",
    "HandoffState",
    "HelpKind",
    "HelpRequest",
    "HuddleItem",
    "HuddlePoint",
    "Importance",
    "Influence",
    "ItemKind",
    "KeyResult",
    "LibraryItem",
    "LostReason",
    "Meeting",
    "MeetingKind",
    "NoGoReason",
    "Objective",
    "ObjectiveState",
    "Opportunity",
    "OpportunityType",
    "Outcome",
    "Override",
    "Pairing",
    "Pipeline",
    "Poc",
    "PocCriterion",
    "PocLink",
    "PocState",
    "PocStep",
    "PocWaiver",
    "Product",
    "ProductGap",
    "Proposal",
    "ProposalLine",
    "ProposalSection",
    "ProposalState",
    "ProposalWork",
    "QuestionState",
    "QueueEntry",
    "Quota",
    "Recurrence",
    "Requirement",
    "ReserveNote",
    "Rfp",
    "RfpKind",
    "RfpQuestion",
    "Rival",
    "Scrub",
    "ScrubDecision",
    "SectionKind",
    "Severity",
    "Side",
    "SolutionDesign",
    "SpecialistDecline",
    "SpecialistKind",
    "SpecialistRequest",
    "Stage",
    "StageRecord",
    "Stakeholder",
    "StakeholderRole",
    "Stance",
    "StepKind",
    "TechnicalState",
    "TechnicalWin",
    "WinModel",
    "WinSettings",
]
