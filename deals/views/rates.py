"""The exchange rates: the admin's page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from deals.actions.rates import add_rate, correct_rate
from deals.forms.rates import RateForm
from deals.models import ExchangeRate, Opportunity
from deals.models.rates import uncountable, with_value
from people.permissions import require
from presales.forms import done, form_response, posted, save_or_show

SHOWN = 500


@require_safe
def rates(request: HttpRequest) -> HttpResponse:
    """Every currency with its rates, the one valid today first, and the currencies that open deals miss."""
    require(request.user, "deals.change_rates")
    today = timezone.localdate()
    currencies: dict[str, list[ExchangeRate]] = {}
    for rate in ExchangeRate.objects.order_by("currency", "-valid_from")[:SHOWN]:
        currencies.setdefault(rate.currency, []).append(rate)
    for found in currencies.values():
        valid = next((rate for rate in found if rate.valid_from <= today), None)
        for rate in found:
            rate.is_valid, rate.is_ahead = rate is valid, rate.valid_from > today
    missing = uncountable(with_value(Opportunity.objects.visible_to(request.user).open(), today))
    context = {
        "currencies": list(currencies.items()),
        "missing": sorted(set(missing.order_by().values_list("currency", flat=True).distinct())),
    }
    return render(request, "deals/rates/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Record a rate."""
    require(request.user, "deals.change_rates")
    initial = {"valid_from": timezone.localdate(), "currency": request.GET.get("currency", "")[:3]}
    form = RateForm(posted(request), initial=initial)
    page = reverse("deals:rates")
    if request.method == "POST" and form.is_valid():
        add_rate(request.user, form.instance)
        return done(request, page, "Rate added. All figures count with it from now on.")
    return form_response(request, form, title="Add a rate", submit="Add", cancel_url=page)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct a rate."""
    require(request.user, "deals.change_rates")
    rate = get_object_or_404(ExchangeRate.objects.all(), pk=pk)
    form = RateForm(posted(request), instance=rate)
    return save_or_show(
        request, form, correct_rate, reverse("deals:rates"), title=f"Correct {rate}",
        message="Corrected. All figures count with it from now on.",
    )  # fmt: skip
