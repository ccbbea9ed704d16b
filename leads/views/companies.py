"""Companies: list, page, entering, editing and suggesting."""

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from leads.actions import companies as actions
from leads.custom_facts import facts
from leads.custom_filters import Filters
from leads.forms.companies import CompanyForm
from leads.models import Company, Lead
from leads.panels import company_panels, filled
from leads.search import with_words
from leads.timeline import company_history
from people.permissions import require
from presales.errors import StaleEdit
from presales.forms import done, form_response, posted
from presales.paging import Sort, capped_count, paginate

NAV = "leads:companies"
SORTS = {
    "name": Sort("name_key", label="Name"),
    "-age": Sort("created_at", descending=True, label="Newest first"),
    "-employees": Sort("employees", descending=True, label="Largest first"),
}
SUGGESTED = 8
LEADS_SHOWN = 50


def get_company(request: HttpRequest, pk: int) -> Company:
    """The company if this person sees it, else 404."""
    return get_object_or_404(Company.objects.visible_to(request.user).select_related("parent").defer("search"), pk=pk)


@require_safe
def companies(request: HttpRequest) -> HttpResponse:
    """The companies this person sees."""
    q = request.GET.get("q", "").strip()[:100]
    sort = request.GET.get("sort") if request.GET.get("sort") in SORTS else "name"
    custom = Filters.read("company", request.GET)
    found = custom.apply(Company.objects.visible_to(request.user))
    if q:
        found = with_words(found, q)
    page = paginate(found.defer("search"), SORTS[sort], request.GET.get("cursor", ""))
    counted = dict(
        Lead.objects.visible_to(request.user)
        .unmerged()
        .filter(company__in=[company.pk for company in page])
        .order_by()
        .values_list("company")
        .annotate(Count("pk"))
    )
    count, more = capped_count(found)
    context = {
        "nav": NAV, "page": page, "q": q, "sort": sort, "sorts": [(k, s.label) for k, s in SORTS.items()],
        "counted": counted, "count": count, "more": more, "custom": custom,
    }  # fmt: skip
    return render(request, "leads/companies/list.html", context)


@require_safe
def company(request: HttpRequest, pk: int) -> HttpResponse:
    """A company's page: what it is, its people, its deals and its family."""
    company = get_company(request, pk)
    seen = Company.objects.visible_to(request.user)
    leads = (
        Lead.objects.visible_to(request.user)
        .unmerged()
        .filter(company=company)
        .select_related("owner", "score")
        .defer("search", "notes")
        .order_by("-created_at", "-pk")
    )
    same = Q(name_key=company.name_key) | (Q(domain=company.domain) if company.domain else Q())
    context = {
        "nav": NAV,
        "company": company,
        "parent": seen.filter(pk=company.parent_id).first() if company.parent_id else None,
        "subsidiaries": seen.filter(parent=company).only("name").order_by("name", "pk")[:50],
        "same": seen.filter(same).exclude(pk=company.pk).only("name", "domain")[:5],
        "leads": list(leads[:LEADS_SHOWN]),
        "panels": filled(company_panels, request, company),
        "entries": company_history(company),
        "custom_of_company": facts(company=company.custom)["company"],
    }
    return render(request, "leads/companies/page.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Enter a company."""
    require(request.user, "leads.add_company")
    form = CompanyForm(posted(request), user=request.user)
    if request.method == "POST" and form.is_valid():
        made = actions.add_company(request.user, custom=form.given_custom(), **_values(form))
        return done(request, made.get_absolute_url(), f"{made.name} is added.")
    return form_response(
        request, form, title="Add a company", submit="Add company", cancel_url=reverse("leads:companies"),
        template="leads/companies/_form.html", context={"nav": NAV},
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Edit a company; whoever saves second sees both values."""
    company = get_company(request, pk)
    require(request.user, "leads.change_company", company)
    form = CompanyForm(posted(request), instance=company, user=request.user)
    status, name = None, company.name
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_company(
                request.user, Company(pk=company.pk), version=form.cleaned_data["version"],
                custom=form.given_custom(), **_values(form),
            )  # fmt: skip
        except StaleEdit:
            form.show_conflict()
            status = 409
        else:
            return done(request, company.get_absolute_url(), "Saved.")
    return form_response(
        request, form, title=f"Edit {name}", submit="Save", cancel_url=company.get_absolute_url(), status=status,
        template="leads/companies/_form.html", context={"nav": NAV},
    )  # fmt: skip


def _values(form: CompanyForm) -> dict[str, object]:
    return {name: form.cleaned_data[name] for name in actions.EDITABLE if name in form.cleaned_data}


@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    """Names of known companies that begin with what is typed, as options of a list."""
    typed = request.GET.get("company_name") or request.GET.get("parent_name") or ""
    typed = typed.strip()[:100]
    found = []
    if len(typed) > 1:
        seen = with_words(Company.objects.visible_to(request.user), typed)
        found = seen.only("name", "domain").order_by("name_key")[:SUGGESTED]
    return render(request, "leads/companies/_suggested.html", {"companies": found})
