"""What a manager asks about a deal: the flags that make it worth asking about, and the questions that follow from each.

QUESTIONS is the one place where the words stand. They are open questions: none can be answered with yes or no, since
the point is to hear what AE and SE know. Each comes with the task that follows where nobody knows the answer, and
with the lane of whom it is for. Questions to put to the customer come from the question bank of the framework, for
the criteria of which least is known.
"""

from dataclasses import dataclass
from functools import cache

from django.db.models import F, IntegerField, QuerySet
from django.utils.text import slugify

from deals.risk import RISKS, SEVERITY, Risk, with_risks
from presales.prepared import TODAY
from presales.sql import Template
from qualification.models import Lane, Status
from qualification.panels import Panel, Row

SOON_DAYS = 7
"""Evidence that goes stale within so many days is worth renewing now."""
CRITERIA = 3
"""So many criteria of the qualification are asked about at most, the weakest first."""

# Worth asking about besides RISKS, in the same form; the bits are numbers of their own.
FLAGS = [
    Risk("commit_unproven", 4, "Committed above the evidence", 2),
    Risk("se_missing", 2, "No SE", 2),
    Risk("stale_soon", 1, "Evidence goes stale soon", 1, "quiet"),
]
CONDITIONS = {
    "commit_unproven": "{category} = 'commit' AND COALESCE({claimed}, {default}) > {evidence}",
    # Qualified, or past the first stage of its pipeline: from then on there is technical work to do.
    "se_missing": f"""{{se}} IS NULL AND ({{status}} = '{Status.QUALIFIED}' OR {{order}} > (
        SELECT min(entry.order) FROM deals_stage entry
         WHERE entry.pipeline_id = {{pipeline}} AND entry.outcome = 'open'))""",  # noqa: S608  of our own words alone
    # What is stale already is a risk.
    "stale_soon": f"{{stale_on}} > {{today}} AND {{stale_on}} <= {{today}} + {SOON_DAYS}",
}
FIELDS = {
    "category": "forecast_category", "claimed": "claimed_probability", "default": "stage__probability",
    "evidence": "evidence_probability__percent", "se": "se_id", "status": "dossier__derived__status",
    "order": "stage__order", "pipeline": "pipeline_id", "stale_on": "dossier__derived__next_stale_on",
}  # fmt: skip
PLACES = {name: f"{{{place}}}" for place, name in enumerate([*FIELDS, "today"])}
WEIGHED = " + ".join(
    f"CASE WHEN {CONDITIONS[flag.name]} THEN {SEVERITY * flag.weight + flag.bit} ELSE 0 END" for flag in FLAGS
).format(**PLACES)


def with_flags(deals: QuerySet) -> QuerySet:
    """Adds `risks` (deals/risk.py), `flags`, the same for FLAGS, and `severity`, the sum of both weights."""
    flags = Template(WEIGHED, *map(F, FIELDS.values()), TODAY, output_field=IntegerField())
    severity = Template(
        f"(({{0}}) / {SEVERITY} + ({{1}}) / {SEVERITY})", F("risks"), F("flags"), output_field=IntegerField()
    )
    return with_risks(deals).annotate(flags=flags).annotate(severity=severity)


@cache
def _flags_in(risks: int, flags: int) -> list[Risk]:
    found = [risk for risk in RISKS if risks & risk.bit] + [flag for flag in FLAGS if flags & flag.bit]
    return sorted(found, key=lambda flag: -flag.weight)


def flags_of(deal: object) -> list[Risk]:
    """Why a deal that came through `with_flags` is worth asking about, worst first."""
    return _flags_in(deal.risks, deal.flags)


@dataclass(frozen=True)
class Question:
    """One question: its words, the task that follows from it, and for whom it is."""

    text: str
    task: str
    lane: str = Lane.COMMERCIAL

    @property
    def key(self) -> str:
        """Its name in an address."""
        return slugify(self.task)[:60]


Q, SE = Question, Lane.TECHNICAL
QUESTIONS: dict[str, list[Question]] = {
    "close_past": [
        Q("What happened at the customer on the day we had written down?",
          "Find out why the customer did not decide on the day we expected"),
        Q("Which date has the customer named since, and who named it?", "Agree a new close date with the customer"),
        Q("What still has to happen before they can sign, and whose is each step?",
          "List with the customer what is left before they can sign"),
    ],
    "evidence_shaky": [
        Q("What has changed at the customer since they told us?",
          "Ask the customer what has changed since they told us"),
        Q("Which of the things we believe would hurt most if it were wrong?",
          "Test with the customer the assumption that would hurt most"),
        Q("What have their technical people seen with their own eyes, and what did they say to it?",
          "Ask their technical people what they think of what they have seen", SE),
    ],
    "happy_ears": [
        Q("What do you know that the qualification does not say yet, and who told you?",
          "Record in the qualification who told us what, and when"),
        Q("Who at the customer has spoken against us, and what would change their mind?",
          "Talk to whoever at the customer speaks against us"),
        Q("What would the buyer answer if we asked how likely this is to happen?",
          "Ask the buyer what could still keep this from happening"),
        Q("What would you have to see from their side to put the same figure on it?",
          "Name what their technical people have to confirm before we raise the figure", SE),
    ],
    "is_rotting": [
        Q("What is the customer busy with instead of this?", "Find out what has come before us on the customer's list"),
        Q("Who at the customer loses something if nothing happens this month?",
          "Call whoever at the customer is hurt by waiting"),
        Q("What could we bring that is useful to them even if they never buy?",
          "Send the customer something useful and ask for half an hour"),
    ],
    "pushed_often": [
        Q("What was the reason each time the date moved, and which of those reasons is gone?",
          "Write down why the date moved each time, and check the present date with the customer"),
        Q("What does it cost the customer to wait another quarter?",
          "Work out with the customer what waiting costs them"),
        Q("Which part of their way to a signature have we not walked with them before?",
          "Ask purchasing, legal and security for their steps and days"),
    ],
    "step_missing": [
        Q("What did the customer and we agree to do next, and who does it?", "Agree the next step with the customer"),
        Q("What should be decided when we speak next, and who has to be in the room?",
          "Set a date with the customer and say what is to be decided on it"),
        Q("What could we ask the customer to do that shows how much they want this?",
          "Ask the customer for something that costs them effort"),
    ],
    "commit_unproven": [
        Q("What makes this a commit, and not a best case?", "Say in the qualification what the commit rests on"),
        Q("What could still make it slip, and what are we doing about each?",
          "List what could make it slip, with who of us takes care of each"),
        Q("What is left to be proved on the technical side, and until when?",
          "Settle what is left to be proved on the technical side", SE),
    ],
    "se_missing": [
        Q("Which technical question of theirs does nobody answer at the moment?",
          "Write down the customer's open technical questions for the SE who takes this"),
        Q("What keeps our SEs from taking it: the skills, the time, or what we know of it?",
          "Ask the SEs what keeps them from taking this"),
        Q("What would you show them first if you were the SE, and to whom?",
          "Prepare with the SE team who should see what first"),
    ],
    "stale_soon": [
        Q("Which talk this week could tell us again what goes stale next?",
          "Renew the evidence that goes stale next"),
        Q("Where does whoever told us stand today, and who could confirm it?",
          "Have a second person at the customer confirm what we were told"),
        Q("What did their technical people say lately that nobody has written down?",
          "Record what their technical people said lately", SE),
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Topic:
    """What is asked about: a flag, or what a criterion lacks, and the questions."""

    label: str
    questions: list[Question]


def topics(deal: object, panel: Panel | None) -> list[Topic]:
    """What to ask about a deal that came through `with_flags`: its flags, then the weakest of its qualification."""
    found = [Topic(flag.label, QUESTIONS[flag.name]) for flag in flags_of(deal)]
    return found + [_of_criterion(row) for row in weakest(panel)]


def weakest(panel: Panel | None) -> list[Row]:
    """The criteria of which least is known or whose evidence is stale, the weakest first."""
    rows = [row for row in panel.rows if row.shortfall or row.stale_since] if panel else []
    return sorted(rows, key=lambda row: (row.level, row.criterion.order))[:CRITERIA]


def _of_criterion(row: Row) -> Topic:
    name = row.criterion.name
    asked = row.next_question or f"What do they say about {name.lower()}?"
    question = Question(asked, f"Ask the customer: {asked}"[:200], row.criterion.lane)
    return Topic(row.shortfall or f"{name}: the evidence is stale", [question])


def asked(key: str, deal: object, panel: Panel | None) -> Question | None:
    """The question of that name among those of a deal; None for any other."""
    questions = [question for topic in topics(deal, panel) for question in topic.questions]
    return next((question for question in questions if question.key == key), None)
