"""Tags and filters that every template has (settings.TEMPLATES builtins)."""

import datetime
import logging
from collections.abc import Callable
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path

from django import template
from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest
from django.template import engines
from django.template.context import Context
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

from presales.text import initials

logger = logging.getLogger(__name__)
register = template.Library()


@cache
def _svg(name: str) -> str:
    """The inside of a Tabler outline icon. A name that does not exist is an error, but never one in production."""
    path = Path(settings.NODE_MODULES) / "@tabler/icons/icons/outline" / f"{name}.svg"
    try:
        text = path.read_text()
    except FileNotFoundError:
        if settings.IS_PRODUCTION:
            logger.error("unknown icon: %s", name)
            return ""
        raise
    return text[text.index(">", text.index("<svg")) + 1 : text.rindex("</svg>")]


# Rendering a small part costs far more than remembering it, and a page shows the same ones again and again.
# `typed`, so that marked-safe and plain text are not taken for each other.
remembered = lru_cache(maxsize=4096, typed=True)


@register.simple_tag
@cache
def icon(name: str, css: str = "") -> SafeString:
    """A Tabler icon as inline SVG; decoration, so hidden from screen readers."""
    return format_html(
        '<svg class="icon {}" width="24" height="24" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{}</svg>',
        css,
        mark_safe(_svg(name)),
    )


# What a value says: every pill carries its word, the tone only helps to find it.
TONES = {
    # lead stages
    "new": "quiet", "mql": "info", "sal": "accent", "sql": "accent", "converted": "good", "nurture": "quiet",
    # bands
    "hot": "bad", "warm": "warn", "cold": "quiet",
    # dossiers
    "unqualified": "quiet", "in_progress": "info", "qualified": "good", "at_risk": "warn", "disqualified": "bad",
    # levels
    "-1": "bad", "0": "quiet", "1": "warn", "2": "info", "3": "good",
    # outcomes
    "open": "info", "won": "good", "lost": "bad", "no_go": "warn",
    # imports
    "uploaded": "quiet", "ready": "info", "running": "info", "done": "good", "failed": "bad", "undone": "quiet",
    # competitors
    "suspected": "quiet", "active": "info", "ahead": "bad", "incumbent": "warn", "out": "good",
    # proposals
    "draft": "quiet", "in_approval": "warn", "approved": "accent", "sent": "info", "accepted": "good",
    "declined": "bad", "expired": "warn", "replaced": "quiet",
    # fit of a requirement
    "native": "good", "configurable": "info", "custom": "warn", "gap": "bad",
    # demos
    "convinced": "good", "partly": "warn", "not_convinced": "bad",
    # product gaps
    "deal_breaker": "bad", "deal_challenge": "warn", "nice_to_have": "quiet", "planned": "accent", "closed": "good",
    # decisions of a scrub
    "keep": "good", "fix": "warn", "kill": "bad",
    # answers of an RFP
    "drafted": "warn", "reviewed": "accent",
    # handoffs and autopsies
    "handed_over": "info", "returned": "warn", "owed": "warn", "agreed": "good",
    # POCs
    "proposed": "quiet", "passed": "good", "abandoned": "quiet",
    # lanes
    "commercial": "accent", "technical": "info",
}  # fmt: skip


@register.simple_tag
@remembered
def pill(value: object, label: str, tone: str = "") -> SafeString:
    """A small label; `value` decides the tone (TONES) unless `tone` is given."""
    return format_html('<span class="pill pill-{}">{}</span>', tone or TONES.get(str(value), "quiet"), label)


@register.simple_tag
def avatar(person: object, size: str = "sm") -> SafeString:
    """A person's initials in a circle; the name is beside it or in its title."""
    return avatar_of(person and person.pk, str(person or ""), size)


@remembered
def avatar_of(pk: int | None, name: str, size: str = "sm") -> SafeString:
    """`avatar` for a row that knows only the person's key and name."""
    if pk is None:
        return format_html('<span class="avatar-dot avatar-{} avatar-none" aria-hidden="true">–</span>', size)
    return format_html(
        '<span class="avatar-dot avatar-{} avatar-hue-{}" title="{}" aria-hidden="true">{}</span>',
        size, pk % 6, name, initials(name),
    )  # fmt: skip


@register.simple_tag
def person(user: object, empty: str = "Nobody yet") -> SafeString:
    """A person's avatar and name; `empty` where there is none."""
    return person_of(user and user.pk, str(user or ""), empty)


@remembered
def person_of(pk: int | None, name: str, empty: str = "Nobody yet") -> SafeString:
    """`person` for a row that knows only the person's key and name."""
    css = "person muted" if pk is None else "person"
    shown = empty if pk is None else name
    return format_html('<span class="{}">{}<span>{}</span></span>', css, avatar_of(pk, name), shown)


@register.simple_tag
def term(word: str, definition: str) -> SafeString:
    """A word with its definition: on hover and focus, and always read out."""
    return format_html(
        '<span class="term" tabindex="0">{}<span class="term-note">{}</span></span>', word, f" {definition}"
    )


@register.simple_tag(takes_context=True)
def sort_th(context: Context, name: str, label: str, current: str = "", css: str = "") -> SafeString:
    """A column's `<th>` whose link sorts by `name`, then by `-name`; `current` is the sort in force.

    Keeps the filters, drops the cursor, and says the direction to screen readers.
    """
    ascending, descending = current == name, current == f"-{name}"
    query = context["request"].GET.copy()
    query.pop("cursor", None)
    query["sort"] = f"-{name}" if ascending else name
    state = "ascending" if ascending else "descending" if descending else ""
    arrow = icon("chevron-up" if ascending else "chevron-down", "sort-arrow") if state else ""
    aria = format_html(' aria-sort="{}"', state) if state else ""
    return format_html(
        '<th scope="col" class="{}"{}><a href="?{}">{}{}</a></th>', css, aria, query.urlencode(), label, arrow
    )


@cache
def _address(view: str) -> str:
    try:
        return reverse(view)
    except NoReverseMatch:
        return ""


def nav_item(request: HttpRequest, view: str, label: str, svg: str, besides: str = "") -> SafeString | str:
    """An entry of the navigation, current on its page and on every page below its address.

    `besides` names a view below it that has an entry of its own. Nothing is shown for an unknown view.
    """
    path = request.path
    address = _address(view)
    if not address:
        return ""
    other = _address(besides) if besides else ""
    below = address != "/" and path.startswith(address) and not (other and path.startswith(other))
    return _nav_item(address, label, svg, "page" if path == address else "true" if below else "")


@remembered
def _nav_item(address: str, label: str, svg: str, current: str) -> SafeString:
    aria = format_html(' aria-current="{}"', current) if current else ""
    return format_html('<li><a href="{}"{}>{}<span>{}</span></a></li>', address, aria, icon(svg), label)


def nav_group(request: HttpRequest, label: str, open_to: str, caller: Callable[[], SafeString]) -> SafeString | str:
    """Entries of the navigation, which `caller` writes, under a heading that folds them away; nothing without any.

    Open where the page at hand is among them or the person left it open; before they touched any, for the roles that
    `open_to` names.
    """
    content = caller()
    if "<li>" not in content:
        return ""
    name, left_open = slugify(label), request.COOKIES.get("nav")
    wanted = request.user.role in open_to.split() if left_open is None else name in left_open.split(".")
    return format_html(
        '<details class="nav-group" data-nav="{}"{}><summary>{}{}</summary><ul>{}</ul></details>',
        name, mark_safe(" open") if wanted or "aria-current" in content else "", label, icon("chevron-down"), content,
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def fragment(context: Context, name: str) -> SafeString:
    """The fragment `name`, in Jinja2; see presales/fragments.py."""
    return mark_safe(engines["fragments"].env.get_template(name).render(context.flatten()))


@register.filter
def money(amount: Decimal | None, currency: str = "") -> str:
    """`1,234,567.00 USD`; whole amounts without cents; "–" for none."""
    if amount is None:
        return "–"
    amount = Decimal(amount).quantize(Decimal("0.01"))
    text = f"{amount:,.0f}" if amount == amount.to_integral_value() else f"{amount:,.2f}"
    return f"{text} {currency or settings.COMPANY_CURRENCY}"


@register.filter
def rate(worth: Decimal | None) -> str:
    """An exchange rate with at least four decimals, and no more than it needs; "–" for none."""
    if worth is None:
        return "–"
    whole, _, decimals = f"{worth:.8f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(4, '0')}"


@register.filter
def money_short(amount: Decimal | None) -> str:
    """`1.2M`, `340K`, `950`: for tight places that also show the exact figure in a title."""
    if amount is None:
        return "–"
    value = float(amount)
    for limit, unit in ((1e9, "B"), (1e6, "M"), (1e3, "K")):
        if abs(value) >= limit:
            return f"{value / limit:.1f}".removesuffix(".0") + unit
    return f"{value:.0f}"


@register.filter
def number(value: int | float | None) -> str:
    """A whole number with thousands separators; "–" for none."""
    return "–" if value is None else intcomma(value, use_l10n=False)


def _span(seconds: float) -> str:
    minutes, hours, days = seconds / 60, seconds / 3600, seconds / 86400
    if minutes < 1:
        return "moments"
    if hours < 1:
        return f"{minutes:.0f} min"
    if days < 1:
        return f"{hours:.0f} h"
    if days < 60:
        return f"{days:.0f} d"
    return f"{days / 30.44:.0f} mo" if days < 730 else f"{days / 365.25:.0f} y"


@register.filter
def ago(moment: datetime.datetime | datetime.date | None) -> SafeString | str:
    """`3 h ago` or `in 5 d`, with the exact time in the title."""
    if moment is None:
        return "–"
    if not isinstance(moment, datetime.datetime):
        return day(moment)
    local = timezone.localtime(moment)
    seconds = (timezone.now() - moment).total_seconds()
    words = f"{_span(seconds)} ago" if seconds >= 0 else f"in {_span(-seconds)}"
    # Nothing in a date needs escaping, and a list shows fifty of them.
    return mark_safe(f'<time datetime="{local.isoformat()}" title="{local:%-d %b %Y, %H:%M %Z}">{words}</time>')


@register.filter
def moment(when: datetime.datetime) -> str:
    """`Mon 4 Mar, 14:30` by the clock of whoever looks."""
    return f"{timezone.localtime(when):%a %-d %b, %H:%M}"


@register.filter
def waited(moment: datetime.datetime | None) -> SafeString | str:
    """How long ago, without saying so: `waiting {{ entry.created_at|waited }}` gives `waiting 3 h`."""
    if moment is None:
        return "–"
    local = timezone.localtime(moment)
    seconds = max((timezone.now() - moment).total_seconds(), 0)
    exact = f"since {local:%-d %b %Y, %H:%M %Z}"
    return mark_safe(f'<time datetime="{local.isoformat()}" title="{exact}">{_span(seconds)}</time>')


@register.filter
def day(date: datetime.date | datetime.datetime | None) -> SafeString | str:
    """`4 Mar 2026`, without the year in the current one; "–" for none."""
    if date is None:
        return "–"
    if isinstance(date, datetime.datetime):
        date = timezone.localtime(date).date()
    return _day(date, timezone.localdate().year)


@remembered
def _day(date: datetime.date, this_year: int) -> SafeString:
    pattern = "%-d %b" if date.year == this_year else "%-d %b %Y"
    return format_html('<time datetime="{}">{}</time>', date.isoformat(), date.strftime(pattern))


@register.simple_tag
@remembered
def meter(value: int, label: str, maximum: int = 100, tone: str = "accent") -> SafeString:
    """A thin bar for `value` of `maximum`, readable by screen readers through `label`."""
    width = max(0, min(100, round(100 * value / maximum))) if maximum else 0
    return format_html(
        '<svg class="meter meter-{}" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="meter-track" width="100" height="4"/><rect class="meter-fill" width="{}" height="4"/></svg>',
        tone, label, width,
    )  # fmt: skip


@register.filter
def get(mapping: dict, key: object) -> object:
    """`mapping[key]`, or nothing where it has none."""
    return mapping.get(key) if mapping else None


@register.filter
def may(user: object, permission: str) -> bool:
    """Whether the person has a permission that needs no object, e.g. `user|may:"leads.change_scoring"`."""
    return user.has_perm(permission)


@register.simple_tag
def allowed(user: object, permission: str, record: object) -> bool:
    """`{% allowed user "leads.accept_lead" lead as may_accept %}`: the predicate that the action asks."""
    return user.has_perm(permission, record)


@register.filter
def split_commas(text: str) -> list[str]:
    """The parts of a short fixed list in a template."""
    return text.split(",")
