"""What a mail says that somebody sent us: who, in answer to what, and which words are their own.

Mails are written by programs of all ages and by people who mean harm. So headers are cut to what we keep, unknown
encodings read as well as they can be, and what a machine sent by itself (an absence, a bounce, a list) is no answer.
"""

import email
import hashlib
import re
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import parseaddr
from html.parser import HTMLParser

from presales.text import FORBIDDEN, clean

REFERENCE = re.compile(r"<[^<>\s]{1,290}>")
REFERENCES = 50
TEXT = 20_000
PARTS = 200
# Where the mail that is answered begins.
QUOTED = re.compile(r"^(-{2,} ?Original Message|_{10,}$|On .{5,200}(wrote|said):$|From: .{3,200}$)", re.IGNORECASE)
BY_MACHINE = {"bulk", "list", "junk", "auto_reply"}
SILENT = {"script", "style", "head", "title"}
BREAKS = {"br", "p", "div", "li", "tr", "h1", "h2", "h3"}


@dataclass(frozen=True)
class Reply:
    """A mail of a person, as far as we keep it. `message` tells it from every other one."""

    sender: str
    references: list[str]
    message: str
    subject: str
    text: str


def read(content: bytes) -> Reply | None:
    """The mail in these bytes, of which the end may be missing; None where a machine sent it, or nobody at all."""
    mail = email.message_from_bytes(content)
    sender = parseaddr(_header(mail, "From"))[1][:254]
    if "@" not in sender or _is_of_machine(mail, sender):
        return None
    answered = REFERENCE.findall(f"{_header(mail, 'In-Reply-To')} {_header(mail, 'References')}")
    own = REFERENCE.search(_header(mail, "Message-ID"))
    return Reply(
        sender=sender,
        references=answered[:1] + answered[1:][-REFERENCES + 1 :],  # the last ones are the nearest
        message=own[0] if own else f"<{hashlib.sha256(content).hexdigest()}>",
        subject=" ".join(_header(mail, "Subject").split())[:300],
        text=_own_words(_text(mail))[:TEXT],
    )


def _header(mail: Message, name: str) -> str:
    """A header as people read it, whatever it is encoded in; cut to a length that any sensible one has."""
    raw = str(mail.get(name, ""))[:16_000]
    try:
        parts = [part if isinstance(part, str) else _decoded(part, charset) for part, charset in decode_header(raw)]
    except (MessageError, ValueError):
        parts = [raw]
    return _plain("".join(parts))


def _is_of_machine(mail: Message, sender: str) -> bool:
    submitted = _header(mail, "Auto-Submitted").partition(";")[0].strip().lower()
    return (
        (submitted not in ("", "no"))
        or _header(mail, "Precedence").strip().lower() in BY_MACHINE
        or any(name in mail for name in ("X-Autoreply", "X-Autorespond", "List-Id"))
        or mail.get_content_type() == "multipart/report"
        or sender.lower().startswith(("mailer-daemon@", "postmaster@"))
    )


def _text(mail: Message) -> str:
    """The first plain text that is not attached, else the first HTML without its tags."""
    html = ""
    for number, part in enumerate(mail.walk()):
        if number >= PARTS:
            break
        if part.is_multipart() or part.get_content_disposition() == "attachment":
            continue
        kind = part.get_content_type()
        if kind == "text/plain" and (text := _payload(part)).strip():
            return text
        if kind == "text/html" and not html:
            html = _payload(part)
    return _without_tags(html)


def _payload(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return _plain(_decoded(payload, part.get_content_charset())) if isinstance(payload, bytes) else ""


def _decoded(content: bytes, charset: str | None) -> str:
    for name in (charset, "utf-8"):
        try:
            return content.decode(name or "utf-8")
        except (LookupError, ValueError):  # no such charset, or not in it
            continue
    return content.decode("latin-1")


def _plain(text: str) -> str:
    return clean(FORBIDDEN.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n")))


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.silent += tag in SILENT
        if tag in BREAKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.silent = max(0, self.silent - (tag in SILENT))

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.words.append(data)


def _without_tags(html: str) -> str:
    words = _Words()
    words.feed(html[: 10 * TEXT])
    return "".join(words.words)


def _own_words(text: str) -> str:
    """What stands before the mail that is answered, without the lines that are quoted."""
    kept: list[str] = []
    for line in text[: 10 * TEXT].splitlines():
        if QUOTED.match(line.strip()):
            break
        if not line.lstrip().startswith(">"):
            kept.append(line.rstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
