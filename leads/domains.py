"""Internet domains as companies have them."""

import re

# Mail providers whose domain says nothing about a person's company.
MAIL_PROVIDERS = {
    "aol.com", "fastmail.com", "gmail.com", "gmx.de", "gmx.net", "googlemail.com", "hotmail.com", "icloud.com",
    "live.com", "mail.com", "mail.ru", "me.com", "msn.com", "outlook.com", "proton.me", "protonmail.com",
    "t-online.de", "web.de", "yahoo.com", "yandex.ru", "zoho.com",
}  # fmt: skip
_address = re.compile(r"^(?:[a-z][a-z0-9+.-]*://)?(?:[^/@]*@)?([^/:?#]+)", re.IGNORECASE)


def domain_of(text: str) -> str:
    """The bare domain in what a person typed: `https://www.Acme.example/about` is `acme.example`; "" for none."""
    found = _address.match(text.strip())
    domain = found.group(1).strip(". ").lower() if found else ""
    return domain.removeprefix("www.")[:253]


def company_domain_of_email(email: str) -> str:
    """The domain of an e-mail address, unless it is a mail provider's; "" for none."""
    domain = domain_of(email.rpartition("@")[2]) if "@" in email else ""
    return "" if domain in MAIL_PROVIDERS else domain
