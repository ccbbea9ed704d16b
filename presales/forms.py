"""One way to show a form: as a page of its own, or as a dialog over the page that opened it."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render


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
