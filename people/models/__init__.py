"""Users, when they are away, teams and their territories, dashboards, and who exported what."""

from people.models.absences import Absence
from people.models.dashboards import Dashboard, Sharing
from people.models.exports import Export
from people.models.teams import Membership, Team
from people.models.users import Role, Seniority, User

__all__ = ["Absence", "Dashboard", "Export", "Membership", "Role", "Seniority", "Sharing", "Team", "User"]
