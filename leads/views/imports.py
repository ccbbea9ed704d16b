"""The import in four steps: upload, match columns, check, done."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leads.actions import imports as actions
from leads.forms.imports import MatchForm, UploadForm
from leads.imports import engine
from leads.imports.targets import registry, targets_for
from leads.models import ImportBatch, ImportMapping
from people.permissions import require
from presales.csv import stream
from presales.errors import Conflict, NotAllowed
from presales.forms import done, posted

SHOWN = 200
State = ImportBatch.State


@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: HttpRequest) -> HttpResponse:
    """The person's imports, and a new one."""
    if not targets_for(request.user):
        raise NotAllowed("Your role imports nothing.")
    form = UploadForm(posted(request), request.FILES if request.method == "POST" else None, user=request.user)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                batch = actions.upload(request.user, registry[form.cleaned_data["target"]], form.cleaned_data["file"])
                return redirect("leads:import", batch.pk)
            except Conflict as refusal:
                form.add_error("file", refusal.message)
    batches = ImportBatch.objects.visible_to(request.user).select_related("created_by")[:50]
    return render(request, "leads/imports/list.html", {"form": form, "batches": batches}, status=status)


def _batch(request: HttpRequest, pk: int) -> ImportBatch:
    return get_object_or_404(ImportBatch.objects.visible_to(request.user).select_related("created_by"), pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def match(request: HttpRequest, pk: int) -> HttpResponse:
    """Which column means which field."""
    batch = _batch(request, pk)
    if batch.state not in (State.UPLOADED, State.READY, State.FAILED):
        return redirect("leads:import", batch.pk)
    require(request.user, "leads.run_import", batch)
    saved = ImportMapping.objects.visible_to(request.user).filter(target=batch.target)
    chosen = next((item for item in saved if str(item.pk) == request.GET.get("saved")), None)
    form = MatchForm(
        posted(request), batch=batch, target=registry[batch.target], user=request.user,
        saved=chosen.mapping if chosen else None,
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        actions.match_columns(request.user, batch, data["mapping"], data["options"], data["save_as"])
        return redirect("leads:import", batch.pk)
    context = {"batch": batch, "form": form, "saved": saved, "chosen": chosen}
    return render(request, "leads/imports/match.html", context, status=422 if form.is_bound else 200)


@require_safe
def import_batch(request: HttpRequest, pk: int) -> HttpResponse:
    """Where one import stands: its progress, what was found, what became of it."""
    batch = _batch(request, pk)
    if batch.state == State.UPLOADED:
        return redirect("leads:match_columns", batch.pk)
    undoing = batch.state == State.UNDOING
    context = {
        "batch": batch,
        "problems": batch.problems.all()[:SHOWN],
        "shown": SHOWN,
        "progress": batch.rows_done if undoing else engine.progress_of(batch),
        # Only a check has counted the rows.
        "total": batch.created if undoing else batch.rows_total,
        "working": batch.state in actions.WAITING,
        "good": max(batch.rows_total - batch.rejected, 0),
    }
    template = "leads/imports/_batch.html" if request.htmx else "leads/imports/batch.html"
    return render(request, template, context)


@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Import what the check found good."""
    batch = actions.confirm(request.user, _batch(request, pk))
    return done(request, reverse("leads:import", args=[batch.pk]))


@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the batch back."""
    actions.undo(request.user, _batch(request, pk))
    return done(request, reverse("leads:import", args=[pk]))


@require_safe
def problems(request: HttpRequest, pk: int) -> HttpResponse:
    """Every problem as CSV."""
    batch = _batch(request, pk)
    rows = ((item.line, item.column, item.value, item.reason) for item in batch.problems.iterator(chunk_size=2000))
    return stream(f"problems of {batch.filename}", ["line", "column", "value", "reason"], rows)
