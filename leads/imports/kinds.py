"""What a column of a file holds, found out cell by cell: the kind of field it would make."""

import re
from dataclasses import dataclass

from leads.imports import values
from leads.models.custom_fields import CHOICE_LENGTH, TEXT_LENGTH, FieldKind
from presales.text import key

FEW_CHOICES = 40
YES = {"yes", "y", "true", "t", "1", "ja", "oui", "si", "sí", "x", "on"}
NO = {"no", "n", "false", "f", "0", "nein", "non", "off"}
PLAIN = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d+)?", re.ASCII)
CODE = re.compile(r"\W*0\d|\+", re.ASCII)  # a leading zero or plus: the number of something, never how many
# Of letters in a number these alone: `EXT101` is no amount of the currency EXT.
LETTERS = re.compile(r"[A-Za-z]+")
CURRENCIES = {"USD", "EUR", "GBP", "CHF", "JPY", "INR", "CNY", "CAD", "AUD", "NZD", "BRL", "MXN", "SEK", "NOK", "DKK", "PLN",
              "CZK", "ZAR", "SGD", "HKD", "kr", "Rs"}  # fmt: skip


@dataclass
class Kinds:
    """Which kinds all cells seen so far allow."""

    cells: int = 0
    longest: int = 0
    number: bool = True
    date: bool = True

    def see(self, text: str) -> None:
        """Take a cell into account."""
        self.longest = max(self.longest, len(text))
        if self.number and not PLAIN.fullmatch(text):
            letters = LETTERS.findall(text)
            self.number = CURRENCIES.issuperset(letters) and not CODE.match(text) and values.is_number(text)
        if self.date:
            self.date = _is_day(text)

    def best(self, distinct: set[str] | None) -> str:
        """The kind of field for the column, by its cells and their distinct values; "" where it had better stay out."""
        if not self.cells or self.longest > TEXT_LENGTH:
            return ""
        words = {key(text) for text in distinct} if distinct else set()
        if words and len(words) <= 2 and words <= YES | NO and ((words & YES and words & NO) or not self.number):
            return FieldKind.YES_NO
        if self.number:
            return FieldKind.NUMBER
        if self.date:
            return FieldKind.DATE
        repeats = distinct is not None and len(distinct) <= FEW_CHOICES and self.cells >= 2 * len(distinct)
        return FieldKind.CHOICE if repeats and self.longest <= CHOICE_LENGTH else FieldKind.TEXT


def _is_day(text: str) -> bool:
    try:
        values.moment(text, "dmy")
    except values.BadValue:
        try:
            values.moment(text, "mdy")
        except values.BadValue:
            return False
    return True
