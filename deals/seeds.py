"""What comes with Presales: the pipeline and the questions on a technical environment. Run by `manage.py seed`; adds
each where there is none."""

from decimal import Decimal

from deals import environment_bank
from deals.models import ExitCriterion, Outcome, Pipeline, Stage

# name, slug, probability, outcome, the SE's part, rots after days, weight on an SE
STAGES = [
    ("Qualification", "qualification", 10, Outcome.OPEN, "Reads the dossier, claims the deal", 14, "0.5"),
    ("Discovery", "discovery", 25, Outcome.OPEN, "Technical discovery, validates the pain", 21, "1.0"),
    ("Solution Presentation", "presentation", 45, Outcome.OPEN, "Requirements, fit, demo", 21, "1.5"),
    ("Evaluation / POC", "evaluation", 60, Outcome.OPEN, "Runs the POC, wins the technical decision", 30, "2.0"),
    ("Negotiation", "negotiation", 80, Outcome.OPEN, "Stands by for questions", 14, "0.5"),
    ("Closed Won", "won", 100, Outcome.WON, "Hands over", 0, "0"),
    ("Closed Lost", "lost", 0, Outcome.LOST, "Autopsy", 0, "0"),
    ("No-go", "no-go", 0, Outcome.NO_GO, "Says why", 0, "0"),
]

# Slug of the stage that is left: its gates in order, and whether each is required.
EXIT_CRITERIA = {
    "qualification": [("dossier_qualified", True), ("compelling_event_named", True), ("next_step_dated", False)],
    "discovery": [
        ("se_on_it", True), ("technical_pain_validated", True), ("economic_buyer_identified", True),
        ("champion_identified", False), ("next_step_dated", False),
    ],
    "presentation": [("requirements_recorded", True), ("demo_held", True), ("decision_criteria_known", True)],
    "evaluation": [("poc_agreed", True), ("poc_decided", True), ("technical_win_recorded", True)],
    "negotiation": [
        ("proposal_sent", True), ("decision_process_known", True), ("closing_steps_listed", False),
        ("handoff_started", True),
    ],
}  # fmt: skip


def seed() -> None:
    """Add what every installation starts with."""
    seed_pipeline()
    environment_bank.seed()


def seed_pipeline() -> None:
    """Add the default pipeline, if there is no pipeline yet."""
    if Pipeline.objects.exists():
        return
    pipeline = Pipeline.objects.create(name="New business", slug="new-business", is_default=True)
    for order, (name, slug, probability, outcome, se_part, rotting_days, weight) in enumerate(STAGES):
        stage = Stage.objects.create(
            pipeline=pipeline, name=name, slug=slug, order=order, outcome=outcome, probability=probability,
            se_part=se_part, rotting_days=rotting_days, load_weight=Decimal(weight),
        )  # fmt: skip
        ExitCriterion.objects.bulk_create(
            ExitCriterion(stage=stage, gate=gate, is_required=is_required, order=position)
            for position, (gate, is_required) in enumerate(EXIT_CRITERIA.get(slug, []))
        )
