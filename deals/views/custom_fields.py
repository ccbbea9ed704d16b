"""The page of a deal's custom fields, lane by lane."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from deals.actions import custom_fields as actions
from deals.forms.custom_fields import LaneFieldsForm
from deals.models import Opportunity
from deals.views.technical_wins import visible_deal
from leads.custom_values import in_words
from leads.models import CustomField, FieldLane, RecordKind
from people.permissions import require
from presales.forms import posted, save_or_show


@require_safe
def fields(request: HttpRequest, pk: int) -> HttpResponse:
    """What is known of the deal beyond the fields that every deal has."""
    found = visible_deal(request, pk, "owner", "se")
    known = list(CustomField.objects.of(RecordKind.OPPORTUNITY).active())
    lanes = [
        (lane, label.split(":")[0], [
            (field, in_words(field.kind, found.custom.get(field.key))) for field in known if field.lane == lane
        ])
        for lane, label in FieldLane.choices
    ]  # fmt: skip
    context = {
        "opportunity": found,
        "lanes": [
            (lane, label, rows, request.user.has_perm(f"deals.work_{lane}", found)) for lane, label, rows in lanes
        ],
        "any": bool(known),
    }
    return render(request, "deals/custom_fields/fields.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int, lane: str) -> HttpResponse:
    """Fill in the fields of one lane; whoever saves second sees both values."""
    found = visible_deal(request, pk)
    require(request.user, f"deals.work_{lane}", found)
    form = LaneFieldsForm(posted(request), instance=found, lane=lane)
    page = reverse("deals:fields", args=[pk])
    return save_or_show(
        request, form,
        lambda user, deal, version: actions.edit_deal_fields(
            user, Opportunity(pk=pk), lane=lane, version=version, custom=form.given_custom()
        ),
        page, title=f"{lane.capitalize()} fields",
    )  # fmt: skip
