"""Tags and filters that every template has (settings.TEMPLATES builtins)."""

import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

from django import template
from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@cache
def _svg(name: str) -> str:
    """The inside of a Tabler outline icon."""
    path = Path(settings.NODE_MODULES) / "@tabler/icons/icons/outline" / f"{name}.svg"
    text = path.read_text()
    return text[text.index(">", text.index("<svg")) + 1 : text.rindex("</svg>")]


@register.simple_tag
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
    # lanes
    "commercial": "accent", "technical": "info",
}  # fmt: skip


@register.simple_tag
def pill(value: object, label: str, tone: str = "") -> SafeString:
    """A small label; `value` decides the tone (TONES) unless `tone` is given."""
    return format_html('<span class="pill pill-{}">{}</span>', tone or TONES.get(str(value), "quiet"), label)


@register.simple_tag
def avatar(person: object, size: str = "sm") -> SafeString:
    """A person's initials in a circle; the name is beside it or in its title."""
    if person is None:
        return format_html('<span class="avatar-dot avatar-{} avatar-none" aria-hidden="true">–</span>', size)
    return format_html(
        '<span class="avatar-dot avatar-{} avatar-hue-{}" title="{}" aria-hidden="true">{}</span>',
        size, person.pk % 6, person.name, person.initials,
    )  # fmt: skip


@register.filter
def money(amount: Decimal | None, currency: str = "") -> str:
    """`1,234,567.00 USD`; whole amounts without cents; "–" for none."""
    if amount is None:
        return "–"
    amount = Decimal(amount).quantize(Decimal("0.01"))
    text = f"{amount:,.0f}" if amount == amount.to_integral_value() else f"{amount:,.2f}"
    return f"{text} {currency or settings.COMPANY_CURRENCY}"


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
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', local.isoformat(), local.strftime("%-d %b %Y, %H:%M %Z"), words
    )


@register.filter
def day(date: datetime.date | datetime.datetime | None) -> SafeString | str:
    """`4 Mar 2026`, without the year in the current one; "–" for none."""
    if date is None:
        return "–"
    if isinstance(date, datetime.datetime):
        date = timezone.localtime(date).date()
    pattern = "%-d %b" if date.year == timezone.localdate().year else "%-d %b %Y"
    return format_html('<time datetime="{}">{}</time>', date.isoformat(), date.strftime(pattern))


@register.simple_tag
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
