"""Forecast calls: what was said of each quarter, and saying it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from deals.actions.forecasts import call_forecast
from deals.forms.forecasts import CallForm
from deals.models import ForecastCall
from people.permissions import require
from presales.forms import done, form_response, posted
from presales.paging import Sort, paginate
from presales.quarters import label, quarter_start


@require_safe
def calls(request: HttpRequest) -> HttpResponse:
    """Every call that the user may know of, the newest first."""
    require(request.user, "deals.see_calls")
    found = ForecastCall.objects.visible_to(request.user).select_related("author", "team")
    page = paginate(found, Sort("called_at", descending=True), request.GET.get("cursor", ""))
    for call in page:
        call.quarter_label = label(call.quarter)
    return render(request, "deals/forecasts/list.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def call(request: HttpRequest) -> HttpResponse:
    """Say what a quarter will bring."""
    require(request.user, "deals.see_calls")
    form = CallForm(posted(request), by=request.user, initial={"quarter": str(quarter_start(timezone.localdate()))})
    page = reverse("deals:forecast_calls")
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        call_forecast(request.user, data["quarter"], data["amount"], team=data.get("team"), note=data["note"])
        return done(request, page, "Your call is in the record.")
    return form_response(
        request, form, title="Call a quarter", submit="Call it", cancel_url=page,
        intro="Calls are dated and stay as they are. Call again when you know better: the newest counts.",
    )  # fmt: skip
