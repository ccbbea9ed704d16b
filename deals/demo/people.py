"""The two teams of the demo and the people in them."""

from django.utils import timezone

from deals.demo.clock import at, days_ago
from people.demo import PASSWORD
from people.models import Membership, Role, Seniority, Team, User

# login: (name, role, title, seniority, time zone, skills, verticals, team)
PEOPLE = {
    "ae": ("Nora Lindqvist", Role.AE, "Senior Account Executive", Seniority.SENIOR, "America/New_York",
           [], ["Logistics", "Manufacturing"], "Atlantic"),
    "ae2": ("Tomás Beltrán", Role.AE, "Account Executive", Seniority.ASSOCIATE, "America/Chicago",
            [], ["Healthcare", "Retail"], "Atlantic"),
    "ae3": ("Femke Aalders", Role.AE, "Senior Account Executive", Seniority.SENIOR, "Europe/Amsterdam",
            [], ["Financial services"], "Continental"),
    "se": ("Jonah Okafor", Role.SE, "Senior Solutions Engineer", Seniority.SENIOR, "America/New_York",
           ["Kafka", "PostgreSQL", "AWS", "Security"], ["Logistics", "Manufacturing"], "Atlantic"),
    "se2": ("Priya Raman", Role.SE, "Solutions Engineer", Seniority.SENIOR, "America/Denver",
            ["Snowflake", "Databricks", "Azure"], ["Healthcare", "Retail"], "Atlantic"),
    "se3": ("Lukas Brenner", Role.SE, "Lead Solutions Engineer", Seniority.LEAD, "Europe/Berlin",
            ["Kafka", "Snowflake", "Azure", "Security"], ["Financial services", "Insurance"], "Continental"),
    "se4": ("Mina Castellanos", Role.SE, "Associate Solutions Engineer", Seniority.ASSOCIATE, "America/New_York",
            ["Kafka", "AWS"], ["Manufacturing", "Retail"], "Atlantic"),
    "se5": ("Arjun Mehta", Role.SE, "Solutions Engineer", Seniority.SENIOR, "America/Chicago",
            ["Azure", "Databricks", "Security"], ["Healthcare", "Logistics"], "Atlantic"),
    "manager": ("Grace Holloway", Role.MANAGER, "Sales Director Atlantic", Seniority.LEAD, "America/New_York",
                [], [], "Atlantic"),
    "manager2": ("Henrik Dahl", Role.MANAGER, "Sales Director Continental", Seniority.LEAD, "Europe/Copenhagen",
                 [], [], "Continental"),
    "marketing": ("Sofia Marchetti", Role.MARKETING, "Demand Generation Manager", Seniority.SENIOR, "Europe/Rome",
                  [], [], None),
    "admin": ("Ruben Vance", Role.ADMIN, "Revenue Operations", Seniority.SENIOR, "America/New_York", [], [], None),
}  # fmt: skip
TERRITORIES = {"Atlantic": ["North America"], "Continental": ["Europe"]}


def create() -> dict[str, User]:
    """Teams and people, by the first part of their address."""
    with at(days_ago(380)):
        root = Team.objects.create(name="Global sales")
        teams = {
            name: Team.objects.create(name=name, parent=root, regions=regions) for name, regions in TERRITORIES.items()
        }
        people = {}
        for login, (name, role, title, seniority, zone, skills, verticals, team) in PEOPLE.items():
            user = User.objects.create_user(
                f"{login}@demo.example", PASSWORD, name=name, role=role, title=title, seniority=seniority,
                time_zone=zone, skills=skills, verticals=verticals, created_at=timezone.now(),
            )  # fmt: skip
            if team:
                Membership.objects.create(team=teams[team], user=user)
            people[login] = user
        for login, capacity in (("se", 16), ("se2", 12), ("ae", 45), ("ae2", 45), ("ae3", 45)):  # nobody is full
            people[login].capacity = capacity
            people[login].save(update_fields=["capacity"])
        for boss, reports in (("manager", ["ae", "ae2", "se", "se2", "se4", "se5"]), ("manager2", ["ae3", "se3"])):
            User.objects.filter(pk__in=[people[login].pk for login in reports]).update(manager=people[boss])
    return people
