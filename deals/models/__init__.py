"""Pipelines and their stages, opportunities, and the queue in which SEs claim them."""

from deals.models.opportunities import LostReason, NoGoReason, Opportunity, OpportunityType, Outcome
from deals.models.products import Product
from deals.models.queue import Claim, Decline, DeclineReason, HelpKind, QueueEntry
from deals.models.stages import Pipeline, Stage

__all__ = [
    "Claim",
    "Decline",
    "DeclineReason",
    "HelpKind",
    "LostReason",
    "NoGoReason",
    "Opportunity",
    "OpportunityType",
    "Outcome",
    "Pipeline",
    "Product",
    "QueueEntry",
    "Stage",
]
