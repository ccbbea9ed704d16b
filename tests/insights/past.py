"""Histories as they might have been: the rows that the database's triggers would have written at the time."""

import contextlib

import pgtrigger
from django.db import connection

from deals.models import Opportunity
from leads.models import Lead

Event = Opportunity.pgh_event_model
FIELDS = [field.attname for field in Opportunity._meta.concrete_fields if hasattr(Event, field.attname)]


def forget(deals):
    """Take away what was written when the test made the deals."""
    with pgtrigger.ignore(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM deals_opportunityevent WHERE pgh_obj_id = ANY(%s)", [[deal.pk for deal in deals]])


def told(deal, story):
    """Give `deal` the history `story`: (moment, what changed) in the order it was written."""
    tell({deal: story})


def tell(stories):
    """The same for many deals at once."""
    forget(stories)
    rows = []
    for deal, story in stories.items():
        state = {name: getattr(deal, name) for name in FIELDS}
        for place, (moment, change) in enumerate(story):
            state |= change
            rows.append(
                Event(pgh_created_at=moment, pgh_label="update" if place else "insert", pgh_obj_id=deal.pk, **state)
            )
    with own_times():
        Event.objects.bulk_create(rows)


@contextlib.contextmanager
def own_times(event=Event):
    """Rows of the history keep the moments that the test gives them."""
    moment = event._meta.get_field("pgh_created_at")
    moment.auto_now_add = False
    yield
    moment.auto_now_add = True


LeadEvent = Lead.pgh_event_model
LEAD_FIELDS = [field.attname for field in Lead._meta.concrete_fields if hasattr(LeadEvent, field.attname)]
STAMPS = ["mql_at", "accepted_at", "qualified_at", "converted_at"]


def date_leads():
    """Every lead's history as its own moments tell it: it came, and got to one step after the other."""
    with pgtrigger.ignore(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM leads_leadevent")
    rows = []
    for lead in Lead.objects.order_by("pk"):
        state = {name: getattr(lead, name) for name in LEAD_FIELDS}
        moments = sorted({lead.created_at, *(getattr(lead, name) for name in STAMPS if getattr(lead, name))})
        for moment in moments:
            then = {name: at if (at := getattr(lead, name)) and at <= moment else None for name in STAMPS}
            label = "update" if moment > moments[0] else "insert"
            rows.append(LeadEvent(pgh_created_at=moment, pgh_label=label, pgh_obj_id=lead.pk, **{**state, **then}))
    with own_times(LeadEvent):
        LeadEvent.objects.bulk_create(rows)
