"""What every template may know of the site."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    """`is_demo`: whether this is a demo installation; `company_currency`: its ISO 4217 code."""
    return {"is_demo": settings.IS_DEMO, "company_currency": settings.COMPANY_CURRENCY}
