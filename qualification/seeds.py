"""The frameworks that come with Presales. Run by `manage.py seed`; adds what is missing, changes nothing else."""

from qualification.models import Criterion, Framework, Lane, Question

C, T = Lane.COMMERCIAL, Lane.TECHNICAL
Fact = Criterion.Fact

# slug: (name, description, [(key, name, lane, required level, fact, help, [questions])])
FRAMEWORKS = {
    "bant": (
        "BANT",
        "Budget, authority, need and timeline: enough to know whether a lead deserves an SE's time.",
        [
            ("budget", "Budget", C, 2, Fact.MONEY, "Money is set aside, or somebody can set it aside.", [
                "What has been put aside for this, and for which period?",
                "What did the last project of this size cost, and who paid for it?",
                "If the value is clear, where would the money come from?",
                "What does leaving things as they are cost you in a year?",
            ]),
            ("authority", "Authority", C, 2, Fact.PERSON, "We know who decides, and can reach them.", [
                "Who signs when a purchase is this large?",
                "Who else has to agree before that person signs?",
                "When did you last buy something like this, and how did the decision go?",
                "May we invite the person who decides to the next meeting?",
            ]),
            ("need", "Need", T, 2, Fact.NONE, "A problem that hurts somebody enough to change something.", [
                "What happens today, step by step, when this goes wrong?",
                "Who notices first, and what does it cost them?",
                "What have you tried before, and why did it not last?",
                "What would be different a year after you solved it?",
            ]),
            ("timeline", "Timeline", C, 2, Fact.DATE, "A date by which a decision falls, with a reason behind it.", [
                "By when do you need this to work, and what happens on that day?",
                "What has to be done before you can decide?",
                "Which date would be too late?",
            ]),
        ],
    ),
    "meddicc": (
        "MEDDICC",
        "For deals with many people and a long decision: metrics, buyer, criteria, process, pain and more.",
        [
            ("metrics", "Metrics", C, 2, Fact.NONE, "The numbers by which the customer will call it a success.", [
                "Which figure should move, from what to what?",
                "How do you measure it today?",
                "What is one point of improvement worth?",
            ]),
            ("economic_buyer", "Economic buyer", C, 2, Fact.PERSON, "The one person who can say yes to the money.", [
                "Who can release the money without asking anyone else?",
                "What does that person care about this year?",
                "When did you last speak with them about this?",
            ]),
            ("decision_criteria", "Decision criteria", T, 2, Fact.NONE, "What the choice will be measured against.", [
                "Which requirements would rule a solution out?",
                "Who wrote the list, and may we see it?",
                "How are the criteria weighed against each other?",
            ]),
            ("decision_process", "Decision process", C, 2, Fact.DATE, "Steps, people and dates up to a signature.", [
                "What happens between “we like it” and a signature?",
                "Who checks security, law and purchasing, and how long does each take?",
                "Which date is the decision planned for?",
            ]),
            ("identify_pain", "Identify pain", T, 2, Fact.NONE, "The problem, who has it, and what it costs.", [
                "Whose day is made harder by this, and how often?",
                "What does it cost in money, time or risk?",
                "What happens if nothing changes this year?",
            ]),
            ("champion", "Champion", C, 2, Fact.PERSON, "Someone with influence who sells for us when we are away.", [
                "Who has something to win personally when this works?",
                "What has this person already done for the project inside?",
                "Would they let us prepare the buyer's meeting together?",
            ]),
            ("competition", "Competition", C, 2, Fact.NONE, "Who else is in the race, doing nothing included.", [
                "Which other ways are you looking at, building it yourselves included?",
                "Who inside prefers another solution, and why?",
                "What would make doing nothing the easier choice?",
            ]),
        ],
    ),
    "none": ("None", "No framework: the team qualifies by judgement alone.", []),
}  # fmt: skip


def seed() -> None:
    """Add the frameworks that are missing, each with its criteria and questions."""
    for slug, (name, description, criteria) in FRAMEWORKS.items():
        framework, is_new = Framework.objects.get_or_create(
            slug=slug, defaults={"name": name, "description": description}
        )
        if not is_new:
            continue
        for order, (key, label, lane, level, fact, help_text, questions) in enumerate(criteria):
            criterion = Criterion.objects.create(
                framework=framework, key=key, name=label, help=help_text, order=order, lane=lane,
                required_level=level, fact=fact,
            )  # fmt: skip
            Question.objects.bulk_create(
                Question(criterion=criterion, text=text, order=position) for position, text in enumerate(questions)
            )
