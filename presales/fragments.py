"""What a page repeats fifty times, in Jinja2, which needs a fifth of the time: rows of lists, options of filters.

A page stays a Django template and shows the fragment by `{% fragment "leads/leads/_rows.jinja" %}`; the fragment sees
the page's context. Names are those of presales/templatetags/presales.py, called as functions and filters.
"""

from functools import cache

from django.urls import reverse
from jinja2 import Environment, StrictUndefined

from presales.templatetags import presales as tags

STAND_IN = 999_999_999  # a number in no route's text


@cache
def _pattern(name: str) -> str:
    return reverse(name, args=[STAND_IN])


def address(name: str, pk: int) -> str:
    """The address of the page `name` of the record `pk`. Looked up once, for a list that links to fifty."""
    return _pattern(name).replace(str(STAND_IN), str(pk))


def environment(**options: object) -> Environment:
    """Jinja2 with the product's tags; a name that does not exist is an error."""
    # Django's engine asks for autoescape=True among its options.
    made = Environment(**options | {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True})  # noqa: S701
    made.globals |= {"address": address, "icon": tags.icon, "meter": tags.meter, "pill": tags.pill}
    made.globals |= {"avatar": tags.avatar_of, "person": tags.person_of}
    for name in ("ago", "day", "money", "money_short", "number", "waited"):
        made.filters[name] = getattr(tags, name)
    return made
