"""The library of the demo's SEs: what they show and answer again and again."""

import datetime

from deals.actions.library import keep_answer, save_item
from deals.demo.clock import at, days_ago
from deals.forms.library import item_of
from deals.models import LibraryItem, RfpQuestion
from people.models import User

# Title, what it shows, the steps, tags.
DEMOS = [
    (
        "A late order, found before the customer calls",
        "An order that hangs between ERP and warehouse, and who is told.",
        "1. Open the queue of the warehouse: nothing is red.\n2. Switch the test warehouse off.\n3. Place "
        "order 4711 in the shop.\n4. Wait for the alert in the chat; let them read it aloud.\n5. Switch it on "
        "again and watch the order arrive.\n\nAsk: who of yours finds out today, and when?",
        ["integration", "alerts"],
    ),
    (
        "Sign in with their own directory",
        "Single sign-on and roles that follow groups, in their own tenant if they let us.",
        "1. Beforehand: a test user in their directory, in the group “planners”.\n2. Sign in with it.\n3. Move "
        "the user to “auditors” in front of them.\n4. Sign in again: the same pages, read-only.\n\nNever "
        "promise a date for provisioning in this demo.",
        ["SSO", "security"],
    ),
    (
        "Every change of a record, and who made it",
        "The history of one record over a year, as an auditor reads it.",
        "1. Open the item that changed most.\n2. Ask them to pick any day.\n3. Show the record as it stood on "
        "that day.\n4. Export it for the auditor.",
        ["audit", "compliance"],
    ),
    (
        "Their own spreadsheet becomes a pipeline",
        "From the file that they mail around to a checked load in ten minutes.",
        "1. Ask for the file a day ahead and look for merged cells.\n2. Load it as it is, and let the checks "
        "fail.\n3. Let one of theirs write the rule that was missing.\n4. Load it again.",
        ["data quality", "migration"],
    ),
    (
        "Month-end close without the night shift",
        "A load of thirty million rows while people work.",
        "Runs in the large sandbox only. Book it two days ahead.\n\n1. Start the load.\n2. Go on with the "
        "reports meanwhile; their controller clicks.\n3. Look at the figures of the load together.",
        ["performance", "finance"],
    ),
]


def stock(se: User, other: User) -> None:
    """What SEs have put into it before the year of the story begins."""
    for number, (title, shows, script, tags) in enumerate(DEMOS):
        item = LibraryItem(
            title=title, shows=shows, script=script, tags=tags, link=f"https://recordings.example/demos/{number + 1}"
        )
        with at(days_ago(380 - 3 * number)):
            save_item((se, other)[number % 2], item)


def keep() -> None:
    """The answers of the RFP that was won which others ask for most."""
    answered = RfpQuestion.objects.filter(is_reusable=True, number__in=("1.1", "1.2", "2.2"))
    for question in answered.select_related("rfp__opportunity__se").order_by("line"):
        item = item_of(question)
        item.tags = ["security"] if question.number.startswith("1") else ["operations"]
        with at(question.answered_at + datetime.timedelta(days=2)):
            keep_answer(question.rfp.opportunity.se, question, item)
