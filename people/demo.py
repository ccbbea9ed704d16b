"""The logins of a demo installation: shown on its sign-in page, made by `manage.py load_demo`."""

from dataclasses import dataclass

PASSWORD = "demo-presales"  # noqa: S105  public on purpose; demo data refuses to load in production


@dataclass(frozen=True)
class DemoLogin:
    """One login and what it is good to look at."""

    email: str
    role: str
    sees: str


LOGINS = [
    DemoLogin("ae@demo.example", "Account executive", "Leads to accept and qualify, and deals in progress"),
    DemoLogin("se@demo.example", "Solutions engineer", "A claim queue with match reasons, and claimed deals"),
    DemoLogin("manager@demo.example", "Manager", "The pipeline, what is at risk and why, SE load"),
    DemoLogin("marketing@demo.example", "Marketing", "Scoring rules, web forms, leads that came back"),
    DemoLogin("admin@demo.example", "Admin (RevOps)", "People, teams, stages, frameworks, imports"),
    DemoLogin("ae2@demo.example", "Second AE, same team", "Reads the team's deals, works the own ones"),
    DemoLogin("se2@demo.example", "Second SE, same team", "Races the first for the same claims"),
    DemoLogin("ae3@demo.example", "AE of another team", "Sees nothing of the first team"),
    DemoLogin("se3@demo.example", "SE of another team", "Has a queue of the own"),
    DemoLogin("se4@demo.example", "Associate SE, overloaded", "Carries more than fits"),
    DemoLogin("se5@demo.example", "SE on vacation", "Comes last when the manager looks for an SE"),
    DemoLogin("manager2@demo.example", "Manager of another team", "The same screens, the other team's figures"),
]
