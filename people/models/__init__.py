"""Users, teams and their territories."""

from people.models.teams import Membership, Team
from people.models.users import Role, Seniority, User

__all__ = ["Membership", "Role", "Seniority", "Team", "User"]
