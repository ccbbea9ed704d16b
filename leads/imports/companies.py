"""Companies from a file, and finding or adding the companies that other files name."""

from collections.abc import Callable

from django.db import connection

from leads.domains import domain_of
from leads.hooks import on_companies
from leads.imports import custom
from leads.imports.engine import Run
from leads.imports.taking_back import Progress, delete, in_chunks
from leads.imports.targets import Field, Target, register
from leads.models import Company, ImportBatch
from leads.scoring.stale import mark_companies
from people.models import Role
from presales.text import key, squeeze

FILLABLE = ["domain", "industry", "employees", "annual_revenue", "country", "region"]


def name_key(name: object) -> str:
    """The name as companies are compared by, here and in `Company.save`."""
    return key(str(name or ""))[:200]


def may_import(user: object) -> bool:
    """Who imports companies and leads."""
    return user.role in (Role.MARKETING, Role.AE, Role.MANAGER, Role.ADMIN)


def known_companies(run: Run) -> None:
    """Make the temporary table `known` of the companies that the importing person sees: id, name_key, domain."""
    statement, parameters = (
        Company.objects.visible_to(run.user).order_by().values("id", "name_key", "domain").query.sql_with_params()
    )
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE known ON COMMIT DROP AS {statement}", parameters)
        cursor.execute("CREATE INDEX ON known (name_key)")
        cursor.execute("CREATE INDEX ON known (domain) WHERE domain <> ''")
        cursor.execute("ANALYZE known")


def link_companies(run: Run, *, extra: str = "") -> None:
    """Give every staged row with a `company` its `company_id`; companies nobody knows are added once each.

    The target derives `company` (squeezed) and `company_key`.

    `extra` is a list of `column = expression` facts for the added ones, by column of the company table.
    """
    known_companies(run)
    facts = dict(item.split(" = ", 1) for item in extra.split("; ") if item)
    run.sql("ALTER TABLE staged ADD COLUMN company_id bigint")
    find = """
        UPDATE staged SET company_id = found.id
          FROM (SELECT name_key, min(id) AS id FROM known GROUP BY name_key) found
         WHERE staged.company_id IS NULL AND staged.company_key = found.name_key
    """
    run.sql(find)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH added AS (
                INSERT INTO leads_company (name, name_key, domain, industry, country, region, technologies,
                                           created_by_id, created_at, import_batch_id, version, employees, annual_revenue)
                SELECT DISTINCT ON (company_key) company, company_key,
                       {facts.get("domain", "''")}, {facts.get("industry", "''")}, {facts.get("country", "''")},
                       {facts.get("region", "''")}, '{{}}', %(user)s, %(now)s, %(batch)s, 1,
                       {facts.get("employees", "NULL::integer")}, NULL::numeric
                  FROM staged WHERE company_id IS NULL AND company_key IS NOT NULL
                 ORDER BY company_key, line
                RETURNING id, name_key, domain
            )
            INSERT INTO known SELECT id, name_key, domain FROM added
            """,
            {"user": run.user.pk, "now": run.now, "batch": run.batch.pk},
        )
    run.sql(find)


def derive(row: dict) -> None:
    """The name squeezed, its key and the parent's, and the bare domain."""
    row["name"] = squeeze(row["name"])
    row["company_key"] = name_key(row["name"])
    row["parent_key"] = name_key(row.get("parent"))
    row["domain"] = domain_of(row.get("domain") or "")


def derive_company(row: dict) -> None:
    """For files that name a company in each row: its name squeezed, and its key."""
    if row.get("company"):
        row["company"] = squeeze(row["company"])
        row["company_key"] = name_key(row["company"])


def load(run: Run) -> dict[str, int]:
    """Add unknown companies; fill what is empty in known ones, if the options say so. Parents are linked by name."""
    run.sql("ALTER TABLE staged ADD COLUMN company_id bigint")
    run.reject(
        """SELECT line, name FROM (SELECT line, name, row_number() OVER (PARTITION BY company_key ORDER BY line) AS n
             FROM staged) numbered WHERE n > 1""",
        "Name", "the file names this company twice; the first line counts",
    )  # fmt: skip
    known_companies(run)
    run.sql(
        """UPDATE staged SET company_id = found.id FROM (SELECT name_key, min(id) AS id FROM known GROUP BY name_key) found
           WHERE staged.company_key = found.name_key"""
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM staged WHERE company_id IS NOT NULL")
        duplicates = cursor.fetchone()[0]
    updated = 0
    if run.options.get("fill"):
        updated = run.sql(
            """
            UPDATE leads_company c
               SET domain = CASE WHEN c.domain = '' THEN coalesce(s.domain, '') ELSE c.domain END,
                   industry = CASE WHEN c.industry = '' THEN coalesce(left(s.industry, 80), '') ELSE c.industry END,
                   employees = coalesce(c.employees, s.employees),
                   annual_revenue = coalesce(c.annual_revenue, s.annual_revenue),
                   country = CASE WHEN c.country = '' THEN coalesce(left(s.country, 80), '') ELSE c.country END,
                   region = CASE WHEN c.region = '' THEN coalesce(left(s.region, 60), '') ELSE c.region END,
                   custom = coalesce(s.custom, '{}') || c.custom,
                   version = c.version + 1
              FROM staged s
             WHERE s.company_id = c.id
               AND ((c.domain = '' AND s.domain <> '') OR (c.industry = '' AND s.industry <> '')
                 OR (c.employees IS NULL AND s.employees IS NOT NULL) OR (c.country = '' AND s.country <> '')
                 OR (c.annual_revenue IS NULL AND s.annual_revenue IS NOT NULL) OR (c.region = '' AND s.region <> '')
                 OR coalesce(s.custom, '{}') || c.custom <> c.custom)
            """
        )
    created = run.sql(
        """
        INSERT INTO leads_company (name, name_key, domain, industry, employees, annual_revenue, country, region,
                                   technologies, custom, created_by_id, created_at, import_batch_id, version)
        SELECT name, company_key, coalesce(domain, ''), coalesce(left(industry, 80), ''), employees, annual_revenue,
               coalesce(left(country, 80), ''), coalesce(left(region, 60), ''), coalesce(technologies, '{}'),
               coalesce(custom, '{}'), %(user)s, %(now)s, %(batch)s, 1
          FROM staged WHERE company_id IS NULL ORDER BY line
        """
    )
    run.sql(
        """
        UPDATE leads_company child SET parent_id = parent.id
          FROM staged, leads_company parent
         WHERE child.import_batch_id = %(batch)s AND child.name_key = staged.company_key
           AND parent.name_key = staged.parent_key AND parent.id <> child.id
           AND (parent.import_batch_id = %(batch)s OR parent.id IN (SELECT id FROM known))
        """
    )
    if updated:
        with connection.cursor() as cursor:
            cursor.execute("SELECT company_id FROM staged WHERE company_id IS NOT NULL")
            changed = [row[0] for row in cursor.fetchall()]
        mark_companies(changed)
        for hook in on_companies:
            hook(changed)
    return {"created": created, "updated": updated, "unchanged": duplicates - updated}


use_hooks: list[Callable[[list[int]], set[int]]] = []
"""Rooms above say which of some companies they use."""


def undo(batch: ImportBatch, progress: Progress | None = None) -> int:
    """Remove the companies a batch added that nobody edited and nothing refers to; how many stay."""
    unused = """
        SELECT c.id FROM leads_company c
         WHERE c.import_batch_id = %(batch)s AND c.version = 1 AND c.id > %(after)s
           AND NOT EXISTS (SELECT 1 FROM leads_lead l WHERE l.company_id = c.id)
    """
    end = " ORDER BY c.id LIMIT %(limit)s FOR UPDATE"

    def free(found: list[tuple]) -> list[int]:
        ids = [pk for (pk,) in found]
        used = set().union(*(hook(ids) for hook in use_hooks))
        return [pk for pk in ids if pk not in used]

    def loosen(found: list[tuple]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE leads_company SET parent_id = NULL WHERE id = ANY(%s)", [free(found)])

    def remove(found: list[tuple]) -> None:
        gone = delete("leads_company", "id", free(found))
        if progress is not None:
            progress(gone)

    # Those that go let their parents go first; a parent of one that stays, stays.
    in_chunks(unused + "AND c.parent_id IS NOT NULL" + end, batch.pk, loosen)
    childless = "AND NOT EXISTS (SELECT 1 FROM leads_company child WHERE child.parent_id = c.id)"
    in_chunks(unused + childless + end, batch.pk, remove)
    custom.undo(batch)
    return Company.objects.filter(import_batch=batch.pk).count()


register(
    Target(
        name="companies",
        label="Companies",
        record="company",
        may=may_import,
        load=load,
        undo=undo,
        derived=("company_key", "parent_key"),
        derive=derive,
        fields=[
            Field("name", "Name", required=True, names=("account", "company", "company name", "account name")),
            Field("domain", "Domain", names=("website", "web site", "url", "homepage"), max_length=253),
            Field("industry", "Industry", names=("sector", "branch", "vertical"), max_length=80),
            Field(
                "employees",
                "Employees",
                kind="whole",
                names=("numberofemployees", "number of employees", "size", "headcount"),
            ),
            Field("annual_revenue", "Annual revenue", kind="money", names=("revenue", "turnover")),
            Field("country", "Country", names=("office_location", "billingcountry", "billing country"), max_length=80),
            Field("region", "Region", names=("regional_office", "area"), max_length=60),
            Field("technologies", "Technologies", kind="words", names=("technology", "tech stack")),
            Field("parent", "Parent company", names=("subsidiary_of", "parent", "parent account")),
        ],
    )
)
