"""What becomes of a proposal: asked for, approved, sent, answered."""

from collections.abc import Callable

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from deals.actions import proposal_states as actions
from deals.forms.proposals import AnswerForm, ReasonForm, SendForm
from deals.models import Proposal, StakeholderRole, Stance
from deals.views.proposals import visible_proposal
from people.permissions import require
from presales.forms import done, form_response, posted


def _act(
    request: HttpRequest, found: Proposal, form: forms.Form, act: Callable[..., Proposal], said: str, **words: str
) -> HttpResponse:  # fmt: skip
    """Show `form`, or do `act` with what it says and go back to the version."""
    page = found.get_absolute_url()
    if request.method == "POST" and form.is_valid():
        act(request.user, found, **form.cleaned_data)
        return done(request, page, said)
    return form_response(request, form, cancel_url=page, **words)


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """The AE asks for a discount above the limit."""
    found = visible_proposal(request, pk)
    require(request.user, "deals.work_commercial", found.opportunity)
    form = ReasonForm(posted(request), label="Why they should have it", help_text="The manager decides on this.")
    return _act(
        request, found, form, actions.ask_approval, "Asked. Prices stay as they are until the manager answers.",
        title="Ask for approval", submit="Ask",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """The manager gives the discount."""
    found = visible_proposal(request, pk)
    require(request.user, "deals.approve_proposal", found)
    return _act(
        request, found, ReasonForm(posted(request), label="Why"), actions.approve_proposal, "Approved.",
        title=f"Approve the discounts of proposal {found.number}", submit="Approve", intro=found.asked_note,
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    """The manager does not give the discount."""
    found = visible_proposal(request, pk)
    require(request.user, "deals.approve_proposal", found)
    form = ReasonForm(posted(request), label="Why not", help_text="What would be acceptable instead helps most.")
    return _act(
        request, found, form, actions.send_back_proposal, "Sent back to the AE.",
        title=f"Send proposal {found.number} back", submit="Send back", intro=found.asked_note,
    )  # fmt: skip


@require_POST
def redraft(request: HttpRequest, pk: int) -> HttpResponse:
    """Prices can be changed again."""
    found = visible_proposal(request, pk)
    actions.redraft_proposal(request.user, found)
    return done(request, found.get_absolute_url(), "It is a draft again.")


@require_http_methods(["GET", "HEAD", "POST"])
def send(request: HttpRequest, pk: int) -> HttpResponse:
    """Record that it went out."""
    found = visible_proposal(request, pk)
    require(request.user, "deals.work_commercial", found.opportunity)
    initial = {"sent_on": timezone.localdate(), "sent_to": _decider(found)}
    return _act(
        request, found, SendForm(posted(request), initial=initial), actions.send_proposal, "Recorded as sent.",
        title=f"Proposal {found.number} was sent", submit="Record as sent",
        intro="Print it or save it as PDF and send it to the customer; then record it here. From then on this version "
        "is never changed.",
    )  # fmt: skip


def _answer(request: HttpRequest, pk: int, act: Callable[..., Proposal], said: str, **words: str) -> HttpResponse:
    found = visible_proposal(request, pk)
    require(request.user, "deals.work_commercial", found.opportunity)
    initial = {"answered_on": timezone.localdate(), "answered_by": found.sent_to}
    return _act(request, found, AnswerForm(posted(request), initial=initial), act, said, **words)


@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """The customer takes it."""
    return _answer(
        request, pk, actions.accept_proposal, "Accepted. Well done.", title="The customer accepts",
        submit="Record the acceptance",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def decline(request: HttpRequest, pk: int) -> HttpResponse:
    """The customer does not take it."""
    return _answer(
        request, pk, actions.decline_proposal, "Recorded. A new version starts from this one.",
        title="The customer declines", submit="Record the answer",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """The answer no longer counts."""
    found = visible_proposal(request, pk)
    require(request.user, "deals.work_commercial", found.opportunity)
    return _act(
        request, found, ReasonForm(posted(request), label="Why"), actions.take_back_answer,
        "It is with the customer again.", title="Take the answer back", submit="Take it back", tone="danger",
    )  # fmt: skip


def _decider(proposal: Proposal) -> str:
    """Who releases the money at the customer, with the title, if the buying committee knows."""
    committee = proposal.opportunity.stakeholders.filter(role=StakeholderRole.ECONOMIC_BUYER)
    person = committee.exclude(stance=Stance.AGAINST).order_by("pk").first()
    if person is None:
        return ""
    return f"{person.name}, {person.job_title}"[:160] if person.job_title else person.name
