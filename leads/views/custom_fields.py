"""Defining custom fields."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leads.actions import custom_fields as actions
from leads.forms.custom_fields import FieldForm
from leads.models import CustomField, RecordKind
from people.models import User
from people.permissions import require
from presales.errors import Conflict, StaleEdit
from presales.forms import done, form_response, posted

NAV = "leads:fields"


def records_of(user: User) -> list[str]:
    """The kinds of records whose fields this person defines."""
    return [record for record in RecordKind.values if user.has_perm("leads.define_fields", record)]


def _record(request: HttpRequest) -> str:
    records = records_of(request.user)
    asked = request.GET.get("record")
    return asked if asked in records else records[0]


def _page(field: CustomField) -> str:
    return f"{reverse('leads:fields')}?record={field.record}"


def _field(request: HttpRequest, pk: int) -> CustomField:
    field = get_object_or_404(CustomField.objects.visible_to(request.user), pk=pk)
    require(request.user, "leads.define_fields", field.record)
    return field


@require_safe
def fields(request: HttpRequest) -> HttpResponse:
    """The fields of one kind of record, in their order, and those put away."""
    require(request.user, "leads.define_fields")
    record = _record(request)
    known = list(CustomField.objects.visible_to(request.user).of(record).select_related("import_batch"))
    context = {
        "nav": NAV,
        "record": record,
        "records": [(value, RecordKind(value).label) for value in records_of(request.user)],
        "fields": [field for field in known if not field.is_archived],
        "archived": [field for field in known if field.is_archived],
    }
    return render(request, "leads/custom_fields/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Define a field."""
    require(request.user, "leads.define_fields")
    record = _record(request)
    form = FieldForm(posted(request), record=record)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.add_field(request.user, record=record, **form.cleaned_data)
            return done(request, _page(made), f"{made.name} is there. It is asked for in forms from now on.")
        except Conflict as refusal:
            form.add_error("name", refusal.message)
    return form_response(
        request, form, title=f"Add a field to {RecordKind(record).label.lower()}", submit="Add field",
        cancel_url=f"{reverse('leads:fields')}?record={record}", context={"nav": NAV},
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a definition; values stay."""
    field = _field(request, pk)
    form = FieldForm(posted(request), instance=field, record=field.record)
    status, title, page = None, f"Edit {field.name}", _page(field)
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        try:
            actions.update_field(request.user, CustomField(pk=pk), version=values.pop("version"), **values)
            return done(request, page, "Saved.")
        except StaleEdit:
            form.show_conflict()
            status = 409
        except Conflict as refusal:
            form.add_error("name", refusal.message)
    return form_response(
        request, form, title=title, submit="Save", cancel_url=page, status=status, context={"nav": NAV}
    )


@require_POST
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Up or down by one place."""
    field = _field(request, pk)
    actions.move_field(request.user, field, up=request.POST.get("to") != "down")
    return done(request, _page(field))


@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a field away; its values stay."""
    field = _field(request, pk)
    actions.archive_field(request.user, field)
    return done(request, _page(field), f"{field.name} is put away. Its values are kept.")


@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring a field back."""
    field = _field(request, pk)
    actions.restore_field(request.user, field)
    return done(request, _page(field), f"{field.name} is back, with its values.")


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a field that nothing rests on."""
    field = _field(request, pk)
    actions.remove_field(request.user, field)
    return done(request, _page(field), f"{field.name} is removed.")
