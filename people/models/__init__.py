"""Users, teams and their territories, and who exported what."""

from people.models.exports import Export
from people.models.teams import Membership, Team
from people.models.users import Role, Seniority, User

__all__ = ["Export", "Membership", "Role", "Seniority", "Team", "User"]
