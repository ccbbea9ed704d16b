"""The lead list, entering a lead, its page and its editing."""

import secrets

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from leads.actions import leads as actions
from leads.custom_facts import facts
from leads.duplicates import find_duplicates
from leads.forms.leads import CommentForm, EngagementForm, LeadForm, LogLeadForm
from leads.lists import SORTS, LeadList
from leads.models import Lead, LeadStage, Source
from leads.models.scoring import Band
from leads.next_step import next_step
from leads.panels import filled, lead_panels
from leads.scoring.reasons import reasons
from leads.timeline import timeline_of
from people.permissions import require
from presales.errors import StaleEdit
from presales.forms import done, form_response, posted
from qualification.panels import dossier_panel

NAV = "leads:leads"
PATH = [LeadStage.NEW, LeadStage.MQL, LeadStage.SAL, LeadStage.SQL, LeadStage.CONVERTED]


def get_lead(request: HttpRequest, pk: int) -> Lead:
    """The lead if this person sees it, else 404."""
    leads = Lead.objects.visible_to(request.user).select_related(
        "company", "owner", "team", "score", "dossier__framework", "dossier__derived"
    )
    return get_object_or_404(leads.defer("search"), pk=pk)


@require_safe
def leads(request: HttpRequest) -> HttpResponse:
    """The list: tabs, filters, search, order, pages, and what can be done to many."""
    listing = LeadList.read(request.user, request.GET)
    page = listing.page()
    if listing.is_filtered and not (page.next or page.previous):
        count, more = len(page), False
    else:
        count, more = listing.count()
    context = {
        "nav": NAV,
        "listing": listing,
        "page": page,
        "count": count,
        "more": more,
        "stages": dict(LeadStage.choices),
        "bands": dict(Band.choices),
        "sources": dict(Source.choices),
        "now": timezone.now(),
        "sort_label": SORTS[listing.sort].label,
    }
    return render(request, "leads/leads/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def log(request: HttpRequest) -> HttpResponse:
    """Enter a lead: one line of fields, duplicates shown while typing, Enter saves."""
    require(request.user, "leads.add_lead")
    form = LogLeadForm(posted(request), initial={"key": secrets.token_urlsafe(12)})
    if request.method == "POST" and form.is_valid():
        custom, values = form.given_custom(), form.record_values()
        lead = actions.log_lead(request.user, idempotency_key=values.pop("key"), custom=custom, **values)
        messages.success(request, f"{lead.name} is logged.")
        again = "another" in request.POST
        return done(request, reverse("leads:log") if again else lead.get_absolute_url())
    return form_response(
        request, form, title="Log a lead", submit="Save lead", cancel_url=reverse("leads:leads"),
        template="leads/leads/_log.html", context={"nav": NAV},
    )  # fmt: skip


@require_safe
def log_duplicates(request: HttpRequest) -> HttpResponse:
    """Leads the person already knows that match what is being typed."""
    found = find_duplicates(
        Lead.objects.visible_to(request.user),
        email=request.GET.get("email", "")[:254],
        name=request.GET.get("name", "")[:160],
        company=request.GET.get("company_name", "")[:200],
    )
    return render(request, "leads/duplicates/_offered.html", {"duplicates": found})


@require_safe
def lead(request: HttpRequest, pk: int) -> HttpResponse:
    """A lead's page."""
    lead = get_lead(request, pk)
    if lead.merged_into_id:
        survivor = Lead.objects.visible_to(request.user).filter(pk=lead.merged_into_id).first()
        if survivor:
            messages.info(request, f"{lead.name} was merged into this lead.")
            return HttpResponseRedirect(survivor.get_absolute_url())
    stages = list(PATH) if lead.stage in PATH else [*PATH[:-1], LeadStage(lead.stage)]
    position = stages.index(lead.stage)
    panel = dossier_panel(lead.dossier, request.user)
    custom = facts(lead=lead.custom, company=lead.company and lead.company.custom)
    context = {
        "nav": NAV,
        "lead": lead,
        "path": [
            (stage.label, "is-current" if i == position else "is-past" if i < position and lead.stage in PATH else "")
            for i, stage in enumerate(stages)
        ],
        "next_step": next_step(lead, request.user, panel),
        "comment_form": CommentForm(),
        "panel": panel,
        "panels": filled(lead_panels, request, lead),
        "reasons": reasons(lead),
        "custom_of_lead": custom["lead"],
        "custom_of_company": custom["company"],
        "is_exit": lead.stage in (LeadStage.NURTURE, LeadStage.DISQUALIFIED),
    }
    return render(request, "leads/leads/page.html", context)


@require_safe
def timeline(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything that happened, as a fragment of the lead's page or a page of its own."""
    lead = get_lead(request, pk)
    context = {"nav": NAV, "lead": lead, "entries": timeline_of(lead)}
    template = "components/_timeline.html" if request.htmx else "leads/leads/timeline.html"
    return render(request, template, context)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Edit a lead; whoever saves second sees both values."""
    lead = get_lead(request, pk)
    require(request.user, "leads.change_lead", lead)
    form = LeadForm(posted(request), instance=lead)
    status = None
    if request.method == "POST" and form.is_valid():
        values = form.record_values()
        try:
            actions.update_lead(
                request.user, Lead(pk=lead.pk), version=values.pop("version"), custom=form.given_custom(), **values
            )
        except StaleEdit:
            form.show_conflict()
            status = 409
        else:
            return done(request, lead.get_absolute_url(), "Saved.")
    return form_response(
        request, form, title=f"Edit {Lead.objects.values_list('name', flat=True).get(pk=lead.pk)}", submit="Save",
        cancel_url=lead.get_absolute_url(), status=status, context={"nav": NAV}, template="leads/leads/_edit.html",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def engagement(request: HttpRequest, pk: int) -> HttpResponse:
    """Record something the lead did."""
    lead = get_lead(request, pk)
    require(request.user, "leads.record_engagement", lead)
    form = EngagementForm(posted(request))
    if request.method == "POST" and form.is_valid():
        actions.record_engagement(request.user, lead, **form.cleaned_data)
        return done(request, lead.get_absolute_url(), "Recorded. The score follows in a moment.")
    return form_response(
        request, form, title="Record what happened", submit="Record", cancel_url=lead.get_absolute_url(),
        context={"nav": NAV},
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def comment(request: HttpRequest, pk: int) -> HttpResponse:
    """Comment on a lead."""
    lead = get_lead(request, pk)
    form = CommentForm(posted(request))
    if request.method == "POST" and form.is_valid():
        actions.comment(request.user, lead, text=form.cleaned_data["text"])
        return redirect(lead.get_absolute_url()) if not request.htmx else done(request, lead.get_absolute_url())
    return form_response(
        request, form, title="Comment", submit="Comment", cancel_url=lead.get_absolute_url(), context={"nav": NAV}
    )
