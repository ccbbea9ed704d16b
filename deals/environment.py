"""What is known of a company's technical environment, section by section, and what to ask next."""

import datetime
from dataclasses import dataclass

from django.utils import timezone

from deals.models import EnvironmentAnswer, EnvironmentQuestion, EnvironmentTopic
from leads.models import Company
from people.models import User

NEXT = 5


@dataclass(frozen=True)
class Line:
    """One question with the company's answer, if there is one."""

    question: EnvironmentQuestion
    answer: EnvironmentAnswer | None
    is_old: bool


@dataclass(frozen=True)
class Section:
    """The questions of one topic."""

    topic: EnvironmentTopic
    lines: list[Line]

    @property
    def answered(self) -> int:
        """How many have an answer."""
        return sum(line.answer is not None for line in self.lines)

    @property
    def percent(self) -> int:
        """How many of a hundred have an answer, rounded down: 100 means all."""
        return self.answered * 100 // len(self.lines)


@dataclass(frozen=True)
class Environment:
    """All sections that have something to ask or to tell."""

    sections: list[Section]

    @property
    def answered(self) -> int:
        """How many questions have an answer."""
        return sum(section.answered for section in self.sections)

    @property
    def total(self) -> int:
        """How many questions there are."""
        return sum(len(section.lines) for section in self.sections)

    @property
    def next(self) -> list[Line]:
        """What to ask next: the first questions without an answer, then the oldest answers that have aged."""
        lines = [line for section in self.sections for line in section.lines if line.question.is_asked]
        unanswered = [line for line in lines if line.answer is None]
        old = sorted((line for line in lines if line.is_old), key=lambda line: line.answer.said_on)
        return [*unanswered, *old][:NEXT]


def environment_of(company: Company, user: User, today: datetime.date | None = None) -> Environment:
    """The environment of `company` as `user` may read it; two queries.

    A question that is asked no more is shown where it was answered.
    """
    today = today or timezone.localdate()
    answers = EnvironmentAnswer.objects.visible_to(user).filter(company=company).select_related("recorded_by")
    known = {answer.question_id: answer for answer in answers}
    sections: dict[int, Section] = {}
    for question in EnvironmentQuestion.objects.visible_to(user).select_related("topic"):
        answer = known.get(question.pk)
        if answer is None and not question.is_asked:
            continue
        section = sections.setdefault(question.topic_id, Section(question.topic, []))
        section.lines.append(Line(question, answer, answer is not None and answer.is_old(today)))
    return Environment(list(sections.values()))
