"""The parts of home pages that speak of leads. One query each, all by index and cut short."""

import datetime

from django.db.models import Count, F, Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from insights.home.parts import LINES, Action, Counts, Figure, Line, Section, cut
from leads.models import Lead, LeadStage, Source, TeamPolicy
from people.models import User
from qualification.models import Question, Status

THRESHOLD = TeamPolicy._meta.get_field("mql_threshold").default
TONES = {"hot": "bad", "warm": "warn"}
NEAR = 10  # points below the threshold that count as near


LINE = ["name", "stage", "stage_since", "team", "owner", "dossier", "response_due_at", "return_reason", "company__name"]
SCORE = ["score__grade", "score__total", "score__band"]
DOSSIER = [
    "dossier__derived__completeness", "dossier__derived__status", "dossier__derived__next_stale_on",
    "dossier__derived__weakest__name",
]  # fmt: skip


def _leads(user: User) -> QuerySet:
    return Lead.objects.visible_to(user).unmerged()


def _at(lead: Lead) -> str:
    return lead.company.name if lead.company else ""


def _list(tab: str) -> str:
    return f"{reverse('leads:leads')}?tab={tab}"


def _answer_lines(leads: QuerySet, action: str) -> tuple[list[Line], bool]:
    now = timezone.now()
    found = leads.filter(stage=LeadStage.MQL).select_related("company", "score").only(*LINE, *SCORE)
    rows, more = cut(list(found.order_by(F("response_due_at").asc(nulls_last=True), "pk")[: LINES + 1]))
    lines = []
    for lead in rows:
        late = lead.response_due_at is not None and lead.response_due_at <= now
        score = getattr(lead, "score", None)
        pills = (
            [(f"{score.grade} · {score.total}", {"hot": "bad", "warm": "warn"}.get(score.band, "quiet"))]
            if score
            else []
        )
        lines.append(
            Line(
                lead.name, lead.get_absolute_url(), _at(lead), pills, lead.response_due_at, "answer due", late,
                action=Action("Accept", reverse("leads:accept", args=[lead.pk]), post=True)
                if action == "accept"
                else Action("Assign", reverse("leads:assign", args=[lead.pk]), dialog=True),
            )
        )  # fmt: skip
    return lines, more


def to_accept(user: User) -> Section:
    """MQLs for this AE, or for whoever of the team is first; those past their response time on top."""
    mine = Q(owner=user) | Q(owner=None, team__in=user.team_ids)
    lines, more = _answer_lines(_leads(user).filter(mine), "accept")
    return Section("Leads to accept", "user-plus", lines, more_url=_list("accept"), many=more)


def response_misses(user: User) -> Section:
    """MQLs of the teams that nobody accepted in time."""
    late = Q(response_due_at__lte=timezone.now())
    lines, more = _answer_lines(_leads(user).filter(late), "assign")
    return Section(
        "Leads past their response time", "clock-exclamation", lines, more_url=_list("accept"), many=more,
        empty="Every lead was answered in time.",
    )  # fmt: skip


def to_qualify(user: User) -> Section:
    """The own SQLs to convert and SALs to qualify, each with the next question to ask."""
    questions = Prefetch("dossier__derived__weakest__questions", Question.objects.order_by("order", "pk"))
    found = (
        _leads(user)
        .filter(owner=user, stage__in=[LeadStage.SQL, LeadStage.SAL])
        .select_related("company", "dossier__derived__weakest")
        .only(*LINE, *DOSSIER)
        .prefetch_related(questions)
        .order_by("-stage", F("dossier__derived__next_stale_on").asc(nulls_last=True), "stage_since")
    )
    rows, more = cut(list(found[: LINES + 1]))
    return Section(
        "Leads to qualify", "message-question", [_qualify_line(lead) for lead in rows], more_url=_list("mine"),
        many=more,
    )  # fmt: skip


def _qualify_line(lead: Lead) -> Line:
    line = Line(lead.name, lead.get_absolute_url(), _at(lead))
    if lead.stage == LeadStage.SQL:
        line.pills = [("SQL", "good")]
        line.why = f"{line.why} · everything is known" if line.why else "Everything is known"
        line.action = Action("Convert", reverse("deals:convert", args=[lead.pk]), dialog=True)
        return line
    derived = getattr(lead.dossier, "derived", None) if lead.dossier else None
    if derived is None:
        line.pills = [("Nothing known yet", "quiet")]
        line.action = Action("Start", lead.get_absolute_url())
        return line
    line.figure = f"{derived.completeness} %"
    if derived.status in (Status.AT_RISK, Status.DISQUALIFIED):
        line.pills.append((derived.get_status_display(), "bad"))
    weakest = derived.weakest
    if weakest is None:
        line.pills.append(("Ready", "good"))
        line.action = Action("Make it an SQL", reverse("leads:qualify", args=[lead.pk]), post=True)
        return line
    line.pills.append((weakest.name, "warn"))
    asked = next(iter(weakest.questions.all()), None)
    if asked:
        line.why = f"Ask: {asked.text}"
    record = reverse("qualification:record_evidence", args=[lead.dossier_id, weakest.pk])
    line.action = Action("Record", record, dialog=True)
    return line


def returned(user: User) -> Section:
    """Leads that AEs gave back: feedback on the rules that let them through."""
    found = (
        _leads(user)
        .exclude(return_reason="")
        .filter(stage=LeadStage.NEW)
        .select_related("company", "score")
        .only(*LINE, *SCORE)
        .order_by("-created_at", "-pk")
    )
    rows, more = cut(list(found[: LINES + 1]))
    lines = [
        Line(
            lead.name, lead.get_absolute_url(), _at(lead), [(lead.get_return_reason_display(), "warn")],
            lead.stage_since, action=Action("Mend it", reverse("leads:edit", args=[lead.pk]), dialog=True),
        )
        for lead in rows
    ]  # fmt: skip
    return Section(
        "Returned by sales", "arrow-back-up", lines, "No lead has come back. The rules let the right ones through.",
        _list("returned"), many=more,
    )  # fmt: skip


def near_threshold(user: User) -> Section:
    """New leads a few points below their team's threshold: one more touch makes an MQL of them."""
    # A handful of thresholds as plain numbers: a subquery per lead would cost more than all the rest.
    thresholds = dict(TeamPolicy.objects.values_list("team", "mql_threshold"))
    near = (Q(team=None) | ~Q(team__in=list(thresholds))) & _just_below(THRESHOLD)
    for threshold in set(thresholds.values()):
        near |= Q(team__in=[pk for pk, own in thresholds.items() if own == threshold]) & _just_below(threshold)
    found = (
        _leads(user)
        .filter(near, stage=LeadStage.NEW, return_reason="")
        .select_related("company", "score")
        .only(*LINE, *SCORE)
        .order_by("-score__total", "-pk")
    )
    rows, more = cut(list(found[: LINES + 1]))
    lines = []
    for lead in rows:
        threshold = thresholds.get(lead.team_id, THRESHOLD)
        lines.append(
            Line(
                lead.name, lead.get_absolute_url(), _at(lead),
                [(f"{threshold - lead.score.total} short of {threshold}", "info")], figure=str(lead.score.total),
                action=Action("Note a touch", reverse("leads:engagement", args=[lead.pk]), dialog=True),
            )
        )  # fmt: skip
    return Section(
        "Nearly an MQL", "target-arrow", lines, f"No new lead is within {NEAR} points of its team's threshold.",
        f"{_list('all')}&sort=-score&stage=new", many=more,
    )  # fmt: skip


def _just_below(threshold: int) -> Q:
    return Q(score__total__lt=threshold, score__total__gte=threshold - NEAR)


def weeks(user: User) -> list[Figure]:
    """New leads, MQLs and acceptances of the last seven days against the seven before."""
    now = timezone.now()
    week, before = now - datetime.timedelta(days=7), now - datetime.timedelta(days=14)
    names = {"created_at": "New leads", "mql_at": "Became MQLs", "accepted_at": "Accepted by sales"}
    wanted = {}
    recent = Q()
    for field in names:
        wanted[f"{field}_this"] = Count("pk", filter=Q(**{f"{field}__gt": week}))
        wanted[f"{field}_last"] = Count("pk", filter=Q(**{f"{field}__gt": before, f"{field}__lte": week}))
        recent |= Q(**{f"{field}__gt": before})
    found = Lead.objects.visible_to(user).unmerged().filter(recent).aggregate(**wanted)
    return [
        Figure(
            label, f"{found[f'{field}_this']:,}", f"in the last 7 days, {found[f'{field}_last']:,} in the 7 before",
            _list("accept" if field == "mql_at" else "all"),
        )
        for field, label in names.items()
    ]  # fmt: skip


def sources(user: User) -> Counts:
    """Where the leads of the last 30 days came from, and how many of them sales got and took."""
    since = timezone.now() - datetime.timedelta(days=30)
    rows = (
        Lead.objects.visible_to(user)
        .unmerged()
        .filter(created_at__gt=since)
        .order_by()
        .values_list("source")
        .annotate(
            n=Count("pk"), mql=Count("pk", filter=Q(mql_at__isnull=False)),
            accepted=Count("pk", filter=Q(accepted_at__isnull=False)),
        )
    )  # fmt: skip
    labels = dict(Source.choices)
    return Counts(
        "Sources", "Leads entered in the last 30 days, and how many of them became MQLs and were accepted so far.",
        ["Leads", "MQLs", "Accepted"],
        [(labels[row[0]], list(row[1:])) for row in sorted(rows, key=lambda row: (-row[1], row[0]))],
    )  # fmt: skip
