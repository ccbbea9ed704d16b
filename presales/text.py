"""Text as people send it: cleaned once at the door, stored as given otherwise."""

import re
import unicodedata

# C0 and C1 controls except tab, line feed and carriage return; lone surrogates; noncharacters.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
BIDI_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")


class BadText(ValueError):
    """The text holds characters that no form field and no database column takes."""


def clean(text: str) -> str:
    """`text` in NFC without bidirectional overrides.

    Raises:
        BadText: for control characters, NUL and lone surrogates.
    """
    if text.isascii() and text.isprintable():
        return text
    if FORBIDDEN.search(text):
        raise BadText
    return unicodedata.normalize("NFC", BIDI_OVERRIDES.sub("", text))


def squeeze(text: str) -> str:
    """`text` with white space at both ends removed and runs of it inside made one space."""
    return " ".join(text.split())


def key(text: str) -> str:
    """The form in which two spellings of one name are the same: NFC, case-folded, squeezed."""
    return squeeze(unicodedata.normalize("NFC", text)).casefold()


def initials(name: str) -> str:
    """The first letters of the first and the last word of `name`, for an avatar."""
    words = name.split() or ["?"]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()
