"""What the demo's customers want, and how well the product fits; written down before the demo is held."""

import datetime
import random

from deals.actions.product_gaps import edit_gap, name_gap, set_gap_state
from deals.actions.requirements import add_requirement
from deals.demo.clock import at, days_ago
from deals.models import Opportunity, ProductGap, Requirement, Severity, StakeholderRole
from people.models import User

# Importance, words, fit, note.
WANTED = [
    ("must", "Single sign-on through their own identity provider", "native", "SAML and OIDC, shown in the demo."),
    ("must", "Data stays within the region that we choose", "native", ""),
    ("must", "Every change of a record is traceable for seven years", "configurable", "Retention per table."),
    ("must", "Loads from the old ERP every fifteen minutes", "configurable", "Their connector pulls; ours waits."),
    ("must", "Roles as in their own directory, down to the field", "configurable", ""),
    ("should", "Planners correct a forecast on the same screen", "native", ""),
    ("should", "Alerts go to the chat that the teams use", "configurable", "By webhook."),
    ("should", "Reports in the layout their board knows", "custom", "Three days, by statement of work."),
    ("should", "Runs on their own machines in the plant without a network", "gap", "An edge node is asked for often."),
    ("should", "Two people may edit the same plan at once", "gap", "Today the second is warned."),
    ("could", "Works offline on a tablet in the warehouse", "gap", ""),
    ("could", "Reads the scanned delivery notes", "custom", "A partner's service does it; we would wire it in."),
    ("could", "Answers questions in plain words", "", ""),
]  # fmt: skip


# What a requirement lacks: title, severity, description.
GAPS = {
    "Runs on their own machines in the plant without a network": (
        "Edge node without a network", Severity.BREAKER,
        "Plants want to go on when the line is down. Today they print the plan in the morning.",
    ),
    "Two people may edit the same plan at once": (
        "Several people in one plan at once", Severity.CHALLENGE,
        "The second is warned and waits. Planners of one site often work in pairs.",
    ),
    "Works offline on a tablet in the warehouse": (
        "Offline on tablets", Severity.NICE, "Warehouses without coverage in the back. Paper is the way round.",
    ),
}  # fmt: skip


# What is built for one customer alone, and how many days it takes.
WORK = {
    "Reports in the layout their board knows": (
        "Three reports in their template, filled from the hub every Monday; reviewed by their controller.", 3,
    ),
    "Reads the scanned delivery notes": (
        "A connector to the partner's recognition service, with a list of the notes that it could not read.", 8,
    ),
}  # fmt: skip


def record(deal: Opportunity, se: User, moment: datetime.datetime) -> None:
    """Five to nine of them, always some musts with a fit; dice of their own leave the rest of the story as it is."""
    dice = random.Random(f"requirements of {deal.name}")  # noqa: S311  a story, not a secret
    musts = [row for row in WANTED if row[0] == "must"]
    others = [row for row in WANTED if row[0] != "must"]
    chosen = [*dice.sample(musts, dice.randint(2, 4)), *dice.sample(others, dice.randint(3, 5))]
    asker = deal.stakeholders.exclude(role=StakeholderRole.ECONOMIC_BUYER).order_by("pk").first()
    for number, (importance, text, fit, note) in enumerate(chosen):
        with at(moment + datetime.timedelta(minutes=2 * number)):
            asked_by = asker if dice.random() < 0.5 else None
            wanted = Requirement(text=text, importance=importance, fit=fit, note=note, asked_by=asked_by)
            wanted.work, wanted.work_days = WORK.get(text, ("", None))
            add_requirement(se, deal, wanted)
            if text in GAPS:
                title, severity, _ = GAPS[text]
                name_gap(se, wanted, wanted.version, title=title, severity=severity)


def decide_gaps(boss: User) -> None:
    """What becomes of the gaps: one is closed since last week, one is planned, one waits."""
    day = datetime.timedelta(days=1)
    today = days_ago(0).date()
    said = [("planned", today + 70 * day, 12), ("open", None, 11), ("closed", today - 4 * day, 4)]
    for (title, _, description), (state, on, days) in zip(GAPS.values(), said, strict=True):
        gap = ProductGap.objects.filter(title=title).first()
        if gap is None:
            continue
        gap.description = description
        with at(days_ago(days)):
            edit_gap(boss, gap, gap.version)
            if state != "open":
                set_gap_state(boss, gap, state, on, gap.version)
