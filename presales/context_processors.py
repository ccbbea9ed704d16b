"""What every template may know of the site."""

from django.conf import settings
from django.http import HttpRequest

THEMES = ("auto", "light", "dark")


def site(request: HttpRequest) -> dict[str, object]:
    """`is_demo`, `company_currency` (ISO 4217), and `theme`: auto, light or dark, from the person's cookie."""
    theme = request.COOKIES.get("theme", "auto")
    return {
        "is_demo": settings.IS_DEMO,
        "company_currency": settings.COMPANY_CURRENCY,
        "theme": theme if theme in THEMES else "auto",
        "nav": request.resolver_match.view_name if request.resolver_match else "",
    }
