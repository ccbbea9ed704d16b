"""What people, scanners and broken programs send: values, bodies, and the forms of a page to send them to."""

import base64
import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlencode, urlsplit

# Percent-encoded by `body`; bytes stand as they are, also where they are no UTF-8.
VALUES = {
    "empty": "",
    "spaces": "   \t ",
    "huge number": "1e400",
    "huge integer": "9" * 400,
    "beyond bigint": str(2**63),
    "beyond int": str(2**31),
    "negative": "-1",
    "not a number": "NaN",
    "infinity": "-Infinity",
    "other digits": "٣٤",
    "nul": "a\x00b",
    "escape": "\x1b[31m",
    "lone surrogate": b"\xed\xa0\x80",
    "no UTF-8": b"\xff\xfe\xc3\x28",
    "long": "x" * 100_000,
    "long of wide": "🦄" * 20_000,
    "year 1": "0001-01-01",
    "year 9999": "9999-12-31",
    "year 9999 with time": "9999-12-31T23:59:59",
    "no such day": "2026-02-31",
    "year of five digits": "12026-01-01",
    "unknown id": "987654321",
    "sql": "' OR 1=1; --",
    "like": "%_\\%",
    "script": "<script>alert(1)</script>",
    "template": "{{ request.user.password }}{% debug %}",
    "right to left": "\u200f\u202eabc\u2066",
    "path": "../../etc/passwd",
    "list": "[1, {}]",
    "commas": "1,2,,x," * 50,
    "scheme": "javascript:alert(1)",
    "other host": "https://example.com\\@evil.example/[",
    "two lines": "a\r\nSet-Cookie: b=c",
    "tsquery": "a & | !b <-> (:*",
}


def cursor(*position):
    """A page cursor that says `position`, signed by nobody."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


CURSORS = [
    cursor("n", float("inf"), 5), cursor("n", float("nan"), 5), cursor("p", 10**200, 5), cursor("n", -(10**30), 1),
    cursor("n", "9999-99-99", 1), cursor("n", "0001-01-01T00:00:00+23:59", 1),
    cursor("p", "9999-12-31T23:59:59-23:00", 2),
    cursor("n", "a\x00b", 1), cursor("n", "\ud800", 1), cursor("p", None, 2**63 - 1), cursor("n", None, 2**63),
    cursor("n", "x", True), cursor("n", True, 1), cursor("n", 1.5, 1), cursor("n", "", 1), cursor("n", "Infinity", 1),
    cursor("n", "1e400", 1), cursor("n", "1e999999", 1), cursor("n", [], 1), cursor("n", {}, 1), cursor("x", 1, 1),
    cursor(), cursor("n"), "[", "é", "=====", "A" * 999, cursor("n", "12:00", 5), cursor("n", 10**18, 5),
]  # fmt: skip


def body(pairs):
    """`pairs` url-encoded; bytes are encoded as they are."""
    return urlencode(pairs).encode("ascii")


def multipart(pairs, boundary="hostile"):
    """`pairs` as multipart/form-data; a value that is a tuple is `(filename, content)`."""
    parts = []
    for name, value in pairs:
        head = f'Content-Disposition: form-data; name="{name}"'
        if isinstance(value, tuple):
            head += f'; filename="{value[0]}"\r\nContent-Type: text/csv'
            value = value[1]
        value = value if isinstance(value, bytes) else value.encode()
        parts.append(f"--{boundary}\r\n{head}\r\n\r\n".encode() + value + b"\r\n")
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


@dataclass
class Form:
    """A form of a page: where it goes, and its fields with the values that stand in them."""

    action: str
    method: str = "get"
    fields: list[tuple[str, str, str]] = field(default_factory=list)  # name, kind, value

    @property
    def names(self):
        return list(dict.fromkeys(name for name, _, _ in self.fields))

    @property
    def files(self):
        return [name for name, kind, _ in self.fields if kind == "file"]

    def filled(self):
        """What a browser would send if a person filled in what is empty."""
        pairs = []
        for name, kind, value in self.fields:
            if kind == "file":
                continue
            made_up = {"date": "2026-05-05", "email": "lee@example.com", "number": "1", "url": "https://example.com"}
            pairs.append((name, value or made_up.get(kind, "Words")))
        return pairs


class Page(HTMLParser):
    """The forms of a page, and the parameters that its links carry."""

    def __init__(self, html, url):
        super().__init__(convert_charrefs=True)
        self.url = url
        self.forms = []
        self.by_id = {}
        self.parameters = set()
        self._open = None
        self._select = None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        attributes = {name: value or "" for name, value in attributes}
        for link in ("href", "hx-get", "src"):
            address = urlsplit(attributes.get(link, ""))
            if not address.netloc and address.path in ("", self.url):
                self.parameters.update(name for name, _ in parse_qsl(address.query, keep_blank_values=True))
        if tag == "form":
            self._open = Form(attributes.get("action") or self.url, attributes.get("method", "get").lower())
            self.forms.append(self._open)
            if "id" in attributes:
                self.by_id[attributes["id"]] = self._open
        if attributes.get("hx-post"):
            self.forms.append(Form(attributes["hx-post"], "post"))
        form = self.by_id.get(attributes.get("form"), self._open)
        name = attributes.get("name")
        if tag == "option" and self._select:
            form, name = self._select
            value = attributes.get("value", "")
            known = [entry for entry in form.fields if entry[0] == name]
            if value and (not known[-1][2] or "selected" in attributes):
                form.fields[form.fields.index(known[-1])] = (name, "select", value)
        elif tag in ("input", "select", "textarea", "button") and name and form is not None:
            kind = attributes.get("type", "text") if tag == "input" else tag
            form.fields.append((name, kind, attributes.get("value", "")))
            if tag == "select":
                self._select = (form, name)

    def handle_endtag(self, tag):
        if tag == "form":
            self._open = None
        if tag == "select":
            self._select = None
