"""The weekly mail of one person: subject, text and page, from the same objects that home and deal review show."""

import datetime
from dataclasses import dataclass

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from deals.coaching import flags_of
from deals.risk import Risk
from insights.digest.links import absolute, off_address
from insights.filters import Quarterly, Reviewed
from insights.queries.review import Walk, walk
from insights.week import Compared, Told, told
from people.models import Role, User
from presales.templatetags.presales import money_short
from presales.text import squeeze

READERS = (Role.MANAGER, Role.ADMIN, Role.AE, Role.SE)
"""Who gets it; AEs and SEs a short one about their own deals."""
LONG, SHORT = (8, 5), (4, 3)
"""How many deals that changed, and how many to ask about."""


@dataclass(frozen=True)
class Asked:
    """One deal to ask about."""

    name: str
    url: str
    amount: str
    why: list[Risk]


@dataclass(frozen=True)
class Mail:
    """The mail as it is written, and what it is made of."""

    user: User
    week: Told
    walk: Walk
    asked: list[Asked]
    is_own: bool

    @property
    def subject(self) -> str:
        """The figure that most ask first, and what it changed by."""
        opened = self.week.figures[0]
        whose = "your deals" if self.is_own else "your teams"
        return squeeze(f"The week of {whose}: {money_short(opened.now)} open, {opened.told}")[:200]

    @property
    def figures(self) -> list[tuple[Compared, str]]:
        """Each figure with the whole address of its rows."""
        return [(figure, absolute(figure.url)) for figure in self.week.figures]

    @property
    def deals(self) -> list[tuple[object, str]]:
        """Each deal that changed with its whole address."""
        return [(deal, absolute(deal.url)) for deal in self.week.deals]

    def context(self) -> dict[str, object]:
        """What the templates show; the same for text, mail and preview."""
        return {
            "mail": self,
            "since": self.week.week.since,
            "until": self.week.week.until,
            "week_url": absolute(self.week.url),
            "review_url": absolute(reverse("insights:review")),
            "account_url": absolute(reverse("people:account")),
        }

    def text(self) -> str:
        """For programs that show no pages."""
        context = {**self.context(), "off_url": off_address(self.user)}
        lines = render_to_string("insights/digest/mail.txt", context).splitlines()
        # Tags of the template leave lines behind; no more than one stays empty.
        kept = [line.rstrip() for line in lines]
        return "\n".join(line for place, line in enumerate(kept) if line or (place and kept[place - 1])).strip() + "\n"

    def html(self) -> str:
        """The page, whole in itself: nothing in it is fetched."""
        return render_to_string("insights/digest/mail.html", {**self.context(), "off_url": off_address(self.user)})


def write(user: User, last_day: datetime.date | None) -> Mail:
    """The mail about the seven days up to the end of `last_day`, by the clock that is set; None: up to now.

    A fixed number of queries. What to ask about is always as it is now.
    """
    is_own = user.role in (Role.AE, Role.SE)
    most_deals, most_asked = SHORT if is_own else LONG
    data = {"as_of": str(last_day)} if last_day else {}
    if is_own:
        data["person"] = str(user.pk)
    filters = Quarterly(user, data)
    if is_own:
        filters.person = user
    found = walk(Reviewed(user))
    asked = [
        Asked(
            stop.name, absolute(f"{reverse('insights:review')}?deal={stop.pk}"), money_short(stop.value),
            flags_of(stop),
        )
        for stop in found.to_do[:most_asked]
    ]  # fmt: skip
    return Mail(user, told(filters, most_deals), found, asked, is_own)


def next_monday(today: datetime.date | None = None) -> datetime.date:
    """The Monday on which the next mail comes; today's has come already."""
    today = today or timezone.localdate()
    return today + datetime.timedelta(days=7 - today.weekday())
