"""What stands in a POC's plan: its criteria with their results, and its steps."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from deals.actions import pocs as actions
from deals.forms.pocs import CriterionForm, ProofForm, ResultForm, StepForm, TickForm
from deals.views.pocs import own_criterion, own_poc, own_step
from presales.errors import Conflict
from presales.forms import done, first_error, form_response, posted, save_or_show


@require_http_methods(["GET", "HEAD", "POST"])
def add_criterion(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down one more thing that has to hold."""
    found = own_poc(request, pk)
    page, form = found.get_absolute_url(), CriterionForm(posted(request))
    if request.method == "POST" and form.is_valid():
        actions.add_criterion(request.user, found, form.instance)
        return done(request, page)
    return form_response(
        request, form, title="Add a success criterion", submit="Add", cancel_url=page,
        intro="What the customer will judge us by, in their words.",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def edit_criterion(request: HttpRequest, pk: int) -> HttpResponse:
    """Change its words, while the customer has not agreed to them."""
    found = own_criterion(request, pk)
    form = CriterionForm(posted(request), instance=found)
    return save_or_show(request, form, actions.edit_criterion, found.poc.get_absolute_url(), title="Success criterion")


@require_http_methods(["GET", "HEAD", "POST"])
def result(request: HttpRequest, pk: int) -> HttpResponse:
    """What came out, and how that is known."""
    found = own_criterion(request, pk)
    page, form = found.poc.get_absolute_url(), ResultForm(posted(request), instance=found)
    about = f"{found.text}. {found.measure}; target: {found.target}."
    return save_or_show(request, form, actions.record_result, page, title="Result", intro=about)


@require_http_methods(["GET", "HEAD", "POST"])
def proofs(request: HttpRequest, pk: int) -> HttpResponse:
    """Which requirements it puts to the proof."""
    found = own_criterion(request, pk)
    page, form = found.poc.get_absolute_url(), ProofForm(posted(request), criterion=found)
    if request.method == "POST" and form.is_valid():
        actions.link_requirements(request.user, found, form.cleaned_data["requirements"])
        return done(request, page, "Saved.")
    return form_response(
        request, form, title="What it proves", submit="Save", cancel_url=page, intro=f"“{found.text}”",
        template="deals/pocs/_proof_form.html",
    )  # fmt: skip


@require_POST
def remove_criterion(request: HttpRequest, pk: int) -> HttpResponse:
    """It is not asked any more."""
    found = own_criterion(request, pk)
    actions.remove_criterion(request.user, found)
    return done(request, found.poc.get_absolute_url(), "Removed. The history keeps it.")


@require_http_methods(["GET", "HEAD", "POST"])
def add_step(request: HttpRequest, pk: int) -> HttpResponse:
    """Put one more step into the plan."""
    found = own_poc(request, pk)
    page, form = found.get_absolute_url(), StepForm(posted(request))
    if request.method == "POST" and form.is_valid():
        actions.add_step(request.user, found, form.instance)
        return done(request, f"{page}#plan")
    return form_response(request, form, title="Add a step", submit="Add", cancel_url=page)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_step(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a step."""
    found = own_step(request, pk)
    form = StepForm(posted(request), instance=found)
    return save_or_show(request, form, actions.edit_step, found.poc.get_absolute_url(), title="Step")


@require_POST
def tick_step(request: HttpRequest, pk: int) -> HttpResponse:
    """It is done, or not after all."""
    found = own_step(request, pk)
    form = TickForm(request.POST)
    if not form.is_valid():
        raise Conflict(first_error(form))
    actions.tick_step(request.user, found, done=form.cleaned_data["done"])
    return done(request, f"{found.poc.get_absolute_url()}#plan")


@require_POST
def remove_step(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a step out."""
    found = own_step(request, pk)
    actions.remove_step(request.user, found)
    return done(request, f"{found.poc.get_absolute_url()}#plan", "Removed. The history keeps it.")
