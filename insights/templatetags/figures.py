"""How figures read in tables, where the heading names the currency."""

from decimal import Decimal

from django import template

register = template.Library()


@register.filter
def figure_money(amount: Decimal | None) -> str:
    """`1,234,567`, with cents only where there are some; "–" for none."""
    if amount is None:
        return "–"
    return f"{amount:,.0f}" if amount == amount.to_integral_value() else f"{amount:,.2f}"


@register.filter
def signed_money(amount: Decimal) -> str:
    """`+1,234`, `−1,234.50`; "–" for no difference."""
    return f"{'+' if amount > 0 else '−'}{figure_money(abs(amount))}" if amount else "–"
