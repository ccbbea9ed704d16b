"""Frameworks, their criteria and questions, and the dossiers in which evidence is kept."""

from qualification.models.dossiers import Dossier, DossierStatus, Evidence, Level, Status
from qualification.models.frameworks import Criterion, Framework, Lane, Question, TeamPolicy

__all__ = [
    "Criterion",
    "Dossier",
    "DossierStatus",
    "Evidence",
    "Framework",
    "Lane",
    "Level",
    "Question",
    "Status",
    "TeamPolicy",
]
