"""The list of product gaps, the page of one, and what managers and SEs do with them."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from deals.actions import product_gaps as actions
from deals.forms.product_gaps import OFFERED, GapForm, GapStateForm, MergeForm, NameGapForm, SplitForm
from deals.models import GapState, Opportunity, ProductGap, Requirement
from deals.product_gaps import Figures, closed_meanwhile, figures_of, lost_deals, shares_of, waiting_deals
from deals.views.requirements import page_of, visible_requirement
from people.models import User
from people.permissions import require
from presales.forms import done, form_response, posted, save_or_show
from presales.history import changes_of

SHOWN = 200
VIEWS = {"waiting": "Deals waiting", "lost": "Deals lost"}


@require_safe
def product_gaps(request: HttpRequest) -> HttpResponse:
    """What the product lacks, with the deals and the value that wait on it, or were lost with it; dearest first."""
    require(request.user, "deals.read_gaps")
    view = request.GET.get("view") if request.GET.get("view") in VIEWS else "waiting"
    state = request.GET.get("state") if request.GET.get("state") in GapState.values else ""
    gaps = ProductGap.objects.visible_to(request.user).standing()
    if state:
        gaps = gaps.filter(state=state)
    elif view == "waiting":
        gaps = gaps.exclude(state=GapState.CLOSED)
    deals = lost_deals(request.user) if view == "lost" else waiting_deals(request.user)
    figures = figures_of(shares_of(deals))
    rows = [(gap, figures.get(gap.pk, Figures())) for gap in gaps.order_by("title")[:OFFERED]]
    rows.sort(key=lambda row: (-row[1].weighted, -row[1].deals, row[0].title.casefold()))
    total = Figures(
        even=sum(found.even for _, found in rows), weighted=sum(found.weighted for _, found in rows),
        unvalued=sum(found.unvalued for _, found in rows),
    )  # fmt: skip
    context = {
        "rows": rows, "total": total, "view": view, "views": VIEWS, "state": state, "states": GapState.choices,
        "closed": list(closed_meanwhile(request.user)[:SHOWN]),
    }  # fmt: skip
    return render(request, "deals/product_gaps/list.html", context)


def _gap(request: HttpRequest, pk: int) -> ProductGap:
    require(request.user, "deals.read_gaps")
    return get_object_or_404(ProductGap.objects.visible_to(request.user).select_related("created_by"), pk=pk)


@require_safe
def product_gap(request: HttpRequest, pk: int) -> HttpResponse:
    """One gap: the deals that wait on it, of those that the person sees, and the ones lost with it."""
    found = _gap(request, pk)
    if found.merged_into_id:
        return HttpResponseRedirect(reverse("deals:product_gap", args=[found.merged_into_id]))
    rows = found.requirements.visible_to(request.user).order_by("opportunity_id", "order")
    texts: dict[int, list[str]] = {}
    for deal, text in rows.values_list("opportunity_id", "text"):
        texts.setdefault(deal, []).append(text)
    deals = Opportunity.objects.visible_to(request.user).filter(pk__in=list(texts))
    shares = {share.deal: share for share in shares_of(deals) if share.gap == found.pk}
    known = deals.select_related("company", "stage", "se").order_by("-amount", "pk")[:SHOWN]
    lines = [(deal, shares.get(deal.pk), texts[deal.pk]) for deal in known]
    context = {
        "gap": found,
        "waiting": [line for line in lines if line[0].is_open],
        "lost": [line for line in lines if line[0].outcome in ("lost", "no_go")],
        "entries": changes_of(found, limit=30),
    }
    return render(request, "deals/product_gaps/product_gap.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def name(request: HttpRequest, pk: int) -> HttpResponse:
    """Say on which gap a requirement waits."""
    found = visible_requirement(request, pk)
    page = page_of(found.opportunity_id)
    form = NameGapForm(posted(request), instance=found, user=request.user)

    def act(user: User, row: Requirement, version: int) -> None:
        given = {name: form.cleaned_data[name] for name in ("gap", "title", "severity")}
        actions.name_gap(user, row, version, **given)

    return save_or_show(
        request, form, act, f"{page}#r{pk}", message="", title="Which gap is it?", submit="Name it", cancel_url=page,
        intro=f"“{found.text}”",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Title, description, severity."""
    found = _gap(request, pk)
    require(request.user, "deals.manage_gaps")
    form = GapForm(posted(request), instance=found)
    return save_or_show(request, form, actions.edit_gap, found.get_absolute_url(), title="Change the gap")


@require_http_methods(["GET", "HEAD", "POST"])
def set_state(request: HttpRequest, pk: int) -> HttpResponse:
    """Open, planned, closed."""
    found = _gap(request, pk)
    require(request.user, "deals.manage_gaps")
    form = GapStateForm(posted(request), instance=found)

    def act(user: User, gap: ProductGap, version: int) -> None:
        actions.set_gap_state(user, gap, form.cleaned_data["state"], form.cleaned_data["state_on"], version)

    return save_or_show(request, form, act, found.get_absolute_url(), title="Plan or close the gap")


@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Two gaps are one."""
    found = _gap(request, pk)
    require(request.user, "deals.manage_gaps")
    form, page = MergeForm(posted(request), gap=found, user=request.user), found.get_absolute_url()
    if request.method == "POST" and form.is_valid():
        into = actions.merge_gap(request.user, found, form.cleaned_data["into"])
        return done(request, into.get_absolute_url(), f"“{found}” is part of this gap now.")
    return form_response(
        request, form, title=f"Merge “{found}”", submit="Merge", cancel_url=page,
        intro="Everything that waits on it waits on the other from now on. Splitting undoes it by hand.",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def split(request: HttpRequest, pk: int) -> HttpResponse:
    """One gap is two."""
    found = _gap(request, pk)
    require(request.user, "deals.manage_gaps")
    form, page = SplitForm(posted(request), gap=found, user=request.user), found.get_absolute_url()
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        made = actions.split_gap(
            request.user, found, list(data["requirements"]), data["title"], data["severity"]
        )  # fmt: skip
        return done(request, made.get_absolute_url(), f"Split off from “{found}”.")
    return form_response(
        request, form, title=f"Split “{found}”", submit="Split", cancel_url=page,
        intro="Choose what waits on something else. The rest stays.",
    )  # fmt: skip
