"""Making the own calendar address void and getting a new one."""

from django.db.models import F

from deals.models import CalendarFeed
from people.models import User
from presales.actions import action


@action
def renew_calendar_address(actor: User) -> CalendarFeed:
    """From now on the address used so far shows nothing; everybody does this for themselves alone."""
    CalendarFeed.objects.get_or_create(user=actor)
    CalendarFeed.objects.filter(user=actor).update(renewed=F("renewed") + 1)
    return CalendarFeed.objects.get(user=actor)
