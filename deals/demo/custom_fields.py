"""Fields that the demo's team added by itself, and what it knows in them."""

import datetime
import random

from deals.actions.custom_fields import edit_deal_fields
from deals.demo.clock import at, days_ago
from deals.models import Opportunity
from leads.actions import custom_fields as definitions
from leads.actions.companies import update_company
from leads.actions.leads import update_lead
from leads.models import Company, Lead, LeadStage
from people.models import User

USES = ["Replace nightly jobs", "Stock in real time", "One view of customers", "Compliance reports"]
VENDORS = ["Own scripts", "Mergeform", "Talenqua", "Nothing"]
PLACES = ["EU", "US", "Canada", "Anywhere"]
# What it belongs to, its name, its kind, and what there is besides.
FIELDS: list[tuple[str, str, str, dict]] = [
    ("lead", "Main use", "choice", {"choices": USES, "help_text": "What they said they would do first."}),
    ("lead", "Size of their data team", "number", {}),
    ("lead", "Member of the user group", "yes_no", {}),
    ("company", "Contract with their vendor ends", "date", {"help_text": "Notice is due months before."}),
    ("company", "Runs today", "choice", {"choices": VENDORS}),
    ("opportunity", "Their cost centre", "text", {"lane": "commercial"}),
    ("opportunity", "Reference call agreed", "yes_no", {"lane": "commercial"}),
    ("opportunity", "Data has to stay in", "choice", {"choices": PLACES, "lane": "technical"}),
    ("opportunity", "Systems to connect", "number", {"lane": "technical"}),
]


def tell(people: dict[str, User]) -> None:
    """A third of the people and companies, and every deal that has its pair; nothing rests the less for it."""
    dice = random.Random("custom fields")  # noqa: S311  a story, not a secret
    admin = people["admin"]
    with at(days_ago(200)):
        for record, name, kind, more in FIELDS:
            definitions.add_field(admin, record=record, name=name, kind=kind, **more)
    with at(days_ago(60)):
        for company in Company.objects.order_by("pk")[::3]:
            ends = datetime.date.today() + datetime.timedelta(days=dice.randrange(20, 700))
            values = {"contract_with_their_vendor_ends": ends, "runs_today": dice.choice(VENDORS)}
            update_company(admin, company, version=company.version, custom=values)
        for lead in Lead.objects.unmerged().exclude(stage=LeadStage.CONVERTED).order_by("pk")[::3]:
            values = {
                "main_use": dice.choice(USES), "size_of_their_data_team": dice.randrange(1, 40),
                "member_of_the_user_group": dice.random() < 0.4,
            }  # fmt: skip
            with at(max(lead.created_at, days_ago(60))):
                update_lead(admin, lead, version=lead.version, custom=values)
    for deal in Opportunity.objects.open().exclude(owner=None).exclude(se=None).select_related("owner", "se"):
        commercial = {
            "their_cost_centre": str(dice.randrange(1000, 9999)),
            "reference_call_agreed": dice.random() < 0.3,
        }
        technical = {
            "data_has_to_stay_in": dice.choice(PLACES), "systems_to_connect": dice.randrange(2, 14),
        }  # fmt: skip
        with at(deal.last_activity_at):
            edit_deal_fields(deal.owner, deal, lane="commercial", version=deal.version, custom=commercial)
            edit_deal_fields(deal.se, deal, lane="technical", version=deal.version + 1, custom=technical)
