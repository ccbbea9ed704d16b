"""What a page repeats fifty times, in Jinja2, which needs a fifth of the time: rows of lists, options of filters.

A page stays a Django template and shows the fragment by `{% fragment "leads/leads/_rows.jinja" %}`; the fragment sees
the page's context. Names are those of presales/templatetags/presales.py, called as functions and filters.
"""

from functools import cache

from django.urls import reverse
from django.utils import timezone
from django.utils.html import json_script
from jinja2 import Environment, StrictUndefined

from presales.templatetags import presales as tags

STAND_IN = 999_999_990  # with its followers, numbers in no route's text


@cache
def _pattern(name: str, places: int) -> str:
    pattern = reverse(name, args=[STAND_IN + place for place in range(places)])
    for place in range(places):
        pattern = pattern.replace(str(STAND_IN + place), "%d")
    return pattern


def address(name: str, *keys: int) -> str:
    """The address of the page `name` of the record with these keys. Looked up once, for a list that links to fifty."""
    return _pattern(name, len(keys)) % keys


def environment(**options: object) -> Environment:
    """Jinja2 with the product's tags; a name that does not exist is an error."""
    # Django's engine asks for autoescape=True among its options.
    made = Environment(**options | {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True})  # noqa: S701
    made.globals |= {"address": address, "icon": tags.icon, "meter": tags.meter, "pill": tags.pill}
    made.globals |= {"nav_item": tags.nav_item, "nav_group": tags.nav_group}
    made.globals |= {"avatar": tags.avatar_of, "person": tags.person_of}
    made.globals |= {"localtime": timezone.localtime, "json_script": json_script}
    for name in ("ago", "day", "moment", "money", "money_short", "number", "rate", "waited"):
        made.filters[name] = getattr(tags, name)
    return made
