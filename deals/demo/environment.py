"""What the demo's customers run and have to keep to; asked by the SE before the solution is presented."""

import datetime
import random

from deals.actions.environment import answer_environment
from deals.demo.clock import at
from deals.models import EnvironmentAnswer, EnvironmentQuestion, Opportunity, StakeholderRole
from people.models import User

# The beginning of a question, and what customers say to it.
SAID = {
    "Which systems does the solution": [
        "SAP S/4HANA 2022 for orders and stock, Salesforce for customers. Both are owned by their IT.",
        "An ERP of their own on an AS/400, a warehouse system by a local vendor, and some forty spreadsheets.",
    ],
    "What does the solution replace": [
        "Nightly jobs written over twelve years. The server they run on loses its support in March.",
        "A platform whose contract ends in nine months; notice is due six months before.",
    ],
    "Which databases and data warehouses": [
        "Oracle 19c under the ERP, PostgreSQL 14 under the shop, Snowflake for reports.",
        "SQL Server 2019 throughout. A lake on Azure is being built and holds little yet.",
    ],
    "How much data is there": [
        "900 million rows of movements, some two million more a day, four times that at month end.",
        "Two terabytes, growing by a fifth a year.",
    ],
    "How current does the data": [
        "Five minutes for stock, over night for the rest. A late stock figure costs them a truck.",
        "Within the hour is enough, except for prices, which change at once.",
    ],
    "How do systems talk": [
        "CSV by SFTP, every fifteen minutes. Nobody knows all of the jobs.",
        "An integration platform that two people can change; one of them retires next year.",
    ],
    "What happens today when a transfer fails": [
        "Their night shift notices in the morning, when the pick lists are empty.",
    ],
    "Where may it run": [
        "Their own AWS account in Frankfurt. Nothing outside the EU.",
        "Our cloud is fine, but only what the plant has released may leave it.",
    ],
    "How do changes get into production": [
        "Every second Tuesday through a change board. Frozen from mid November to January.",
    ],
    "Which identity provider": [
        "Entra ID with SAML. A colleague in Lyon sets it up; two weeks' notice.",
        "Okta, by OpenID Connect. Groups come along.",
    ],
    "Who has to approve a new vendor": [
        "Their information security office: a questionnaire of 140 questions, our SOC 2 report, one call.",
    ],
    "How must data be encrypted": ["AES-256 at rest with keys of their own, TLS 1.2 or newer on the way."],
    "Which standards or regulators": [
        "ISO 27001 and, for two of their plants, FDA 21 CFR Part 11.",
        "GDPR and their works council, which has to agree to anything that shows who did what.",
    ],
    "In which countries": ["EU alone, support staff included.", "No rule of theirs; customers in Canada have one."],
    "How many people will use it": ["Sixty planners in nine plants, in English, German and Polish."],
}  # fmt: skip


def record(deal: Opportunity, se: User, moment: datetime.datetime) -> None:
    """Six to twelve answers, unless an earlier deal brought them; its own dice leave the rest of the story alone."""
    dice = random.Random(f"environment of {deal.name}")  # noqa: S311  a story, not a secret
    known = set(EnvironmentAnswer.objects.filter(company=deal.company).values_list("question", flat=True))
    asked = {question.text: question for question in EnvironmentQuestion.objects.filter(is_asked=True)}
    people = [*deal.stakeholders.exclude(role=StakeholderRole.ECONOMIC_BUYER).order_by("pk")[:3], None]
    for number, start in enumerate(dice.sample(sorted(SAID), dice.randint(6, 12))):
        question = next((row for text, row in asked.items() if text.startswith(start)), None)
        if question is None or question.pk in known:
            continue
        then = moment + datetime.timedelta(minutes=3 * number)
        who = dice.choice(people)
        words = EnvironmentAnswer(
            question=question, text=dice.choice(SAID[start]), said_on=then.date(),
            said_by=f"{who.name}, {who.job_title}".rstrip(", ") if who else "Their head of integration",
        )  # fmt: skip
        with at(then):
            answer_environment(se, deal, words)
