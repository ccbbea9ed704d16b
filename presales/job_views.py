"""Background work, for the admin: what runs when, what waits, and what the worker gave up on."""

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from presales import health, job_runs, set_aside
from presales.errors import NotAllowed
from presales.forms import done


def _require_admin(request: HttpRequest) -> None:
    if not request.user.has_perm("presales.see_jobs"):
        raise NotAllowed("Background work is the admin's.")


@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    """The jobs of the schedule, the queue, the rows that wait, and those set aside."""
    _require_admin(request)
    age = health.heard_of_worker()
    context = {
        "jobs": job_runs.jobs(),
        "waiting": health.waiting_messages(),
        "worker_age": age,
        "worker_late": age is None or age > health.HEARTBEAT_LATE,
        "stale": [(set_aside.named(model), figures) for model, figures in health.stale_rows().items()],
        "given_up": set_aside.given_up(),
    }
    return render(request, "presales/_jobs.html" if request.htmx else "presales/jobs.html", context)


@require_POST
def retry(request: HttpRequest, kind: str) -> HttpResponse:
    """Try again what was set aside of one kind; the next sweep takes it."""
    _require_admin(request)
    found = set_aside.kinds().get(kind)
    if found is None:
        raise Http404
    with transaction.atomic():
        count = found.retry()
    return done(request, reverse("jobs"), f"{count:,} {found.what} will be tried again within a minute.")
