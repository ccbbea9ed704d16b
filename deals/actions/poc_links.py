"""Links under which a customer reads the plan of a POC: made, revoked and followed. The technical lane makes them."""

import datetime
import hashlib
import secrets

from django.db.models import Q
from django.utils import timezone

from deals.actions.pocs import hold_poc
from deals.models import Poc, PocLink
from deals.models.poc_links import MOST_LINKS
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.errors import Conflict

TOKEN_LENGTH = len(secrets.token_urlsafe(32))
ONCE_A_MINUTE = datetime.timedelta(minutes=1)


@action
def share_poc(actor: User, poc: Poc, label: str, days: int, *, shows_names: bool = False) -> tuple[PocLink, str]:
    """Make a link for `label` that shows the plan for so many days. The token is given back this once.

    Raises:
        NotAllowed: outside the technical lane.
        Conflict: as many links are valid as a POC may have.
    """
    require(actor, "deals.work_technical", poc.opportunity)
    poc = hold_poc(poc)
    if poc.links.valid().count() >= MOST_LINKS:
        raise Conflict(f"Up to {MOST_LINKS} links are valid at a time. Revoke one first.")
    token, now = secrets.token_urlsafe(32), timezone.now()
    link = PocLink.objects.create(
        poc=poc, label=label, token_hash=hash_token(token), prefix=token[:6], shows_names=shows_names,
        created_by=actor, created_at=now, expires_at=now + datetime.timedelta(days=days),
    )  # fmt: skip
    return link, token


@action
def revoke_link(actor: User, link: PocLink) -> PocLink:
    """From this moment on the link shows nothing. Repeating it is a success.

    Raises:
        NotAllowed: outside the technical lane.
    """
    require(actor, "deals.work_technical", link.poc.opportunity)
    hold_poc(link.poc)
    PocLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=timezone.now())
    link.refresh_from_db()
    return link


def link_of(token: str) -> PocLink | None:
    """The link that `token` opens; None where it is wrong, revoked or expired."""
    if len(token) != TOKEN_LENGTH:
        return None
    valid = PocLink.objects.valid().filter(token_hash=hash_token(token))
    return valid.select_related("poc__opportunity__company", "poc__owner").first()


def opened(link: PocLink) -> None:
    """Remember that the plan was read, to the minute."""
    now = timezone.now()
    seldom = Q(last_opened_at=None) | Q(last_opened_at__lt=now - ONCE_A_MINUTE)
    PocLink.objects.filter(seldom, pk=link.pk).update(last_opened_at=now)


def hash_token(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
