"""What brings a lead one stage further, what is missing for it, and who may do it."""

from dataclasses import dataclass, field

from django.urls import reverse

from leads.models import Lead, LeadStage, TeamPolicy
from people.models import User
from presales.errors import Missing
from qualification.panels import Panel


@dataclass
class NextStep:
    """The one button that matters on a lead's page now. `url` is "" where this person may not press it."""

    title: str
    text: str = ""
    label: str = ""
    url: str = ""
    is_link: bool = False
    missing: list[Missing] = field(default_factory=list)


def next_step(lead: Lead, user: User, panel: Panel | None) -> NextStep | None:
    """The next step of `lead` for `user`; None where its way has ended. `panel` is the lead's dossier as shown."""
    if lead.stage == LeadStage.SAL:
        return _from_sal(lead, user, panel)
    builder = {
        LeadStage.NEW: _from_new,
        LeadStage.MQL: _from_mql,
        LeadStage.SQL: _from_sql,
    }.get(lead.stage)
    return builder(lead, user) if builder else None


def _action(lead: Lead, user: User, permission: str, name: str) -> str:
    return reverse(f"leads:{name}", args=[lead.pk]) if user.has_perm(permission, lead) else ""


def _from_new(lead: Lead, user: User) -> NextStep:
    if lead.owner_id == user.pk:
        return NextStep(
            "Accept your lead", "You logged it, so you can start qualifying at once.", "Accept",
            _action(lead, user, "leads.accept_lead", "accept"),
        )  # fmt: skip
    policy = TeamPolicy.objects.filter(team=lead.team_id).first()
    threshold = policy.mql_threshold if policy else TeamPolicy._meta.get_field("mql_threshold").default
    score = getattr(lead, "score", None)
    step = NextStep(
        "Becomes an MQL by its score", label="Hand to sales now", is_link=True,
        url=_action(lead, user, "leads.make_mql", "make_mql"),
    )  # fmt: skip
    if lead.return_reason:
        step.title = "Returned by sales"
        step.text = f"{lead.get_return_reason_display()}. Mend it, then hand it over again."
    elif score and score.computed_rev and score.total < threshold:
        step.missing = [Missing(f"Score {score.total} of {threshold}")]
    else:
        step.text = f"From {threshold} points on, sales gets it."
    return step


def _from_mql(lead: Lead, user: User) -> NextStep:
    url = _action(lead, user, "leads.accept_lead", "accept")
    text = "Accepting makes it yours." if url else "An account executive of the team has to accept it."
    return NextStep("Waits for an AE", text, "Accept", url)


def _from_sal(lead: Lead, user: User, panel: Panel | None) -> NextStep:
    url = _action(lead, user, "leads.qualify_lead", "qualify")
    if panel is None:
        return NextStep("Qualify it", "Its qualification is opened with the first try.", "Qualify", url)
    missing = [
        Missing(row.shortfall, reverse("qualification:record_evidence", args=[panel.dossier.pk, row.criterion.pk]))
        for row in panel.missing
    ]
    if missing:
        return NextStep("Missing for an SQL", "", "Qualify", url, missing=missing)
    return NextStep("Qualified", "Everything the framework wants is known.", "Make it an SQL", url)


def _from_sql(lead: Lead, user: User) -> NextStep:
    # The room above owns the page; its address is all that is known of it here.
    url = reverse("deals:convert", args=[lead.pk]) if user.has_perm("leads.convert_lead", lead) else ""
    return NextStep(
        "Ready to convert", "The opportunity takes over the company, the person and the dossier.",
        "Convert to opportunity", url, is_link=True,
    )  # fmt: skip
