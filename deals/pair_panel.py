"""What the deal's page says of the charter: what it holds back, what the SE was asked for, and the exceptions made."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import BigIntegerField, QuerySet

from deals.charter import Known, charter_in_force, default_charter, shortfalls
from deals.models import CharterException, HelpRequest, Opportunity, Stakeholder
from presales.errors import Missing
from presales.prepared import Given, prepared
from qualification.policy import thresholds_of

READ = [
    "opportunity", "kind", "note", "requested_at", "state", "requested_by__name", "requested_by__email",
    "exception__kind", "exception__at", "exception__reason", "exception__missing", "exception__by__name",
    "exception__by__email",
]  # fmt: skip


@dataclass
class Held:
    """A request that the charter holds back, with what is missing as of now."""

    request: HelpRequest
    missing: list[Missing]


@dataclass
class PairPanel:
    """The charter's side of one deal."""

    charter: dict[str, int] | None = None
    held: list[Held] = field(default_factory=list)
    with_se: list[HelpRequest] = field(default_factory=list)
    exceptions: list[CharterException] = field(default_factory=list)


@prepared
def _requests() -> QuerySet:
    of_deal = HelpRequest.objects.filter(opportunity=Given("deal", BigIntegerField()))
    return of_deal.select_related("requested_by", "exception__by").only(*READ)


def pair_panel(opportunity: Opportunity, known: Iterable[Known], people: Iterable[Stakeholder]) -> PairPanel:
    """The panel of a deal (as `with_charter` reads it) whose evidence and committee are read already.

    One query, and one more for the charter where a request is held back.
    """
    panel = PairPanel(opportunity.charter)
    requests = _requests().rows(deal=opportunity.pk)
    panel.exceptions = [request.exception for request in requests if hasattr(request, "exception")]
    if not opportunity.is_open:
        return panel
    panel.with_se = [request for request in requests if request.is_with_se]
    held = [request for request in requests if request.is_held]
    if held:
        in_force = charter_in_force(opportunity) if panel.charter else None
        charter = in_force or default_charter(thresholds_of(opportunity.dossier))
        missing = shortfalls(charter, opportunity, known, people)
        panel.held = [Held(request, missing) for request in held]
    return panel
