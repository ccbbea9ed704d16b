"""How far RFPs are, and the questions of one as a list."""

from dataclasses import dataclass

from django.db.models import Count, QuerySet
from django.http import QueryDict
from django.urls import reverse

from deals.models import QuestionState, Rfp, RfpQuestion
from leads.search import with_words
from people.models import User
from presales.paging import Page, Sort, paginate

PAGE_SIZE = 100
BY_LINE = Sort("line")
ROW = (
    "pk", "line", "number", "section", "text", "state", "owner_id", "owner__name", "fit", "answer", "is_reusable",
    "reuse_count",
)  # fmt: skip
STATES = QuestionState.values


@dataclass(frozen=True)
class Progress:
    """How many questions there are in each state."""

    counts: dict[str, int]

    @property
    def total(self) -> int:
        """All questions."""
        return sum(self.counts.values())

    @property
    def answered(self) -> int:
        """Those with an answer, be it a draft."""
        return self.total - self.counts.get(QuestionState.OPEN, 0)

    @property
    def finished(self) -> int:
        """Those whose answer is done."""
        return self.counts.get(QuestionState.DONE, 0)


def with_progress(rfps: QuerySet) -> list[Rfp]:
    """The RFPs, each with its `progress`; two queries."""
    found = list(rfps)
    counts: dict[int, dict[str, int]] = {}
    rows = RfpQuestion.objects.filter(rfp__in=found).order_by().values_list("rfp", "state").annotate(count=Count("pk"))
    for pk, state, count in rows:
        counts.setdefault(pk, {})[state] = count
    for rfp in found:
        rfp.progress = Progress(counts.get(rfp.pk, {}))
    return found


class QuestionList:
    """The questions of an RFP as somebody filters them; what makes no sense in the address is left out."""

    def __init__(self, rfp: Rfp, user: User, query: QueryDict) -> None:
        self.questions = RfpQuestion.objects.visible_to(user).filter(rfp=rfp)
        [counted] = with_progress([rfp])
        self.progress: Progress = counted.progress
        self.total = self.progress.total
        self.sections = list(
            self.questions.exclude(section="").order_by("section").values_list("section", flat=True).distinct()
        )
        self.user = user
        self.state = query.get("state", "") if query.get("state") in STATES else ""
        self.section = query.get("section", "") if query.get("section") in self.sections else ""
        self.mine = query.get("mine") == "1"
        self.q = query.get("q", "")[:100]
        self.cursor = query.get("cursor", "")

    @property
    def next_open(self) -> str:
        """Where the first open question is answered, of the own ones if those are shown; "" where none is left."""
        left = self.questions.filter(state=QuestionState.OPEN)
        if self.mine:
            left = left.filter(owner=self.user)
        pk = left.order_by("line").values_list("pk", flat=True).first()
        return reverse("deals:rfp_question", args=[pk]) + ("?mine=1" if self.mine else "") if pk else ""

    @property
    def is_filtered(self) -> bool:
        """Some questions are left out."""
        return bool(self.state or self.section or self.mine or self.q)

    def page(self) -> Page:
        """The page at the cursor, in the order of the file."""
        found = self.questions
        if self.state:
            found = found.filter(state=self.state)
        if self.section:
            found = found.filter(section=self.section)
        if self.mine:
            found = found.filter(owner=self.user)
        found = with_words(found, self.q)
        return paginate(found.values_list(*ROW, named=True), BY_LINE, self.cursor, PAGE_SIZE)
