"""A mailbox as a setting names it: `imaps://user:password@mail.example.com:993/Replies`."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

PORTS = {"imaps": 993, "imap+starttls": 143, "imap": 143}


@dataclass(frozen=True)
class Mailbox:
    """Where mails arrive, and how to get in."""

    scheme: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"


def mailbox_of(url: str, *, encrypted: bool) -> Mailbox | None:
    """The mailbox of this address; None without one. `encrypted`: refuse to send the password in the clear.

    Raises:
        ImproperlyConfigured: it is not the address of a mailbox; which is not repeated, since it holds a password.
    """
    if not url:
        return None
    wanted = "REPLY_MAILBOX_URL must read imaps://user:password@host:993/Folder, with % codes for special characters."
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ImproperlyConfigured(wanted) from None
    if parts.scheme not in PORTS or not (parts.hostname and parts.username and parts.password):
        raise ImproperlyConfigured(wanted)
    if encrypted and parts.scheme == "imap":
        raise ImproperlyConfigured("REPLY_MAILBOX_URL must be imaps:// or imap+starttls:// in production.")
    user, password, folder = (unquote(one) for one in (parts.username, parts.password, parts.path.strip("/")))
    if any(ord(letter) < 32 for letter in user + password + folder):
        raise ImproperlyConfigured(wanted)
    return Mailbox(parts.scheme, parts.hostname, port or PORTS[parts.scheme], user, password, folder or "INBOX")
