"""What managers noted down when they went through deals with their people, and the tasks that came of it."""

from datetime import timedelta

from deals.actions.reviews import mark_reviewed, set_task
from deals.demo.clock import at, days_ago
from deals.models import Opportunity
from deals.risk import worst_first
from people.models import User

# Place among the risky deals of the team (worst first), days ago, note, task for the AE or none.
REVIEWS = [
    (
        1,
        12,
        "The date is ours, not theirs. Ask for one before we meet again.",
        "Agree a new close date with the customer",
    ),
    (2, 9, "Their buyer has never been in the room.", ""),
    (4, 2, "Clear what is missing: the security questions. Jonah has them until Friday.", ""),
    (5, 2, "Keep it, but out of the commit.", "Find out what has come before us on the customer's list"),
]


def tell(people: dict[str, User]) -> None:
    """Each manager goes through the worst deals of the own team now and then."""
    for boss, team in (("manager", "Atlantic"), ("manager2", "Continental")):
        manager = people[boss]
        deals = Opportunity.objects.open().filter(team__name=team, created_at__lt=days_ago(15)).exclude(owner=None)
        worst = list(worst_first(deals).select_related("stage", "owner", "se"))
        for place, days, note, task in REVIEWS:
            if place < len(worst):
                with at(days_ago(days)):
                    mark_reviewed(manager, worst[place], note=note)
                    if task:
                        due_on = (days_ago(days) + timedelta(days=15)).date()
                        set_task(manager, worst[place], what=task, assignee=worst[place].owner, due_on=due_on)
