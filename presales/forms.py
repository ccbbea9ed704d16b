"""One way to show a form: as a page of its own, or as a dialog over the page that opened it."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render

from presales.editing import VersionedForm
from presales.errors import StaleEdit


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: the posted data, even if it is empty; None for a GET."""
    return request.POST if request.method == "POST" else None


def form_response(
    request: HttpRequest,
    form: forms.BaseForm,
    *,
    title: str,
    submit: str,
    cancel_url: str,
    intro: str = "",
    tone: str = "primary",
    status: int | None = None,
    context: dict | None = None,
    template: str = "components/_form.html",
) -> HttpResponse:
    """`form` as a page, or for HTMX as the inside of the dialog; 422 where the form has errors.

    `template` is the fragment; it is included by the page, so both come from one file.
    """
    if status is None:
        status = 422 if form.is_bound and form.errors else 200
    data = {
        "form": form,
        "title": title,
        "submit": submit,
        "cancel_url": cancel_url,
        "intro": intro,
        "tone": tone,
        "fragment": template,
        **(context or {}),
    }
    return render(request, template if request.htmx else "components/form_page.html", data, status=status)


def save_or_show(
    request: HttpRequest,
    form: VersionedForm,
    act: Callable[[object, object, int | None], object],
    page: str | Callable[[object], str],
    *,
    message: str = "Saved.",
    submit: str = "Save",
    cancel_url: str = "",
    **shown: object,
) -> HttpResponse:
    """Save a valid form through `act` and go to `page`, or show it: as opened, with its errors, with both values.

    `act` is given the person, the record as the form has it and the version that it was opened with, None for a new
    one. `page` may depend on what it gives back; then `cancel_url` says where else to go. `shown` is for
    `form_response`. Where somebody saved in between, the form asks which of both values to keep, with 409.

    Raises:
        StaleEdit: somebody added in between what this form was to add; there is nothing stored to compare with.
    """
    status = None
    if request.method == "POST" and form.is_valid():
        try:
            saved = act(request.user, form.instance, form.cleaned_data.get("version"))
            return done(request, page(saved) if callable(page) else page, message)
        except StaleEdit:
            if not form.instance.pk:
                raise
            form.show_conflict()
            status = 409
    return form_response(request, form, submit=submit, cancel_url=cancel_url or page, status=status, **shown)


def done(request: HttpRequest, url: str, message: str = "") -> HttpResponse:
    """After a successful POST: go to `url`, with a message there."""
    if message:
        messages.success(request, message)
    if request.htmx:
        here = (request.htmx.current_url_abs_path or "").partition("#")[0]
        if url.partition("#")[0] == here:
            # Going to another place of the same page would load nothing anew and leave the dialog open.
            return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def first_error(form: forms.BaseForm) -> str:
    """The first thing that is wrong with a form, for an answer that has room for one sentence."""
    return next((message for messages in form.errors.values() for message in messages), "")
