"""Health and readiness, for balancers and supervisors; the detail is for admins."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from presales import health


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


def _is_admin(request: HttpRequest) -> bool:
    try:
        return request.user.is_authenticated and request.user.role == "admin"
    except DatabaseError:
        return False
