"""One lead's story: its history, what was found out, what it did and what was said, newest first."""

from leads.models import Company, EngagementKind, Lead, NurtureTouch
from presales.history import Change, Entry, changes_of

LIMIT = 60
# What an action is called when told afterwards.
TOLD = {
    "insert": "entered this lead",
    "update": "changed this lead",
    "log_lead": "logged this lead",
    "update_lead": "edited this lead",
    "make_mql": "handed this lead to sales",
    "accept": "accepted this lead",
    "return_to_marketing": "returned this lead to marketing",
    "qualify": "qualified this lead",
    "nurture": "set this lead aside for later",
    "disqualify": "disqualified this lead",
    "reopen": "reopened this lead",
    "move_back": "moved this lead back",
    "assign": "assigned this lead",
    "route": "routed this lead",
    "merge": "merged another lead into this one",
    "capture": "came in through a web form",
    "convert": "converted this lead",
}
TOLD_OF_COMPANY = {
    "insert": "added this company",
    "add_company": "added this company",
    "log_lead": "added this company with a lead",
    "update_lead": "added this company with a lead",
    "capture": "added this company from a web form",
    "update_company": "edited this company",
}
ICONS = {
    "accept": "user-check",
    "assign": "user-share",
    "comment": "message",
    "convert": "arrow-right-circle",
    "disqualify": "circle-x",
    "engagement": "activity",
    "evidence": "file-check",
    "log_lead": "plus",
    "make_mql": "send",
    "merge": "git-merge",
    "move_back": "arrow-back-up",
    "nurture": "clock",
    "qualify": "circle-check",
    "reopen": "rotate-clockwise",
    "return_to_marketing": "corner-up-left",
    "route": "route",
}
# Fields that only repeat what a move already says.
IMPLIED = {
    "stage_since", "accepted_at", "qualified_at", "converted_at", "mql_at", "response_due_at", "dossier", "consent_at",
}  # fmt: skip
# What somebody did, as the end of a sentence that begins with their name.
DID = {
    EngagementKind.DEMO_REQUEST: "asked for a demo",
    EngagementKind.TRIAL_SIGNUP: "signed up for a trial",
    EngagementKind.WEBINAR_ATTENDED: "attended a webinar",
    EngagementKind.CONTENT_DOWNLOADED: "downloaded content",
    EngagementKind.EMAIL_OPENED: "opened an e-mail",
    EngagementKind.EMAIL_CLICKED: "clicked a link in an e-mail",
    EngagementKind.EMAIL_REPLIED: "replied to an e-mail",
    EngagementKind.PAGE_VISIT: "visited the website",
    EngagementKind.MEETING: "met with us",
}


def timeline_of(lead: Lead) -> list[Entry]:
    """The newest LIMIT entries; a fixed number of queries whatever their number.

    Call it for a lead that the person may see: all of it is then theirs to read.
    """
    entries = [*_history(lead), *_engagements(lead), *_comments(lead), *_evidence(lead), *_nurture(lead)]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:LIMIT]


def company_history(company: Company) -> list[Entry]:
    """What happened to a company's own facts, newest first."""
    entries = changes_of(company, 20)
    for entry in entries:
        entry.title = TOLD_OF_COMPANY.get(entry.action, "changed this company")
        entry.icon = "building"
    return entries


def _history(lead: Lead) -> list[Entry]:
    entries = []
    for entry in changes_of(lead, LIMIT):
        entry.title = TOLD.get(entry.action, entry.title)
        entry.icon = ICONS.get(entry.action, "history")
        told = [change for change in entry.changes if change.field not in IMPLIED]
        if told or not entry.changes:  # one action may write a row twice; what only repeats it is left out
            entry.changes = told
            entries.append(entry)
    return entries


def _engagements(lead: Lead) -> list[Entry]:
    return [
        Entry(
            at=engagement.occurred_at,
            kind="engagement",
            who=lead.name,
            title=DID[engagement.kind],
            channel=engagement.channel,
            text=engagement.note,
            icon=ICONS["engagement"],
        )
        for engagement in lead.engagements.all()[:LIMIT]
    ]


def _comments(lead: Lead) -> list[Entry]:
    return [
        Entry(
            at=comment.created_at,
            kind="comment",
            who=comment.author.name if comment.author else lead.name,
            title="commented" if comment.author else "wrote",
            channel="web",
            text=comment.text,
            icon=ICONS["comment"],
        )
        for comment in lead.comments.select_related("author")[:LIMIT]
    ]


def _evidence(lead: Lead) -> list[Entry]:
    if lead.dossier_id is None:
        return []
    evidence = lead.dossier.evidence.select_related("criterion", "recorded_by")[:LIMIT]
    return [
        Entry(
            at=item.recorded_at,
            kind="evidence",
            who=item.recorded_by.name if item.recorded_by else "Presales",
            title=f"recorded evidence on {item.criterion.name}",
            channel="web",
            text=item.text,
            icon=ICONS["evidence"],
            changes=[Change("Level", "–", item.get_level_display())]
            + ([Change("Said by", "–", item.source_person)] if item.source_person else []),
        )
        for item in evidence
    ]


def _nurture(lead: Lead) -> list[Entry]:
    """Mails that left, and calls with what came of them."""
    touches = NurtureTouch.objects.filter(enrolment__lead=lead).select_related("step", "mail", "done_by")
    entries = []
    for touch in touches.order_by("-due_at")[:LIMIT]:
        if touch.mail is not None and touch.mail.sent_at:
            title, at, who, text = "was sent an e-mail", touch.mail.sent_at, lead.name, touch.mail.subject
        elif touch.done_at:
            title = "called, and reached them" if touch.result == "reached" else "called, and did not reach them"
            at, who, text = touch.done_at, touch.done_by.name if touch.done_by else "Presales", touch.note
        else:
            continue
        entries.append(Entry(at=at, kind="nurture", title=title, who=who, text=text, channel="e-mail", icon="mail"))
    return entries
