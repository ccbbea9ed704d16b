"""Companies, the people there (leads), what they did (engagements), and their scores."""

from leads.models.capture import CaptureForm
from leads.models.comments import LeadComment
from leads.models.companies import Company
from leads.models.conversion import ConversionModel, ConversionSettings, ModelState
from leads.models.custom_fields import CustomField, FieldKind, FieldLane, RecordKind
from leads.models.engagements import Engagement, EngagementKind
from leads.models.imports import ImportBatch, ImportMapping, ImportProblem
from leads.models.leads import Consent, DisqualifyReason, Lead, LeadStage, ReturnReason, Source
from leads.models.nurture import (
    EnrolmentState,
    NurtureEnrolment,
    NurtureStep,
    NurtureTouch,
    NurtureTrack,
    StepKind,
    StopReason,
    TrackState,
    Unsubscribed,
)
from leads.models.policy import TeamPolicy
from leads.models.scoring import LeadScore, ScoreInputs, ScoreRange, ScoringGroup, ScoringRule, ScoringSettings
from leads.models.submissions import Submission

__all__ = [
    "CaptureForm",
    "Company",
    "Consent",
    "ConversionModel",
    "ConversionSettings",
    "CustomField",
    "DisqualifyReason",
    "Engagement",
    "EngagementKind",
    "EnrolmentState",
    "FieldKind",
    "FieldLane",
    "ImportBatch",
    "ImportMapping",
    "ImportProblem",
    "Lead",
    "LeadComment",
    "LeadScore",
    "LeadStage",
    "ModelState",
    "NurtureEnrolment",
    "NurtureStep",
    "NurtureTouch",
    "NurtureTrack",
    "RecordKind",
    "ReturnReason",
    "ScoreInputs",
    "ScoreRange",
    "ScoringGroup",
    "ScoringRule",
    "ScoringSettings",
    "Source",
    "StepKind",
    "StopReason",
    "Submission",
    "TeamPolicy",
    "TrackState",
    "Unsubscribed",
]
