"""The directory of competitors: the list, the page of one with how deals end against it, and writing in it."""

from django.db.models import Value
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from deals.actions import rivals as actions
from deals.forms.rivals import RivalForm
from deals.models import Autopsy, Rival
from deals.rivals import Against, against, deals_against, without_page
from people.permissions import require
from presales.forms import done, form_response, posted, save_or_show
from presales.history import changes_of
from presales.paging import Sort, paginate
from presales.text import squeeze

SHOWN = 30
LESSONS = 10
BY_NAME = Sort("name")


@require_safe
def rivals(request: HttpRequest) -> HttpResponse:
    """The directory by name, with the win rate against each, and who is named on deals without being in it."""
    words = squeeze(request.GET.get("q", ""))[:100]
    found = Rival.objects.visible_to(request.user)
    if words:
        found = found.filter(name__icontains=words)
    page = paginate(found, BY_NAME, request.GET.get("cursor", ""))
    figures = against(request.user, page)
    context = {
        "page": page, "q": words,
        "rows": [(rival, figures.get(rival.pk, Against())) for rival in page],
        "unknown": [] if words or request.GET.get("cursor") else without_page(request.user),
    }  # fmt: skip
    return render(request, "deals/rivals/list.html", context)


@require_safe
def rival(request: HttpRequest, pk: int) -> HttpResponse:
    """What we know of one competitor, how deals end against it, and what was learned from losing to it."""
    found = get_object_or_404(Rival.objects.visible_to(request.user), pk=pk)
    deals = deals_against(request.user, found).select_related("stage", "owner", "company")
    lessons = Autopsy.objects.visible_to(request.user).exclude(agreed_at=None).alias(key=Lower("lost_to"))
    entries = changes_of(found, limit=20)
    for entry in entries:
        entry.title = "changed this page" if entry.changes else "wrote this page"
    context = {
        "rival": found,
        "figures": against(request.user, [found])[found.pk],
        "deals": list(deals.order_by("-last_activity_at", "-pk")[:SHOWN]),
        "lessons": list(lessons.filter(key=Lower(Value(found.name))).select_related("opportunity")[:LESSONS]),
        "entries": entries,
    }
    return render(request, "deals/rivals/rival.html", context)


@require_safe
def named(request: HttpRequest) -> HttpResponse:
    """To the competitor that deals call `name`, or to the directory where it can be added."""
    name = squeeze(request.GET.get("name", ""))[:120]
    known = Rival.objects.visible_to(request.user).alias(key=Lower("name")).filter(key=Lower(Value(name))).first()
    if known:
        return HttpResponseRedirect(known.get_absolute_url())
    return HttpResponseRedirect(f"{reverse('deals:rivals')}?{urlencode({'q': name})}")


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Put a competitor into the directory."""
    require(request.user, "deals.work_rivals")
    form = RivalForm(posted(request), initial={"name": squeeze(request.GET.get("name", ""))[:120]})
    if request.method == "POST" and form.is_valid():
        added = actions.add_rival(request.user, form.instance)
        return done(request, added.get_absolute_url(), f"{added} is in the directory.")
    return form_response(
        request, form, title="Add a competitor", submit="Add", cancel_url=reverse("deals:rivals"),
        intro="What everybody who meets them should know. Deals that name them count from the start.",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what is known of a competitor."""
    found = get_object_or_404(Rival.objects.visible_to(request.user), pk=pk)
    require(request.user, "deals.work_rivals")
    title, page = found.name, found.get_absolute_url()
    form = RivalForm(posted(request), instance=found)
    return save_or_show(request, form, actions.edit_rival, page, title=title)
