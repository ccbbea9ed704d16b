"""What changed between two versions of a proposal: sentence by sentence, and line by line of the price."""

import difflib
import re
from dataclasses import dataclass, field

from deals.custom_work import in_words
from deals.models import Proposal, ProposalLine, SectionKind
from deals.models.proposals import Totals
from presales.text import key

SENTENCE = re.compile(r"(?<=[.!?:;])[ \t]+|\r?\n")


@dataclass
class TextChange:
    """One text of both versions as pieces: `same`, `gone` or `new`, each with its words."""

    title: str
    pieces: list[tuple[str, str]]

    @property
    def is_changed(self) -> bool:
        """Whether anything of it differs."""
        return any(kind != "same" for kind, _ in self.pieces)


@dataclass
class LineChange:
    """One line of the price as it was and as it is; None where it was not there."""

    before: ProposalLine | None
    after: ProposalLine | None
    fields: set[str] = field(default_factory=set)

    @property
    def now(self) -> ProposalLine:
        """The line as it is, or was at last."""
        return self.after or self.before


@dataclass
class Difference:
    """Everything that a reader of two versions looks for."""

    before: Proposal
    after: Proposal
    texts: list[TextChange]
    lines: list[LineChange]
    totals_before: Totals
    totals_after: Totals
    facts: list[tuple[str, object, object]]

    @property
    def is_empty(self) -> bool:
        """Both say the same."""
        changed_lines = any(line.fields or not (line.before and line.after) for line in self.lines)
        return not (changed_lines or self.facts or any(text.is_changed for text in self.texts))


def compare(before: Proposal, after: Proposal) -> Difference:
    """The difference from `before` to `after`; both with sections and lines read along."""
    old = {section.kind: section.text for section in before.sections.all()}
    new = {section.kind: section.text for section in after.sections.all()}
    texts = [
        TextChange(label, compare_texts(old.get(kind, ""), new.get(kind, ""))) for kind, label in SectionKind.choices
    ]
    texts.append(
        TextChange("Statement of work", compare_texts(in_words(before.work.all()), in_words(after.work.all())))
    )
    facts = [
        (Proposal._meta.get_field(name).verbose_name, getattr(before, name), getattr(after, name))
        for name in ("title", "customer", "currency", "term_months", "valid_until")
        if getattr(before, name) != getattr(after, name)
    ]
    return Difference(
        before, after, texts, compare_lines(list(before.lines.all()), list(after.lines.all())),
        before.totals(), after.totals(), facts,
    )  # fmt: skip


def compare_texts(before: str, after: str) -> list[tuple[str, str]]:
    """Pieces of both texts in reading order. Sentences are compared whole: half of one is hard to read."""
    old, new = sentences(before), sentences(after)
    pieces: list[tuple[str, str]] = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(("same", " ".join(old[i1:i2])))
            continue
        if i2 > i1:
            pieces.append(("gone", " ".join(old[i1:i2])))
        if j2 > j1:
            pieces.append(("new", " ".join(new[j1:j2])))
    return pieces


def sentences(text: str) -> list[str]:
    """The sentences of a text, without the white space between them."""
    return [part.strip() for part in SENTENCE.split(text) if part.strip()]


def compare_lines(before: list[ProposalLine], after: list[ProposalLine]) -> list[LineChange]:
    """Lines of the same words belong together, in order; the others have come or gone."""
    waiting: dict[str, list[ProposalLine]] = {}
    for line in before:
        waiting.setdefault(key(line.description), []).append(line)
    changes = []
    for line in after:
        same = waiting.get(key(line.description))
        old = same.pop(0) if same else None
        names = ("quantity", "unit_price", "discount", "recurrence")
        differing = {name for name in names if old and getattr(old, name) != getattr(line, name)}
        changes.append(LineChange(old, line, differing))
    gone = {left.pk for lines in waiting.values() for left in lines}
    changes += [LineChange(line, None) for line in before if line.pk in gone]
    return changes
