"""The quotas of a quarter: the managers' page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from deals.actions.quotas import add_quota, change_quota
from deals.forms.quotas import NewQuotaForm, QuotaForm
from deals.models import Quota
from people.permissions import require
from presales.errors import Conflict
from presales.forms import done, form_response, posted, save_or_show
from presales.quarters import around, label, parse

SHOWN = 500


@require_safe
def quotas(request: HttpRequest) -> HttpResponse:
    """The quotas of one quarter, teams first."""
    require(request.user, "deals.set_quotas")
    today = timezone.localdate()
    quarter = parse(request.GET.get("quarter", ""), today)
    found = Quota.objects.visible_to(request.user).filter(quarter=quarter).select_related("user", "team")
    context = {
        "quotas": found.order_by("team__name", "user__name", "pk")[:SHOWN],
        "quarter": str(quarter),
        "label": label(quarter),
        "quarters": around(today),
    }
    return render(request, "deals/quotas/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Set a quota."""
    require(request.user, "deals.set_quotas")
    quarter = parse(request.GET.get("quarter", ""), timezone.localdate())
    form = NewQuotaForm(posted(request), by=request.user, initial={"quarter": str(quarter)})
    page, status = reverse("deals:quotas"), None
    if request.method == "POST" and form.is_valid():
        try:
            quota = add_quota(request.user, form.quota())
            return done(request, f"{page}?quarter={quota.quarter}", "Quota set.")
        except Conflict as conflict:
            form.add_error("quarter", str(conflict))
            status = 409
    return form_response(request, form, title="Set a quota", submit="Set", cancel_url=page, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a quota's amount."""
    quota = get_object_or_404(Quota.objects.visible_to(request.user), pk=pk)
    require(request.user, "deals.set_quota", quota)
    form = QuotaForm(posted(request), instance=quota)
    page = f"{reverse('deals:quotas')}?quarter={quota.quarter}"
    return save_or_show(request, form, change_quota, page, title=f"Quota of {quota}")
