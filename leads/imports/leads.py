"""Leads from a file."""

import functools
from collections.abc import Callable

from django.db import connection

from leads.domains import domain_of
from leads.hooks import on_converted
from leads.imported_history import date_history, insert_without_events
from leads.imports import companies, outcomes
from leads.imports.companies import derive_company, link_companies, may_import
from leads.imports.engine import Run
from leads.imports.taking_back import Progress, delete, in_chunks
from leads.imports.targets import Field, Target, register
from leads.models import Consent, ImportBatch, Lead, LeadScore, LeadStage, Source
from leads.titles import function_of, seniority_of
from leads.visibility import leads_workable_by
from people.models import Role, Team
from presales.text import key, squeeze

STAGES = {
    "not contacted": "new", "open": "new", "attempted to contact": "mql", "marketing qualified": "mql",
    "contacted": "sal", "working": "sal", "accepted": "sal", "pre qualified": "sql", "prequalified": "sql",
    "qualified": "sql", "sales qualified": "sql", "contact in future": "nurture", "nurturing": "nurture",
    "lost lead": "disqualified", "junk lead": "disqualified", "unqualified": "disqualified", "lost": "disqualified",
    "closed not converted": "disqualified", "closed lost": "disqualified", "closed converted": "converted",
    "closed won": "converted", "won": "converted", "customer": "converted",
}  # fmt: skip
SOURCES = {
    "employee referral": "referral", "external referral": "referral", "trade show": "event", "conference": "event",
    "cold call": "outbound", "cold calling": "outbound", "online store": "web_form", "onlinestore": "web_form",
    "website": "web_form", "web": "web_form", "web research": "outbound", "advertisement": "other",
    "public relations": "other", "sales mail alias": "other", "seminar": "webinar", "download": "content",
}  # fmt: skip


def check_row(record: dict) -> list[tuple[str, str]]:
    """A lead needs something to be called by."""
    name = _name(record)
    if not name:
        return [("Name", "neither a name nor an e-mail address")]
    return [("Name", "longer than 160 characters with the first name")] if len(name) > 160 else []


def _name(record: dict) -> str:
    first, name = record.get("first_name"), record.get("name")
    if not first and not name:
        name = (record.get("email") or "").partition("@")[0][:160] or record.get("external_id")
    if not first and not name and "by_line" in record:
        name = f"Line {record['by_line'][1]}"
    return squeeze(f"{first or ''} {name or ''}")


def derive(row: dict) -> None:
    """Names and keys as `Lead.derive` and `Company.save` make them."""
    row["name"] = _name(row)
    if "by_line" in row and not row.get("external_id"):
        # The same line of the same file is the same lead.
        row["external_id"] = ":".join(map(str, row["by_line"]))
    outcomes.settle(row)
    row["name_key"] = key(row["name"])[:160]
    row["email_key"] = key(row.get("email") or "")[:254]
    row["seniority"], row["fn"] = _title(row.get("job_title") or "")
    row["domain"] = domain_of(row.get("website") or "")
    derive_company(row)


@functools.lru_cache(maxsize=4096)
def _title(title: str) -> tuple[str, str]:
    return seniority_of(title), function_of(title)


def load(run: Run) -> dict[str, int]:
    """Link companies, set duplicates apart, insert the rest with their score rows."""
    run.sql("ALTER TABLE staged ADD COLUMN lead_id bigint")
    _same_line_twice(run)
    link_companies(
        run,
        extra="domain = coalesce(domain, ''); industry = coalesce(left(industry, 80), '');"
        " country = coalesce(left(country, 80), ''); employees = employees; region = coalesce(left(region, 60), '')",
    )
    _find_duplicates(run)
    _territory(run)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM staged WHERE lead_id IS NOT NULL")
        duplicates = cursor.fetchone()[0]
    updated = _fill(run) if run.options.get("fill") else 0
    outcomes.open_dossiers(run)
    created = insert_without_events(
        """
        INSERT INTO leads_lead (name, name_key, email, email_key, phone, job_title, seniority, function, company_id, source,
            campaign, consent, consent_at, notes, owner_id, owner_name, team_id, stage, stage_since, mql_at,
            accepted_at, qualified_at, converted_at, dossier_id, custom, return_reason, nurture_until, disqualify_reason,
            import_batch_id, external_source, external_id, created_by_id, created_at, version)
        SELECT name, name_key, coalesce(email, ''), coalesce(email_key, ''), coalesce(phone, ''), coalesce(job_title, ''),
            coalesce(seniority, ''), coalesce(fn, ''), company_id, coalesce(source, 'other'), coalesce(campaign, ''),
            coalesce(consent, 'unknown'), CASE WHEN consent IN ('given', 'withdrawn') THEN %(now)s END,
            coalesce(notes, ''), owner_id,
            CASE WHEN owner_id IS NULL THEN coalesce(owner, CASE WHEN stage IN ('sal', 'sql') THEN 'Not named' END, '') ELSE '' END,
            team_id, coalesce(stage, 'new'),
            CASE WHEN stage IN ('converted', 'disqualified') THEN least(coalesce(closed_at, created_at, %(now)s), %(now)s)
                 ELSE coalesce(created_at, %(now)s) END,
            CASE WHEN stage IN ('mql', 'sal', 'sql', 'converted') THEN coalesce(created_at, %(now)s) END,
            CASE WHEN stage IN ('sal', 'sql', 'converted') THEN coalesce(created_at, %(now)s) END,
            CASE WHEN stage IN ('sql', 'converted') THEN coalesce(created_at, %(now)s) END,
            CASE WHEN stage = 'converted' THEN least(coalesce(closed_at, created_at, %(now)s), %(now)s) END,
            dossier_id, coalesce(custom, '{}'), '',
            CASE WHEN stage = 'nurture' THEN coalesce(nurture_until, (%(now)s::timestamptz + interval '90 days')::date) END,
            CASE WHEN stage = 'disqualified' THEN 'other' ELSE '' END, %(batch)s,
            CASE WHEN external_id IS NULL THEN '' ELSE 'import' END, coalesce(external_id, ''), %(user)s,
            least(coalesce(created_at, %(now)s), %(now)s), 1
          FROM staged WHERE lead_id IS NULL ORDER BY line
        """,
        {"now": run.now, "batch": run.batch.pk, "user": run.user.pk},
    )
    date_history(run.batch)
    run.sql(
        """
        INSERT INTO leads_leadscore (lead_id, fit, engagement, total, grade, band, masses, mass_rev, input_rev,
                                     computed_rev, attempts, last_error)
        SELECT id, 0, 0, 0, 'D4', 'cold', '{}', 0, 1, 0, 0, '' FROM leads_lead WHERE import_batch_id = %(batch)s
        ON CONFLICT DO NOTHING
        """
    )
    return {"created": created, "updated": updated, "unchanged": duplicates - updated}


def _same_line_twice(run: Run) -> None:
    run.reject_twice("external_id", "Number in the other system")
    run.reject_twice("email_key", "E-mail")
    run.reject(
        """SELECT line, name FROM (SELECT line, name, row_number() OVER (PARTITION BY name_key, company_key ORDER BY line) AS n
             FROM staged WHERE email_key IS NULL AND external_id IS NULL AND company_key <> '') numbered WHERE n > 1""",
        "Name", "stands in the file twice, at the same company; the first line counts",
    )  # fmt: skip


def _find_duplicates(run: Run) -> None:
    """By the number in the other system, then e-mail, then name at the same company; among visible leads."""
    statement, parameters = (
        Lead.objects.visible_to(run.user).unmerged().order_by()
        .values("id", "external_id", "external_source", "email_key", "name_key", "company_id").query.sql_with_params()
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE mine ON COMMIT DROP AS {statement}", parameters)
        cursor.execute("CREATE INDEX ON mine (email_key)")
        cursor.execute("CREATE INDEX ON mine (name_key)")
        cursor.execute("ANALYZE mine")
    run.sql(
        """UPDATE staged SET lead_id = mine.id FROM mine
            WHERE mine.external_source = 'import' AND staged.external_id = mine.external_id"""
    )
    run.sql(
        """UPDATE staged SET lead_id = found.id FROM (SELECT email_key, min(id) AS id FROM mine WHERE email_key <> ''
                                                    GROUP BY email_key) found
            WHERE staged.lead_id IS NULL AND staged.email_key = found.email_key"""
    )
    run.sql(
        """UPDATE staged SET lead_id = found.id
             FROM (SELECT name_key, company_id, min(id) AS id FROM mine WHERE company_id IS NOT NULL
                    GROUP BY name_key, company_id) found
            WHERE staged.lead_id IS NULL AND staged.email_key IS NULL AND staged.external_id IS NULL
              AND staged.name_key = found.name_key AND staged.company_id = found.company_id"""
    )
    # The number may be known from a lead this person does not see; then the row is theirs, without the number.
    run.sql(
        """UPDATE staged SET external_id = NULL WHERE lead_id IS NULL AND external_id IS NOT NULL AND EXISTS
             (SELECT 1 FROM leads_lead l WHERE l.external_source = 'import' AND l.external_id = staged.external_id)"""
    )


def _territory(run: Run) -> None:
    """The owner's team, else the one chosen for the import; an AE's import stays in the own team."""
    chosen = Team.objects.visible_to(run.user).filter(pk=run.options.get("team") or 0).first()
    team = chosen or Team.objects.filter(pk__in=run.user.team_ids).order_by("name").first()
    if run.user.role == Role.AE:
        run.sql("UPDATE staged SET team_id = %(team)s", {"team": team.pk if team else None})
    else:
        run.sql("UPDATE staged SET team_id = coalesce(team_id, %(team)s)", {"team": team.pk if team else None})


def _fill(run: Run) -> int:
    """Fill what is empty in leads that are already there and that the person may change; nothing is overwritten."""
    statement, parameters = (
        leads_workable_by(Lead.objects.visible_to(run.user), run.user).order_by().values("id").query.sql_with_params()
    )
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE workable ON COMMIT DROP AS {statement}", parameters)
        cursor.execute("CREATE INDEX ON workable (id)")
        cursor.execute("ANALYZE workable")
    changed = """
        (l.phone = '' AND s.phone <> '') OR (l.job_title = '' AND s.job_title <> '') OR (l.email = '' AND s.email <> '')
        OR (l.company_id IS NULL AND s.company_id IS NOT NULL) OR (l.campaign = '' AND s.campaign <> '')
        OR coalesce(s.custom, '{}') || l.custom <> l.custom
    """
    updated = run.sql(
        f"""
        UPDATE leads_lead l
           SET phone = CASE WHEN l.phone = '' THEN coalesce(s.phone, '') ELSE l.phone END,
               seniority = CASE WHEN l.job_title = '' THEN coalesce(s.seniority, '') ELSE l.seniority END,
               function = CASE WHEN l.job_title = '' THEN coalesce(s.fn, '') ELSE l.function END,
               job_title = CASE WHEN l.job_title = '' THEN coalesce(s.job_title, '') ELSE l.job_title END,
               email_key = CASE WHEN l.email = '' THEN coalesce(s.email_key, '') ELSE l.email_key END,
               email = CASE WHEN l.email = '' THEN coalesce(s.email, '') ELSE l.email END,
               campaign = CASE WHEN l.campaign = '' THEN coalesce(s.campaign, '') ELSE l.campaign END,
               custom = coalesce(s.custom, '{{}}') || l.custom,
               company_id = coalesce(l.company_id, s.company_id), version = l.version + 1
          FROM staged s WHERE s.lead_id = l.id AND EXISTS (SELECT 1 FROM workable w WHERE w.id = l.id) AND ({changed})
        """
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT lead_id FROM staged JOIN workable ON workable.id = lead_id")
        ids = [row[0] for row in cursor.fetchall()] if updated else []
    LeadScore.objects.filter(pk__in=ids).mark_stale()
    for hook in on_converted:
        hook(ids)
    return updated


use_hooks: list[Callable[[list[int]], set[int]]] = []
"""Rooms above say which of some leads they use."""


def undo(batch: ImportBatch, progress: Progress) -> int:
    """Remove the leads of a batch that nobody worked on since, and then its unused companies; how many stay."""
    untouched = """
        SELECT l.id, l.dossier_id FROM leads_lead l
         WHERE l.import_batch_id = %(batch)s AND l.version = 1 AND l.id > %(after)s
           AND (l.dossier_id IS NULL OR l.stage = 'converted'
                AND NOT EXISTS (SELECT 1 FROM qualification_evidence e WHERE e.dossier_id = l.dossier_id))
           AND NOT EXISTS (SELECT 1 FROM leads_engagement e WHERE e.lead_id = l.id)
           AND NOT EXISTS (SELECT 1 FROM leads_leadcomment c WHERE c.lead_id = l.id)
           AND NOT EXISTS (SELECT 1 FROM leads_lead m WHERE m.merged_into_id = l.id)
         ORDER BY l.id LIMIT %(limit)s FOR UPDATE
    """

    def remove(found: list[tuple]) -> None:
        used = set().union(*(hook([pk for pk, _ in found]) for hook in use_hooks))
        free = [(pk, dossier) for pk, dossier in found if pk not in used]
        ids = [pk for pk, _ in free]
        dossiers = [dossier for _, dossier in free if dossier]
        delete("leads_leadscore", "lead_id", ids)
        delete("leads_lead", "id", ids)
        delete("qualification_dossierstatus", "dossier_id", dossiers)
        delete("qualification_dossier", "id", dossiers)
        progress(len(ids))

    in_chunks(untouched, batch.pk, remove)
    companies.undo(batch)
    return Lead.objects.filter(import_batch=batch).count()


register(
    Target(
        name="leads",
        label="Leads",
        record="lead",
        named_by=("name", "first_name", "email", "external_id"),
        nameless="No column says who these people are: call each lead by its line in the file",
        may=may_import,
        load=load,
        undo=undo,
        check_row=check_row,
        derived=("name_key", "email_key", "seniority", "fn", "domain", "company_key"),
        derive=derive,
        fields=[
            Field("first_name", "First name", names=("firstname", "given name"), max_length=80),
            Field("name", "Name or last name", names=("name", "last name", "lastname", "full name", "contact", "lead name"), max_length=160),
            Field("email", "E-mail", kind="email", names=("email", "e-mail address", "mail"), max_length=254),
            Field("phone", "Phone", names=("mobile", "telephone", "phone number"), max_length=40),
            Field("job_title", "Job title", names=("title", "position", "designation"), max_length=160),
            Field("company", "Company", names=("account", "account name", "organisation", "organization", "company name")),
            Field("website", "Company's website", needs="company", names=("domain", "web site", "url"), max_length=300),
            Field("industry", "Company's industry", needs="company", names=("sector", "branch"), max_length=200),
            Field("employees", "Company's employees", needs="company", kind="whole", names=("number of employees", "company size")),
            Field("country", "Country", needs="company", names=("billing country",), max_length=80),
            Field("region", "Region", needs="company", max_length=60),
            Field("source", "Source", kind="choice", names=("lead source",), choices=lambda: Source.choices, guesses=SOURCES),
            Field("campaign", "Campaign", names=("campaign name",), max_length=120),
            Field("stage", "Stage", kind="choice", names=("lead status", "status", "lead stage"), choices=lambda: LeadStage.choices, guesses=STAGES),
            outcomes.field(),
            outcomes.closed_field(),
            Field("owner", "Owner", kind="person", names=("lead owner", "assigned to", "sales agent"), max_length=160),
            Field("consent", "Consent", kind="choice", names=("opt in", "email opt in"), choices=lambda: Consent.choices,
                  guesses={"yes": "given", "no": "withdrawn", "true": "given", "false": "withdrawn"}),
            Field("created_at", "Created", kind="moment", names=("created time", "created date", "createddate", "date")),
            Field("nurture_until", "Look again on", kind="day"),
            Field("notes", "Notes", names=("description", "comment", "comments"), max_length=10000),
            Field("external_id", "Number in the other system", names=("leadid", "lead id", "record id", "id", "lead number", "prospect id", "contact id", "customer id"), max_length=120),
        ],
    )
)  # fmt: skip
