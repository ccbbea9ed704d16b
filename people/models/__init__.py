"""Users, when they are away, teams and their territories, and who exported what."""

from people.models.absences import Absence
from people.models.exports import Export
from people.models.teams import Membership, Team
from people.models.users import Role, Seniority, User

__all__ = ["Absence", "Export", "Membership", "Role", "Seniority", "Team", "User"]
