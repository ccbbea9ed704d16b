"""The secret address under which a person's calendar reads the own meetings, without signing in."""

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.urls import reverse

from deals.models import CalendarFeed
from people.models import User

SALT = "deals.calendar"


def token_of(user: User) -> str:
    """The signed token of `user`; it changes with every renewal."""
    renewed = CalendarFeed.objects.filter(user=user).values_list("renewed", flat=True).first() or 0
    return signing.Signer(salt=SALT).sign_object([user.pk, renewed])


def owner_of(token: str) -> User | None:
    """Whose address it is: nobody's if it is forged or void, or if its owner may not sign in any more."""
    try:
        pk, renewed = signing.Signer(salt=SALT).unsign_object(token)
    except (signing.BadSignature, ValueError):
        return None
    user = User.objects.filter(pk=pk, is_active=True).select_related("calendar_feed").first()
    if user is None:
        return None
    feed = getattr(user, "calendar_feed", None)
    return user if renewed == (feed.renewed if feed else 0) else None


def for_account(request: HttpRequest) -> str:
    """The whole address, for the account page."""
    return f"{settings.SITE_URL}{reverse('deals:calendar_feed', args=[token_of(request.user)])}"
