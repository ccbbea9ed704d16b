"""Opportunities from a file; a lead that the file names by its number is converted by it."""

import re

from django.db import connection, transaction

from deals.actions.opportunities import default_pipeline
from deals.imported_history import date_history, insert_without_events
from deals.models import EnvironmentAnswer, EvidenceProbability, Opportunity, OpportunityType, QueueEntry
from deals.models.products import Product, product_key
from deals.tasks import train_winning
from leads.imported_history import date_conversions
from leads.imports import companies, leads, outcomes
from leads.imports.companies import derive_company, link_companies
from leads.imports.engine import Run, currency
from leads.imports.leads import SOURCES
from leads.imports.taking_back import Progress, delete, in_chunks
from leads.imports.targets import Field, Target, register
from leads.models import ImportBatch, Lead, Source
from leads.visibility import leads_owned_by
from people.models import Role, Team
from presales.jobs import nudge
from presales.text import squeeze
from qualification.policy import policy_for

STAGE_SLUGS = {
    "prospecting": "qualification", "prospect": "qualification", "engaging": "discovery", "needs analysis": "discovery",
    "initial offer": "presentation", "value proposition": "presentation", "proposal/price quote": "negotiation",
    "negotiation/review": "negotiation", "closed won": "won", "won": "won", "closed lost": "lost", "lost": "lost",
    "id. decision makers": "discovery", "perception analysis": "presentation",
}  # fmt: skip
CURRENCY = re.compile("[A-Za-z]{3}")
TYPES = {"new business": "new", "existing business": "expansion", "existing customer": "expansion"}


def may_import(user: object) -> bool:
    """Who imports opportunities: they are in nobody else's lane."""
    return user.role in (Role.AE, Role.MANAGER, Role.ADMIN)


def stage_choices() -> list[tuple[str, str]]:
    """The default pipeline's stages, but for no-go, which wants a technical reason."""
    return [(stage.slug, stage.name) for stage in default_pipeline().stages.exclude(outcome="no_go")]


def check_row(record: dict) -> list[tuple[str, str]]:
    """A deal has a name. A closed one needs the day on which it closed, and cannot close before it began."""
    outcomes.settle(record, "won", "lost")
    if not _name(record):
        return [("Name", "neither a name nor a company")]
    if (code := record.get("currency")) and not CURRENCY.fullmatch(code):
        return [("Currency", "three letters are wanted, e.g. EUR")]
    if (term := record.get("term_months")) is not None and not 1 <= term <= 120:
        return [("Contract term (months)", "is not between 1 and 120")]
    closed = record.get("stage") in ("won", "lost")
    if closed and "undated" in record:
        record["closed_on"] = record.get("closed_on") or record["undated"]
    day, created = record.get("closed_on"), record.get("created_at")
    if closed and day is None:
        return [("Close date", "a closed deal needs its day")]
    if closed and created and day < created.date():
        return [("Close date", "lies before the deal began")]
    return []


def _name(record: dict) -> str:
    pair = ": ".join(record[part] for part in ("company", "product") if record.get(part))
    by_line = f"Line {record['by_line'][1]}" if "by_line" in record else ""
    return squeeze(record.get("name") or pair or record.get("external_id") or by_line)[:200]


def derive(row: dict) -> None:
    """The name, made of company and product where the file has none; the keys."""
    row["name"] = _name(row)
    if "by_line" in row and not row.get("external_id"):
        # The same line of the same file is the same deal.
        row["external_id"] = ":".join(map(str, row["by_line"]))
    row["product_key"] = product_key(row.get("product") or "")
    derive_company(row)


def derive_product(row: dict) -> None:
    """The name squeezed, and its key."""
    row["name"] = squeeze(row["name"])
    row["name_key"] = product_key(row["name"])


def load(run: Run) -> dict[str, int]:
    """Link companies and leads, set apart what is there already, insert the rest with a dossier each."""
    run.sql("ALTER TABLE staged ADD COLUMN lead_id bigint, ADD COLUMN dossier_id bigint, ADD COLUMN known_id bigint, "
            "ADD COLUMN stage_id bigint, ADD COLUMN outcome text")  # fmt: skip
    run.reject_twice("external_id", "Number in the other system")
    run.reject_twice("lead_number", "Number of its lead")
    link_companies(run)
    _link_leads(run)
    pipeline = default_pipeline()
    run.sql("UPDATE staged SET stage = coalesce(stage, 'qualification')")
    run.sql(
        """UPDATE staged SET stage_id = s.id, outcome = s.outcome FROM deals_stage s
            WHERE s.pipeline_id = %(pipeline)s AND s.slug = staged.stage""",
        {"pipeline": pipeline.pk},
    )
    run.sql(
        """UPDATE staged SET known_id = o.id FROM deals_opportunity o
            WHERE o.external_source = 'import' AND staged.external_id = o.external_id"""
    )
    run.sql(
        """UPDATE staged SET known_id = o.id FROM deals_opportunity o
            WHERE staged.known_id IS NULL AND staged.lead_id IS NOT NULL AND o.lead_id = staged.lead_id"""
    )
    _find_by_name(run)
    chosen = Team.objects.visible_to(run.user).filter(pk=run.options.get("team") or 0).first()
    team = chosen or Team.objects.filter(pk__in=run.user.team_ids).order_by("name").first()
    own = "%(team)s" if run.user.role == Role.AE else "coalesce(team_id, %(team)s)"
    run.sql(f"UPDATE staged SET team_id = {own}", {"team": team.pk if team else None})
    _dossiers(run, policy_for(team.pk if team else None).framework_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM staged WHERE known_id IS NOT NULL")
        unchanged = cursor.fetchone()[0]
    created = insert_without_events(
        """
        INSERT INTO deals_opportunity (name, company_id, lead_id, dossier_id, type, source, product, pipeline_id, stage_id,
            outcome, stage_since, owner_id, owner_name, team_id, needed_skills, amount, currency, term_months, one_off,
            claimed_probability,
            forecast_category, close_date, compelling_event, next_step, created_at, last_activity_at, closed_on,
            lost_reason, lost_to, no_go_reason, import_batch_id, external_source, external_id, version, custom)
        SELECT s.name, s.company_id, s.lead_id, s.dossier_id, coalesce(s.type, 'new'), coalesce(s.source, 'other'),
            coalesce(p.name, s.product, ''), %(pipeline)s, s.stage_id, s.outcome,
            CASE WHEN s.outcome = 'open' THEN coalesce(s.created_at, %(now)s) ELSE s.closed_on::timestamp AT TIME ZONE 'UTC' END,
            s.owner_id, CASE WHEN s.owner_id IS NULL THEN coalesce(s.owner, '') ELSE '' END, s.team_id, '',
            coalesce(s.amount, 0), coalesce(upper(s.currency), %(currency)s), coalesce(s.term_months, 12), coalesce(s.one_off, 0),
            CASE WHEN s.outcome = 'open' THEN least(s.probability, 100) END, 'pipeline',
            CASE WHEN s.outcome = 'open' THEN s.closed_on END, '', coalesce(s.next_step, ''),
            least(coalesce(s.created_at, %(now)s), %(now)s),
            CASE WHEN s.outcome = 'open' THEN coalesce(s.created_at, %(now)s) ELSE s.closed_on::timestamp AT TIME ZONE 'UTC' END,
            CASE WHEN s.outcome <> 'open' THEN s.closed_on END, CASE WHEN s.outcome = 'lost' THEN 'unknown' ELSE '' END,
            '', '', %(batch)s, CASE WHEN s.external_id IS NULL THEN '' ELSE 'import' END, coalesce(s.external_id, ''), 1,
            coalesce(s.custom, '{}')
          FROM staged s
          LEFT JOIN deals_product p ON p.name_key = s.product_key
         WHERE s.known_id IS NULL ORDER BY s.line
        """,
        {"pipeline": pipeline.pk, "currency": currency(), "now": run.now, "batch": run.batch.pk},
    )
    date_history(run.batch, pipeline.stages.order_by("order", "pk").first())
    _convert_leads(run)
    nudge(train_winning)  # where the file told of many endings, they are learned from at once
    return {"created": created, "updated": 0, "unchanged": unchanged}


def _find_by_name(run: Run) -> None:
    """Rows without any number are deals that an earlier import brought, if name, company and day of creation are the
    same; among those the importing person sees."""
    statement, parameters = (
        Opportunity.objects.visible_to(run.user).exclude(import_batch=None).order_by()
        .values("id", "name", "company_id", "created_at").query.sql_with_params()
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE mine ON COMMIT DROP AS {statement}", parameters)
        cursor.execute("ANALYZE mine")
    # A day the file does not tell, or one to come, was stored as that of the import.
    run.sql(
        """UPDATE staged SET known_id = o.id FROM mine o
            WHERE staged.known_id IS NULL AND staged.external_id IS NULL AND staged.lead_id IS NULL
              AND o.name = staged.name AND o.company_id IS NOT DISTINCT FROM staged.company_id
              AND (o.created_at = staged.created_at OR staged.created_at IS NULL OR staged.created_at > %(now)s)"""
    )


def _link_leads(run: Run) -> None:
    """By the lead's number in the other system, among leads that the importing person may convert."""
    leads = leads_owned_by(Lead.objects.visible_to(run.user), run.user).filter(external_source="import")
    statement, parameters = (
        leads.exclude(external_id="").order_by().values("id", "external_id", "company_id").query.sql_with_params()
    )
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE their_leads ON COMMIT DROP AS {statement}", parameters)
        cursor.execute("ANALYZE their_leads")
    run.sql(
        """UPDATE staged SET lead_id = t.id, company_id = coalesce(staged.company_id, t.company_id) FROM their_leads t
            WHERE t.external_id = staged.lead_number"""
    )


def _dossiers(run: Run, framework_id: int) -> None:
    """The lead's own dossier, else a new one; with its status row, stale."""
    run.sql(
        """UPDATE staged SET dossier_id = l.dossier_id FROM leads_lead l
            WHERE l.id = staged.lead_id AND staged.known_id IS NULL"""
    )
    run.sql("""ALTER TABLE staged ADD COLUMN fresh_dossier boolean DEFAULT false""")
    run.sql(
        """UPDATE staged SET fresh_dossier = true, dossier_id = nextval(pg_get_serial_sequence('qualification_dossier', 'id'))
            WHERE dossier_id IS NULL AND known_id IS NULL"""
    )
    run.sql(
        """INSERT INTO qualification_dossier (id, framework_id, team_id, created_at)
           SELECT dossier_id, %(framework)s, team_id, %(now)s FROM staged WHERE fresh_dossier""",
        {"framework": framework_id},
    )
    run.sql(
        """INSERT INTO qualification_dossierstatus (dossier_id, input_rev, computed_rev, attempts, last_error, status, completeness)
           SELECT dossier_id, 1, 0, 0, '', 'unqualified', 0 FROM staged WHERE fresh_dossier"""
    )


def _convert_leads(run: Run) -> None:
    date_conversions(
        run.batch,
        """
        UPDATE leads_lead l SET stage = 'converted', converted_at = o.created_at, stage_since = o.created_at,
               dossier_id = o.dossier_id, nurture_until = NULL, disqualify_reason = '', version = l.version + 1
          FROM deals_opportunity o WHERE o.import_batch_id = %(batch)s AND o.lead_id = l.id
        """,
        "SELECT lead_id FROM deals_opportunity WHERE import_batch_id = %(batch)s",
        {"batch": run.batch.pk},
    )
    run.sql(
        """
        UPDATE deals_meeting m SET opportunity_id = o.id, lead_id = NULL
          FROM deals_opportunity o WHERE o.import_batch_id = %(batch)s AND o.lead_id = m.lead_id
        """
    )


def _written_on_deals() -> list[tuple[str, str]]:
    """Table and column of whatever people write on a deal; what jobs write beside it goes with it."""
    return [
        (child.related_model._meta.db_table, child.field.column)
        for child in Opportunity._meta.related_objects
        if child.field.db_constraint and child.related_model not in (QueueEntry, EvidenceProbability)
    ]


def undo(batch: ImportBatch, progress: Progress) -> int:
    """Remove the opportunities of a batch that nobody worked on since, their own dossiers and unused companies; how
    many stay.

    Leads that the batch converted go back to SQL, since they are no opportunity's lead any more.
    """
    unused = " ".join(
        f"AND NOT EXISTS (SELECT 1 FROM {table} child WHERE child.{column} = o.id)"
        for table, column in _written_on_deals()
    )
    untouched = f"""
        SELECT o.id, o.dossier_id, o.lead_id FROM deals_opportunity o
         WHERE o.import_batch_id = %(batch)s AND o.version = 1 AND o.se_id IS NULL AND o.id > %(after)s {unused}
           AND NOT EXISTS (SELECT 1 FROM qualification_evidence e WHERE e.dossier_id = o.dossier_id)
         ORDER BY o.id LIMIT %(limit)s FOR UPDATE
    """

    def remove(found: list[tuple]) -> None:
        deals, dossiers, leads = ([row[n] for row in found] for n in range(3))
        delete("deals_queueentry", "opportunity_id", deals)
        delete("deals_evidenceprobability", "opportunity_id", deals)
        delete("deals_opportunity", "id", deals)
        with connection.cursor() as cursor:
            cursor.execute(
                """UPDATE leads_lead SET stage = 'sql', converted_at = NULL, dossier_id = NULL, version = version + 1,
                          owner_name = CASE WHEN owner_id IS NULL AND owner_name = '' THEN 'Not named' ELSE owner_name END
                    WHERE id = ANY(%s)""",
                [[lead for lead in leads if lead]],
            )
        delete("qualification_dossierstatus", "dossier_id", dossiers)
        delete("qualification_dossier", "id", dossiers)

    in_chunks(untouched, batch.pk, remove, progress)
    companies.undo(batch)
    return Opportunity.objects.filter(import_batch=batch).count()


def leads_in_use(leads: list[int]) -> set[int]:
    """Those of the leads that became opportunities."""
    return set(Opportunity.objects.filter(lead__in=leads).values_list("lead_id", flat=True))


def companies_in_use(companies: list[int]) -> set[int]:
    """Those of the companies that have opportunities, or whose technical environment somebody has asked for."""
    own = (model.objects.filter(company__in=companies) for model in (Opportunity, EnvironmentAnswer))
    return {pk for rows in own for pk in rows.order_by().values_list("company_id", flat=True)}


def load_products(run: Run) -> dict[str, int]:
    """Add products; a known one gets the file's list price."""
    run.reject_twice("name_key", "Name")
    updated = run.sql(
        """UPDATE deals_product p SET list_price = s.list_price FROM staged s
            WHERE p.name_key = s.name_key AND s.list_price IS NOT NULL AND p.list_price IS DISTINCT FROM s.list_price"""
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM staged s JOIN deals_product p ON p.name_key = s.name_key")
        known = cursor.fetchone()[0]
    created = run.sql(
        """INSERT INTO deals_product (name, name_key, series, list_price, import_batch_id)
           SELECT name, name_key, coalesce(series, ''), list_price, %(batch)s FROM staged ORDER BY line
           ON CONFLICT (name_key) DO NOTHING"""
    )
    return {"created": created, "updated": updated, "unchanged": known - updated}


def undo_products(batch: ImportBatch, progress: Progress) -> int:
    """Remove the products of a batch; opportunities keep the product's name as text. None stays."""
    with transaction.atomic():
        removed, _ = Product.objects.filter(import_batch=batch).delete()
        progress(removed)
    return 0


def register_targets() -> None:
    """Called when the site starts."""
    companies.use_hooks.append(companies_in_use)
    leads.use_hooks.append(leads_in_use)
    register(
        Target(
            name="opportunities",
            label="Opportunities",
            record="opportunity",
            named_by=("name", "company", "product", "external_id"),
            nameless="No column says what these deals are called: call each by its line in the file",
            closes_by="closed_on",
            may=may_import,
            load=load,
            undo=undo,
            check_row=check_row,
            derived=("product_key", "company_key"),
            derive=derive,
            fields=[
                Field("name", "Name", names=("potential name", "deal", "deal name", "opportunity", "opportunity name")),
                Field("company", "Company", names=("account", "account name", "company name")),
                Field("stage", "Stage", kind="choice", names=("deal_stage", "stagename", "stage name", "sales stage", "status"), choices=stage_choices, guesses=STAGE_SLUGS),
                outcomes.field(),
                Field("amount", "Amount", kind="money", names=("close_value", "value", "deal value", "acv")),
                Field("currency", "Currency", names=("currencyisocode", "currency code"), max_length=3),
                Field("term_months", "Contract term (months)", kind="whole", names=("term (months)", "term", "contract term")),
                Field("one_off", "One-off fees", kind="money", names=("one-off", "one time fees", "set-up fee")),
                Field("created_at", "Created", kind="moment", names=("engage_date", "created time", "createddate", "created date")),
                Field("closed_on", "Close date", kind="day", names=("closing date", "close_date", "closedate")),
                Field("owner", "Owner", kind="person", names=("potential owner", "deal owner", "sales_agent", "opportunity owner"), max_length=160),
                Field("type", "Type", kind="choice", choices=lambda: OpportunityType.choices, guesses=TYPES),
                Field("source", "Source", kind="choice", names=("lead source", "leadsource"), choices=lambda: Source.choices, guesses=SOURCES),
                Field("product", "Product", names=("product name",), max_length=120),
                Field("probability", "Probability", kind="whole", names=("probability (%)",)),
                Field("next_step", "Next step", names=("nextstep",)),
                Field("lead_number", "Number of its lead", names=("leadid", "lead id"), max_length=120),
                Field("external_id", "Number in the other system", names=("opportunity_id", "opportunity number", "potential id", "deal id", "deal number", "record id", "id"), max_length=120),
            ],
        )
    )  # fmt: skip
    register(
        Target(
            name="products",
            label="Products",
            may=lambda user: user.role == Role.ADMIN,
            load=load_products,
            undo=undo_products,
            derived=("name_key",),
            derive=derive_product,
            fields=[
                Field("name", "Name", required=True, names=("product", "product name"), max_length=120),
                Field("series", "Series", names=("family", "line"), max_length=60),
                Field("list_price", "List price", kind="money", names=("sales_price", "price", "unit price")),
            ],
        )
    )
