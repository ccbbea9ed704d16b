"""The address that ends the weekly mail: signed for nothing else, naming nobody, and not for ever."""

import datetime

from django.conf import settings
from django.core import signing
from django.urls import reverse

from people.models import User

SALT = "insights.digest.off"
VALID = datetime.timedelta(days=180)


def token(user: User) -> str:
    """What stands for the person in the address."""
    return signing.TimestampSigner(salt=SALT).sign(str(user.pk))


def user_of(text: str) -> User | None:
    """Whom a token stands for; None for anything that we did not sign, or too long ago."""
    try:
        pk = signing.TimestampSigner(salt=SALT).unsign(text[:200], max_age=VALID)
    except signing.BadSignature:
        return None
    return User.objects.filter(pk=int(pk)).first() if pk.isascii() and pk.isdigit() and len(pk) < 19 else None


def off_address(user: User) -> str:
    """The whole address, as it stands in the mail."""
    return absolute(reverse("insights:digest_off", args=[token(user)]))


def absolute(path: str) -> str:
    """An address of ours as it stands in a mail."""
    return settings.SITE_URL + path
