"""The page of something learned: one template, filled in by each room that learns."""

from collections.abc import Callable
from dataclasses import dataclass

from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from presales.forms import done
from presales.learning import page
from presales.learning.page import Words
from presales.learning.versions import Learner


@dataclass(frozen=True)
class Screen:
    """What a room's page says and where its buttons lead. The views ask who may; this shows.

    `texts` is a template with the blocks of words that only fit this subject; `urls` names the addresses of show,
    progress, train, fields, release and use.
    """

    learner: Learner
    words: Words
    form: type[ModelForm]
    texts: str
    urls: dict[str, str]
    may_change: str
    recorded_after: tuple[str, ...]

    def show(self, request: HttpRequest, form: ModelForm | None = None) -> HttpResponse:
        """State, worth, fields, warnings, drift and versions of what was learned; `form` where it has mistakes."""
        shown = page.load(self.learner, self.words)
        status = 200 if form is None else 422
        form = form or self.form(instance=shown.settings, keys=[], initial={"version": shown.settings.version})
        context = {
            "nav": self.urls["show"],
            "page": shown,
            "form": form,
            "words": self.words,
            "urls": self.urls,
            "recorded_after": self.recorded_after,
            "may_change": request.user.has_perm(self.may_change),
        }
        return render(request, self.texts, context, status=status)

    def progress(self, request: HttpRequest) -> HttpResponse:
        """Whether a training is under way; asks again by itself, and has the page loaded anew once it is done."""
        row = self.learner.settings.row()
        is_due = self.learner.is_due(row)
        response = render(request, "learning/_progress.html", {"settings": row, "is_due": is_due, "urls": self.urls})
        if not is_due and request.htmx:
            response["HX-Refresh"] = "true"
        return response

    def save_fields(self, request: HttpRequest, choose: Callable[..., None]) -> HttpResponse:
        """Let `choose` save which fields to learn from, or show what is wrong with what was sent."""
        form = self.form(request.POST, keys=list(self.learner.all_known()))
        if not form.is_valid():
            return self.show(request, form)
        data = form.cleaned_data
        choose(
            request.user, version=data["version"], used=set(data["used"]), leaks=set(data["leaks"]),
            horizon_days=data["horizon_days"],
        )  # fmt: skip
        return self.back(request, "Saved. A training with these fields is on its way.")

    def back(self, request: HttpRequest, message: str) -> HttpResponse:
        """To the page, with a word of what was done."""
        return done(request, reverse(self.urls["show"]), message)
