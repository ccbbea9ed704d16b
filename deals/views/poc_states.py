"""What becomes of a POC: agreed, changed, started, ended, taken up again, or waived by the customer."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from deals.actions import poc_states as actions
from deals.actions.pocs import charter_lets_through
from deals.charter import below_charter
from deals.forms.pocs import AgreeForm, FinishForm, StartForm, WaiveForm, WhyForm
from deals.views.pocs import deal_page, own_poc, visible_deal
from people.permissions import require
from presales.errors import GateRefused, Missing
from presales.forms import done, form_response, posted


@require_http_methods(["GET", "HEAD", "POST"])
def agree(request: HttpRequest, pk: int) -> HttpResponse:
    """The customer agrees to scope, days and criteria."""
    found = own_poc(request, pk)
    page = found.get_absolute_url()
    form = AgreeForm(posted(request), opportunity=found.opportunity, initial={"seen": actions.mark_of(found)})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        actions.agree_poc(
            request.user, found, data["stakeholder"], data["agreed_on"], data["how"], seen=data["seen"]
        )  # fmt: skip
        return done(request, page, "Agreed. Scope, days and criteria are locked now.")
    return form_response(
        request, form, title="The customer agrees", submit="Record the agreement", cancel_url=page,
        intro="To the scope, the days and every success criterion as they are written now.",
        template="deals/pocs/_committee_form.html", context={"opportunity": found.opportunity},
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Open what was agreed, to change it."""
    found = own_poc(request, pk)
    page, form = found.get_absolute_url(), WhyForm(posted(request))
    if request.method == "POST" and form.is_valid():
        actions.change_plan(request.user, found, reason=form.cleaned_data["reason"])
        return done(request, page, "Change what has to change, then agree on it anew.")
    return form_response(
        request, form, title="Change what was agreed", submit="Open the plan", cancel_url=page,
        intro="The agreement no longer counts. The customer agrees anew when the plan is changed.",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """It begins; before the agreement only where a manager means it."""
    found = own_poc(request, pk, "opportunity__dossier__framework")
    page, deal = found.get_absolute_url(), found.opportunity
    agreed = found.agreed_on is not None
    if not agreed and not request.user.has_perm("deals.override_gate", deal):
        # The same answer as that of the act, before somebody fills in a form in vain.
        raise GateRefused(
            f"{found} cannot start yet", [Missing("The customer has not agreed to its success criteria", page)]
        )
    missing = [] if charter_lets_through(deal) else below_charter(deal)
    form = StartForm(posted(request), agreed=agreed, below=bool(missing))
    status = None
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            actions.start_poc(
                request.user, found, data["started_on"], unagreed=data.get("unagreed", False),
                reason=data.get("reason", ""), charter=data.get("charter", ""),
            )  # fmt: skip
            return done(request, page, "It runs.")
        except GateRefused as refused:
            if "charter" not in form.fields:
                raise
            form.add_error("charter", "The charter holds it back. Say why you accept it all the same.")
            missing, status = refused.missing, 409
    return form_response(
        request, form, title="Start the POC", submit="Start", cancel_url=page, status=status,
        context={"missing": missing, "unagreed": not agreed}, template="deals/pocs/_charter_form.html",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def finish(request: HttpRequest, pk: int) -> HttpResponse:
    """Passed, failed or abandoned."""
    found = own_poc(request, pk)
    page, form = found.get_absolute_url(), FinishForm(posted(request))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        actions.finish_poc(request.user, found, data["state"], data["ended_on"], data["note"])
        return done(request, page, "Recorded.")
    judged = list(found.criteria.values_list("met", flat=True))
    return form_response(
        request, form, title="End the POC", submit="Record the end", cancel_url=page,
        template="deals/pocs/_finish_form.html",
        context={"missing": actions.missing_to_decide(found, judged), "met": judged.count(True), "all": len(judged)},
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Take up again what was over."""
    found = own_poc(request, pk)
    page, form = found.get_absolute_url(), WhyForm(posted(request))
    if request.method == "POST" and form.is_valid():
        actions.resume_poc(request.user, found, reason=form.cleaned_data["reason"])
        return done(request, page, "It goes on.")
    return form_response(
        request, form, title="Take the POC up again", submit="Take it up again", cancel_url=page,
        intro="The outcome no longer counts; what was measured stays.",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def waive(request: HttpRequest, pk: int) -> HttpResponse:
    """The customer wants no POC."""
    found = visible_deal(request, pk)
    require(request.user, "deals.work_technical", found)
    form = WaiveForm(posted(request), opportunity=found)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        actions.waive_poc(request.user, found, data["stakeholder"], data["waived_on"], reason=data["reason"])
        return done(request, deal_page(pk), "Recorded.")
    return form_response(
        request, form, title="The customer waives the POC", submit="Record the waiver", cancel_url=deal_page(pk),
        intro="It counts like a decided POC. Theirs to say, not ours: name who said it.",
        template="deals/pocs/_committee_form.html", context={"opportunity": found},
    )  # fmt: skip


@require_POST
def take_back_waiver(request: HttpRequest, pk: int) -> HttpResponse:
    """They want one after all."""
    found = visible_deal(request, pk)
    actions.take_back_waiver(request.user, found)
    return done(request, deal_page(pk), "Taken back. The history keeps it.")
