"""Health and readiness, for balancers and supervisors; the detail is for admins."""

import secrets

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from presales import health
from presales.metrics import exposition


@require_safe
@login_not_required
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Whether the process answers; asks nothing of the database."""
    return JsonResponse({"status": "ok"})


@require_safe
@login_not_required
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """503 where pages cannot work; "degraded" where only background work waits."""
    required, degraded = health.problems()
    ready = not any(required.values())
    body: dict[str, object] = {"status": "unavailable"}
    if ready:
        body["status"] = "degraded" if any(degraded.values()) else "ok"
    if ready and _is_admin(request):
        body["checks"] = {name: problem or "ok" for name, problem in (required | degraded).items()}
        body["stale"] = health.stale_rows()
    return JsonResponse(body, status=200 if ready else 503)


@require_safe
@login_not_required
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures for Prometheus, which brings METRICS_TOKEN; admins read them too. 404 to everybody else."""
    offered = request.headers.get("Authorization", "").removeprefix("Bearer ")
    is_known = settings.METRICS_TOKEN and secrets.compare_digest(offered.encode(), settings.METRICS_TOKEN.encode())
    if not (is_known or _is_admin(request)):
        raise Http404
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _is_admin(request: HttpRequest) -> bool:
    try:
        return request.user.is_authenticated and request.user.role == "admin"
    except DatabaseError:
        return False
