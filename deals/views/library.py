"""The library: finding what others have shown and answered, the page of an item, and writing in it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deals.actions import library as actions
from deals.forms.library import LibraryItemForm, item_of
from deals.library import SORTS, Listing
from deals.models import Demo, ItemKind, LibraryItem, RfpQuestion
from deals.views.answers import take_over
from people.permissions import require
from presales.forms import done, form_response, posted, save_or_show
from presales.history import changes_of
from presales.paging import capped_count

SHOWN = 10


def _item(request: HttpRequest, pk: int) -> LibraryItem:
    """The item; 403 for who does not sell."""
    require(request.user, "deals.read_library")
    found = LibraryItem.objects.visible_to(request.user).with_uses().defer("search")
    return get_object_or_404(found.select_related("created_by", "source__rfp"), pk=pk)


@require_safe
def library(request: HttpRequest) -> HttpResponse:
    """What is kept, by its words, kind and tags."""
    require(request.user, "deals.read_library")
    listing = Listing(request.user, request.GET)
    count, more = capped_count(listing.items())
    context = {
        "listing": listing, "page": listing.page(), "count": count, "more": more, "tags": listing.tags(),
        "kinds": ItemKind.choices, "sorts": [(name, sort.label) for name, sort in SORTS.items()],
    }  # fmt: skip
    return render(request, "deals/library/list.html", context)


@require_safe
def item(request: HttpRequest, pk: int) -> HttpResponse:
    """One item, with the demos it was shown in that the person sees."""
    found = _item(request, pk)
    shown = Demo.objects.visible_to(request.user).filter(parts__item=found).select_related("opportunity").distinct()
    source = RfpQuestion.objects.visible_to(request.user).filter(pk=found.source_id).select_related("rfp__opportunity")
    entries = changes_of(found, limit=15)
    for entry in entries:
        entry.title = "changed this item" if entry.changes else "put this into the library"
    context = {
        "item": found,
        "demos": list(shown[:SHOWN]),
        "source": source.defer("search").first() if found.source_id else None,
        "entries": entries,
    }
    return render(request, "deals/library/item.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Put something into the library: a demo, or with `?kind=answer` an answer."""
    require(request.user, "deals.write_library")
    kind = ItemKind.ANSWER if request.GET.get("kind") == ItemKind.ANSWER else ItemKind.DEMO
    form = LibraryItemForm(posted(request), instance=LibraryItem(kind=kind))
    if request.method == "POST" and form.is_valid():
        made = actions.save_item(request.user, form.instance)
        return done(request, made.get_absolute_url(), "Everybody who sells finds it now.")
    title = "Add an answer" if kind == ItemKind.ANSWER else "Add a demo"
    return form_response(request, form, title=title, submit="Add", cancel_url=reverse("deals:library"))


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change an item, or retire it."""
    found = _item(request, pk)
    require(request.user, "deals.write_library")
    title, page = found.title, found.get_absolute_url()
    form = LibraryItemForm(posted(request), instance=found)
    return save_or_show(request, form, actions.save_item, page, title=title)


def _question(request: HttpRequest, pk: int) -> RfpQuestion:
    visible = RfpQuestion.objects.visible_to(request.user).defer("search").select_related("rfp__opportunity")
    return get_object_or_404(visible, pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    """Put the answer to a question of an RFP into the library."""
    question = _question(request, pk)
    require(request.user, "deals.work_technical", question.rfp.opportunity)
    known = LibraryItem.objects.visible_to(request.user).filter(source=question).first()
    if known:
        return done(request, known.get_absolute_url())
    form = LibraryItemForm(posted(request), instance=item_of(question))
    if request.method == "POST" and form.is_valid():
        made = actions.keep_answer(request.user, question, form.instance)
        return done(request, made.get_absolute_url(), "Everybody who sells finds it now.")
    return form_response(
        request, form, title="Keep the answer", submit="Put into the library", cancel_url=question.get_absolute_url(),
        intro="Everybody who sells reads it, without whose it was. Take out what names the customer.",
    )  # fmt: skip


@require_POST
def use(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an answer of the library over as a draft."""
    return take_over(request, pk, "item", LibraryItem.objects.visible_to(request.user), actions.use_library_answer)
