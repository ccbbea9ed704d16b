"""Adding, changing and removing people of the buying committee."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods

from deals.actions import stakeholders as actions
from deals.forms.stakeholders import RemoveStakeholderForm, StakeholderForm
from deals.models import Opportunity, Stakeholder, StakeholderRole
from people.permissions import require
from presales.forms import done, form_response, posted, save_or_show


def _page_of(opportunity: Opportunity) -> str:
    return f"{opportunity.get_absolute_url()}#committee"


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """Put somebody on the committee; `?role=` chooses the role beforehand."""
    opportunity = get_object_or_404(Opportunity.objects.visible_to(request.user), pk=pk)
    require(request.user, "deals.work_stakeholders", opportunity)
    role = request.GET.get("role")
    initial = {"role": role if role in StakeholderRole.values else StakeholderRole.USER}
    form = StakeholderForm(posted(request), user=request.user, initial=initial)
    if request.method == "POST" and form.is_valid():
        added = actions.add_stakeholder(request.user, opportunity, form.instance)
        return done(request, _page_of(opportunity), f"{added} is on the committee.")
    return form_response(
        request, form, title="Add a stakeholder", submit="Add", cancel_url=_page_of(opportunity),
        intro="Somebody at the customer who takes part in the decision.",
    )  # fmt: skip


def _visible(request: HttpRequest, pk: int) -> Stakeholder:
    visible = Stakeholder.objects.visible_to(request.user).select_related("opportunity")
    found = get_object_or_404(visible, pk=pk)
    require(request.user, "deals.work_stakeholders", found.opportunity)
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what is known of somebody."""
    found = _visible(request, pk)
    page, name = _page_of(found.opportunity), found.name
    form = StakeholderForm(posted(request), instance=found, user=request.user)
    return save_or_show(request, form, actions.edit_stakeholder, page, title=name)


@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take somebody off the committee."""
    found = _visible(request, pk)
    page = _page_of(found.opportunity)
    form = RemoveStakeholderForm(posted(request))
    if request.method == "POST" and form.is_valid():
        actions.remove_stakeholder(request.user, found, reason=form.cleaned_data["reason"])
        return done(request, page, f"{found.name} is off the committee.")
    return form_response(
        request, form, title=f"Remove {found.name}", submit="Remove", tone="danger", cancel_url=page,
        intro="The deal's history keeps who it was.",
    )  # fmt: skip
