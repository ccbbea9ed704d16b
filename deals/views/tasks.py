"""Small tasks on a deal."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from deals.actions import tasks as actions
from deals.models import DealTask
from presales.forms import done


@require_POST
def finish(request: HttpRequest, pk: int) -> HttpResponse:
    """The task is done; back to the page that it was ticked on."""
    found = get_object_or_404(DealTask.objects.visible_to(request.user).select_related("opportunity"), pk=pk)
    actions.finish_task(request.user, found)
    page = request.POST.get("next", "")
    if request.htmx and not page:
        page = request.htmx.current_url_abs_path or ""
    if not url_has_allowed_host_and_scheme(page, allowed_hosts=None):
        page = reverse("deals:opportunity", args=[found.opportunity_id])
    return done(request, page, "Done.")
