"""What every installation of the room starts with. Runs on every deployment and changes nothing that is there."""

from leads.models.engagements import EngagementKind
from leads.models.scoring import Dimension, ScoringGroup, ScoringRule, ScoringSettings
from leads.scoring.rules import settings_row

IS_ANY, IS_NONE = ScoringRule.Operator.IS_ANY, ScoringRule.Operator.IS_NONE
CONTAINS = ScoringRule.Operator.CONTAINS
AT_LEAST, AT_MOST = ScoringRule.Operator.AT_LEAST, ScoringRule.Operator.AT_MOST
FILLED, EMPTY = ScoringRule.Operator.IS_FILLED, ScoringRule.Operator.IS_EMPTY

# (group, ceiling, [(rule, points, field, operator, values)])
FIT = [
    ("Who they are", 35, [
        ("C-level or founder", 20, "seniority", IS_ANY, ["executive"]),
        ("Vice president or head of", 20, "seniority", IS_ANY, ["vp"]),
        ("Director", 15, "seniority", IS_ANY, ["director"]),
        ("Manager", 8, "seniority", IS_ANY, ["manager"]),
        ("Works with technology", 15, "function", IS_ANY, ["engineering", "it", "data", "security"]),
        ("Works with the product or operations", 8, "function", IS_ANY, ["product", "operations"]),
        ("Student, intern or assistant", -15, "seniority", IS_ANY, ["entry"]),
    ]),
    ("Company", 35, [
        ("200 employees or more", 15, "employees", AT_LEAST, ["200"]),
        ("1,000 employees or more", 10, "employees", AT_LEAST, ["1000"]),
        ("Fewer than 10 employees", -10, "employees", AT_MOST, ["9"]),
        ("Revenue of 10 million or more", 10, "annual_revenue", AT_LEAST, ["10000000"]),
        ("Industry we know well", 15, "industry", IS_ANY, [
            "Software", "Technology", "Financial services", "Finance", "Healthcare", "Manufacturing", "Retail",
            "Telecommunications", "Telecommunication", "Insurance", "Logistics",
        ]),
    ]),
    ("Technology", 15, [
        ("Runs in a public cloud", 8, "technologies", IS_ANY, ["AWS", "Azure", "Google Cloud", "GCP"]),
        ("Container platform", 4, "technologies", IS_ANY, ["Kubernetes", "OpenShift", "Docker"]),
        ("Data platform", 4, "technologies", IS_ANY, ["Snowflake", "Databricks", "BigQuery", "PostgreSQL", "Kafka"]),
    ]),
    ("Contact", 15, [
        ("Business e-mail address", 10, "business_email", FILLED, []),
        ("Phone number", 5, "phone", FILLED, []),
        ("Consent withdrawn", -20, "consent", IS_ANY, ["withdrawn"]),
    ]),
    ("Source", 10, [
        ("Came by referral or partner", 10, "source", IS_ANY, ["referral", "partner"]),
        ("Asked for a demo or a trial", 10, "source", IS_ANY, ["demo_signup", "free_trial"]),
    ]),
]  # fmt: skip

# (group, ceiling, [(rule, points, kind)])
ENGAGEMENT = [
    ("Asked for something", 70, [
        ("Demo request", 40, EngagementKind.DEMO_REQUEST),
        ("Trial sign-up", 35, EngagementKind.TRIAL_SIGNUP),
    ]),
    ("Conversation", 50, [
        ("Meeting", 30, EngagementKind.MEETING),
        ("E-mail replied", 20, EngagementKind.EMAIL_REPLIED),
    ]),
    ("Learning", 30, [
        ("Webinar attended", 15, EngagementKind.WEBINAR_ATTENDED),
        ("Content downloaded", 10, EngagementKind.CONTENT_DOWNLOADED),
    ]),
    ("Looking around", 15, [
        ("E-mail clicked", 5, EngagementKind.EMAIL_CLICKED),
        ("E-mail opened", 1, EngagementKind.EMAIL_OPENED),
        ("Page visit", 2, EngagementKind.PAGE_VISIT),
    ]),
]  # fmt: skip


def seed() -> None:
    """The scoring settings, and the default rules where there is no group at all."""
    settings_row()
    if ScoringGroup.objects.exists():
        return
    for order, (name, ceiling, rules) in enumerate(FIT):
        group = ScoringGroup.objects.create(dimension=Dimension.FIT, name=name, ceiling=ceiling, order=order)
        for place, (title, points, field, operator, values) in enumerate(rules):
            ScoringRule.objects.create(
                group=group, name=title, points=points, field=field, operator=operator, values=values, order=place
            )
    for order, (name, ceiling, rules) in enumerate(ENGAGEMENT):
        group = ScoringGroup.objects.create(dimension=Dimension.ENGAGEMENT, name=name, ceiling=ceiling, order=order)
        for place, (title, points, kind) in enumerate(rules):
            ScoringRule.objects.create(group=group, name=title, points=points, engagement_kind=kind, order=place)
    settings = ScoringSettings.objects.get(pk=1)
    settings.revision += 1
    settings.save(update_fields=["revision"])
