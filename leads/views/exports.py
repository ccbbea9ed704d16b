"""The lists of leads and companies as CSV: what they show, through the same gate and with the same filters."""

from collections.abc import Iterator

from django.http import HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_safe

from leads.conversion.versions import LEARNER
from leads.custom_facts import exported
from leads.custom_filters import Filters
from leads.lists import LeadList
from leads.models import Company, LeadScore
from leads.search import with_words
from people.exports import export

HEADER = [
    "Name", "E-mail", "Phone", "Job title", "Company", "Industry", "Country", "Stage", "Score", "Grade",
    "Probability (%)", "Source", "Campaign", "Consent", "Owner", "Team", "Entered", "MQL since", "Answer due",
    "Accepted", "Look again on", "Returned because", "Disqualified because",
]  # fmt: skip
COMPANY_HEADER = [
    "Name", "Domain", "Industry", "Employees", "Annual revenue", "Country", "Region", "Technologies", "Parent company",
    "Entered",
]  # fmt: skip
CHUNK = 2000


@require_safe
def export_leads(request: HttpRequest) -> StreamingHttpResponse:
    """Every lead of the list asked for, newest first."""
    leads = LeadList.read(request.user, request.GET).leads

    custom, shown = exported("lead"), LEARNER.is_shown()

    def lines() -> Iterator[list[object]]:
        found = leads.select_related("company", "owner", "team", "score").defer("search", "notes")
        for lead in found.order_by("-created_at", "-pk").iterator(chunk_size=CHUNK):
            score, company = _score(lead), lead.company
            yield [
                lead.name, lead.email, lead.phone, lead.job_title,
                company and company.name, company and company.industry, company and company.country,
                lead.get_stage_display(), score and score.total, score and score.grade,
                round(100 * score.probability, 1) if shown and score and score.probability is not None else None,
                lead.get_source_display(), lead.campaign, lead.get_consent_display(),
                lead.owner.name if lead.owner else lead.owner_name, lead.team,
                lead.created_at, lead.mql_at, lead.response_due_at, lead.accepted_at, lead.nurture_until,
                lead.get_return_reason_display() if lead.return_reason else "",
                lead.get_disqualify_reason_display() if lead.disqualify_reason else "",
                *custom.cells(lead.custom),
            ]  # fmt: skip

    return export(request, "leads", [*HEADER, *custom.names], lines())


@require_safe
def export_companies(request: HttpRequest) -> StreamingHttpResponse:
    """Every company of the list asked for, by name."""
    custom = exported("company")
    q = request.GET.get("q", "").strip()[:100]
    found = Filters.read("company", request.GET).apply(Company.objects.visible_to(request.user))
    if q:
        found = with_words(found, q)

    def lines() -> Iterator[list[object]]:
        rows = found.select_related("parent").defer("search", "parent__search").order_by("name_key", "pk")
        seen = set(Company.objects.visible_to(request.user).filter(subsidiaries__in=found).values_list("pk", flat=True))
        for company in rows.iterator(chunk_size=CHUNK):
            yield [
                company.name, company.domain, company.industry, company.employees, company.annual_revenue,
                company.country, company.region, company.technologies,
                company.parent if company.parent_id in seen else "", company.created_at, *custom.cells(company.custom),
            ]  # fmt: skip

    return export(request, "companies", [*COMPANY_HEADER, *custom.names], lines())


def _score(lead: object) -> LeadScore | None:
    """The lead's score once the worker has computed one."""
    score = getattr(lead, "score", None)
    return score if score is not None and score.computed_rev else None
