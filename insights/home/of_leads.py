"""The parts of home pages that speak of leads. One query each, all by index and cut short."""

import datetime
from collections.abc import Callable

from django.db.models import BigIntegerField, Count, F, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone

from insights.home.parts import LINES, Action, Counts, Figure, Line, Section, cut
from leads.models import Lead, LeadStage, Source, TeamPolicy
from leads.models.leads import ReturnReason
from people.models import User
from people.viewers import Viewer, viewer_of
from presales.fragments import address
from presales.prepared import NOW, Given, prepared
from qualification.models import Question, Status

THRESHOLD = TeamPolicy._meta.get_field("mql_threshold").default
TONES = {"hot": "bad", "warm": "warn"}
NEAR = 10  # points below the threshold that count as near


# What a line reads of a lead; a tenth of what a record would.
LINE = ["pk", "name", "company__name", "score__grade", "score__total", "score__band"]
QUALIFYING = [
    "pk", "name", "company__name", "stage", "dossier_id", "dossier__derived__completeness", "dossier__derived__status",
    "dossier__derived__weakest_id", "dossier__derived__weakest__name", "question",
]  # fmt: skip


def _leads(user: User) -> QuerySet:
    return Lead.objects.visible_to(user).unmerged()


def _first(leads: QuerySet, columns: list[str]) -> QuerySet:
    """The first lines, and one more, as plain rows."""
    return leads.values_list(*columns, named=True)[: LINES + 1]


def _page(lead: tuple) -> str:
    return address("leads:lead", lead.pk)


def _list(tab: str) -> str:
    return f"{reverse('leads:leads')}?tab={tab}"


def _to_answer(leads: QuerySet) -> QuerySet:
    found = leads.filter(stage=LeadStage.MQL).order_by(F("response_due_at").asc(nulls_last=True), "pk")
    return _first(found, [*LINE, "response_due_at"])


@prepared
def _to_accept(viewer: Viewer) -> QuerySet:
    user = viewer.user
    return _to_answer(_leads(user).filter(Q(owner=user) | Q(owner=None, team__in=user.team_ids)))


@prepared
def _missed(viewer: Viewer) -> QuerySet:
    return _to_answer(_leads(viewer.user).filter(response_due_at__lte=NOW))


def _answer_lines(found: list[tuple], action: Callable[[int], Action]) -> tuple[list[Line], bool]:
    now, (rows, more) = timezone.now(), cut(found)
    lines = []
    for lead in rows:
        due = lead.response_due_at
        pills = [(f"{lead.score__grade} · {lead.score__total}", TONES.get(lead.score__band, "quiet"))]
        lines.append(
            Line(
                lead.name, _page(lead), lead.company__name or "", pills if lead.score__grade else [], due,
                "answer due", due is not None and due <= now, action=action(lead.pk),
            )
        )  # fmt: skip
    return lines, more


def _accept(lead: int) -> Action:
    return Action("Accept", address("leads:accept", lead), post=True)


def _assign(lead: int) -> Action:
    return Action("Assign", address("leads:assign", lead), dialog=True)


def to_accept(user: User) -> Section:
    """MQLs for this AE, or for whoever of the team is first; those past their response time on top."""
    lines, more = _answer_lines(_to_accept(viewer_of(user)).rows(), _accept)
    return Section("Leads to accept", "user-plus", lines, more_url=_list("accept"), many=more)


def response_misses(user: User) -> Section:
    """MQLs of the teams that nobody accepted in time."""
    lines, more = _answer_lines(_missed(viewer_of(user)).rows(), _assign)
    return Section(
        "Leads past their response time", "clock-exclamation", lines, more_url=_list("accept"), many=more,
        empty="Every lead was answered in time.",
    )  # fmt: skip


@prepared
def _qualifying() -> QuerySet:
    questions = Question.objects.filter(criterion=OuterRef("dossier__derived__weakest")).order_by("order", "pk")
    own = Lead.objects.unmerged().filter(owner=Given("user", BigIntegerField()))
    found = (
        own.filter(stage__in=[LeadStage.SQL, LeadStage.SAL])
        .annotate(question=Subquery(questions.values("text")[:1]))
        .order_by("-stage", F("dossier__derived__next_stale_on").asc(nulls_last=True), "stage_since")
    )
    return _first(found, QUALIFYING)


def to_qualify(user: User) -> Section:
    """The own SQLs to convert and SALs to qualify, each with the next question to ask."""
    rows, more = cut(_qualifying().rows(user=user.pk))
    return Section(
        "Leads to qualify", "message-question", [_qualify_line(lead) for lead in rows], more_url=_list("mine"),
        many=more,
    )  # fmt: skip


def _qualify_line(lead: tuple) -> Line:
    line = Line(lead.name, _page(lead), lead.company__name or "")
    if lead.stage == LeadStage.SQL:
        line.pills = [("SQL", "good")]
        line.why = f"{line.why} · everything is known" if line.why else "Everything is known"
        line.action = Action("Convert", address("deals:convert", lead.pk), dialog=True)
        return line
    status, weakest = lead.dossier__derived__status, lead.dossier__derived__weakest_id
    if status is None:
        line.pills = [("Nothing known yet", "quiet")]
        line.action = Action("Start", _page(lead))
        return line
    line.figure = f"{lead.dossier__derived__completeness} %"
    if status in (Status.AT_RISK, Status.DISQUALIFIED):
        line.pills.append((Status(status).label, "bad"))
    if weakest is None:
        line.pills.append(("Ready", "good"))
        line.action = Action("Make it an SQL", address("leads:qualify", lead.pk), post=True)
        return line
    line.pills.append((lead.dossier__derived__weakest__name, "warn"))
    if lead.question:
        line.why = f"Ask: {lead.question}"
    record = reverse("qualification:record_evidence", args=[lead.dossier_id, weakest])
    line.action = Action("Record", record, dialog=True)
    return line


def returned(user: User) -> Section:
    """Leads that AEs gave back: feedback on the rules that let them through."""
    found = _leads(user).exclude(return_reason="").filter(stage=LeadStage.NEW).order_by("-created_at", "-pk")
    rows, more = cut(list(_first(found, ["pk", "name", "company__name", "return_reason", "stage_since"])))
    lines = [
        Line(
            lead.name, _page(lead), lead.company__name or "", [(ReturnReason(lead.return_reason).label, "warn")],
            lead.stage_since, action=Action("Mend it", address("leads:edit", lead.pk), dialog=True),
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
    found = _leads(user).filter(near, stage=LeadStage.NEW, return_reason="").order_by("-score__total", "-pk")
    rows, more = cut(list(_first(found, [*LINE, "team_id"])))
    lines = []
    for lead in rows:
        threshold = thresholds.get(lead.team_id, THRESHOLD)
        lines.append(
            Line(
                lead.name, _page(lead), lead.company__name or "",
                [(f"{threshold - lead.score__total} short of {threshold}", "info")], figure=str(lead.score__total),
                action=Action("Note a touch", address("leads:engagement", lead.pk), dialog=True),
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
