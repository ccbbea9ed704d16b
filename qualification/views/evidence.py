"""Recording evidence, and the story of one criterion."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from presales.errors import NotAllowed
from presales.forms import done, form_response, posted
from qualification.actions import evidence as actions
from qualification.forms.evidence import EvidenceForm, WithdrawForm
from qualification.lanes import lanes_of, page_of
from qualification.models import Criterion, Dossier, Evidence


def _dossier(request: HttpRequest, pk: int) -> Dossier:
    return get_object_or_404(Dossier.objects.visible_to(request.user).select_related("framework"), pk=pk)


def _criterion(dossier: Dossier, pk: int) -> Criterion:
    return get_object_or_404(dossier.framework.criteria.prefetch_related("questions"), pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def record(request: HttpRequest, dossier_id: int, criterion_id: int) -> HttpResponse:
    """Record what we know about one criterion; the questions to ask stand beside the form."""
    dossier = _dossier(request, dossier_id)
    criterion = _criterion(dossier, criterion_id)
    lanes = lanes_of(request.user, dossier)
    if not lanes:
        raise NotAllowed("Only the people who work on this pursuit record evidence for it.")
    current = dossier.evidence.current().filter(criterion=criterion).first()
    initial = {"level": current.level} if current else {}
    if current and current.level > 0:
        initial |= {"amount": current.amount, "decision_on": current.decision_on, "person_name": current.person_name}
    form = EvidenceForm(posted(request), criterion=criterion, may_validate=criterion.lane in lanes, initial=initial)
    page = page_of(dossier)
    if request.method == "POST" and form.is_valid():
        actions.record_evidence(request.user, dossier, criterion, **form.cleaned_data)
        return done(request, f"{page}#qualification", f"{criterion.name} recorded.")
    return form_response(
        request, form, title=criterion.name, submit="Record evidence", cancel_url=page, intro=criterion.help,
        context={"criterion": criterion}, template="qualification/_evidence_form.html",
    )  # fmt: skip


@require_safe
def criterion(request: HttpRequest, dossier_id: int, criterion_id: int) -> HttpResponse:
    """Everything ever recorded about one criterion of one pursuit."""
    dossier = _dossier(request, dossier_id)
    found = _criterion(dossier, criterion_id)
    entries = dossier.evidence.filter(criterion=found).select_related("recorded_by")[:200]
    context = {
        "dossier": dossier,
        "criterion": found,
        "entries": entries,
        "page_url": page_of(dossier),
        "may_record": bool(lanes_of(request.user, dossier)),
    }
    return render(request, "qualification/criterion.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, evidence_id: int) -> HttpResponse:
    """Take the current entry of a criterion back, with a reason."""
    visible = Evidence.objects.filter(dossier__in=Dossier.objects.visible_to(request.user))
    entry = get_object_or_404(visible.select_related("dossier__framework", "criterion"), pk=evidence_id)
    if not lanes_of(request.user, entry.dossier):
        raise NotAllowed("Only the people who work on this pursuit change its evidence.")
    form = WithdrawForm(posted(request))
    page = page_of(entry.dossier)
    if request.method == "POST" and form.is_valid():
        actions.withdraw_evidence(request.user, entry, reason=form.cleaned_data["reason"])
        return done(request, f"{page}#qualification", "Withdrawn; the entry before it counts again.")
    back = reverse("qualification:criterion", args=[entry.dossier_id, entry.criterion_id])
    return form_response(
        request, form, title=f"Withdraw: {entry.criterion.name}", submit="Withdraw", cancel_url=back, tone="danger"
    )
