"""What may be learned from, by a lasting key: SQL over a deal (`o`), the deal as it was at the end of its first day
(`b`), its company (`c`) and its lead (`l`).

A deal's own facts grow and change until it ends, and what is written down on the way to the signature knows the
ending. So they count as they stood when the deal came in, which its history tells (FIRST_DAY): for deals of today as
for those that ended. Of its company and lead only what closing a deal does not change is asked, as it is known now.

Stages and their dates, what is claimed and forecast, activity, dossier, stakeholders and technical win are no part of
it either: they have factors of their own in the evidence-based probability. RECORDED_AFTER names them for people.
"""

import re

from django.conf import settings

from deals.models.opportunities import OpportunityType
from deals.models.stages import Pipeline
from leads.conversion.fields import known_customs, people_and_dates
from leads.models import Source
from leads.models.custom_fields import CustomField, RecordKind
from leads.scoring.fields import FIELDS
from presales.learning.fields import Known, custom_sql, text_sql, yes_no_sql
from presales.learning.table import Kind

CUSTOM = re.compile(r"^custom\.(opportunity|company)\.(text|number|choice|yes_no|date)\.([a-z][a-z0-9_]*)$")
TABLES = {"opportunity": "b", "company": "c"}
GROUPS = {"opportunity": "Custom fields of the deal", "company": "Custom fields of the company"}

RECORDED_AFTER = (
    "stages and their dates", "claims and forecasts", "close dates and next steps", "amounts as changed later",
    "reason for losing and competitor", "days to the ending", "notes and comments",
)  # fmt: skip

# The deal's own facts: the last that its history tells of its first day while it was open, else the first it tells.
# Deals that a file brought have the history that their dates tell (deals/imported_history.py).
OF_FIRST_DAY = "(e.pgh_created_at <= o.created_at + interval '1 day' AND e.outcome = 'open')"
FIRST_DAY = f"""
LEFT JOIN LATERAL (
    SELECT e.type, e.source, e.product, e.amount, e.currency, e.term_months, e.custom,
           e.owner_id, e.owner_name, e.team_id
      FROM deals_opportunityevent e WHERE e.pgh_obj_id = o.id
     ORDER BY {OF_FIRST_DAY} DESC, CASE WHEN {OF_FIRST_DAY} THEN -e.pgh_id ELSE e.pgh_id END
     LIMIT 1
) b ON true
LEFT JOIN leads_company c ON c.id = o.company_id
LEFT JOIN leads_lead l ON l.id = o.lead_id
"""  # noqa: S608  the parts stand above
DAY = "(o.created_at AT TIME ZONE 'UTC')::date"

# In the company's currency at the rate of the day the deal came in. Nothing stated is missing, and so is an amount
# in a currency that has no rate for that day.
AMOUNT = f"""(nullif(b.amount, 0) * CASE WHEN b.currency = '{settings.COMPANY_CURRENCY}' THEN 1 ELSE (
    SELECT r.rate FROM deals_exchangerate r WHERE r.currency = b.currency AND r.valid_from <= {DAY}
     ORDER BY r.valid_from DESC LIMIT 1) END)::float8"""  # noqa: S608


def _choice(key: str, label: str, sql: str, choices: object) -> Known:
    return Known(key, label, "Deal", Kind.CATEGORY, f"nullif({sql}, '')", choices=choices)


def _typed(key: str, label: str, group: str, expression: str) -> Known:
    return Known(key, label, group, Kind.CATEGORY, text_sql(expression), shown=expression)


def _of_company(key: str, kind: Kind) -> Known:
    asked = FIELDS[key]
    if kind is Kind.CATEGORY:
        return _typed(key, asked.label, "Company", asked.sql)
    return Known(key, asked.label, "Company", kind, f"{asked.sql}::float8" if kind is Kind.NUMBER else asked.sql)


def _pipelines() -> dict[str, str]:
    return {str(pk): name for pk, name in Pipeline.objects.values_list("pk", "name")}


LEAD = "o.lead_id IS NOT NULL"
BUILT_IN: dict[str, Known] = {
    known.key: known
    for known in (
        _choice("type", "Type", "b.type", lambda: dict(OpportunityType.choices)),
        _choice("source", "Source", "b.source", lambda: dict(Source.choices)),
        _choice("pipeline", "Pipeline", "o.pipeline_id::text", _pipelines),
        _choice("currency", "Currency", "b.currency", dict),
        _typed("product", "Product", "Deal", "b.product"),
        Known("amount", "Amount when it came in", "Deal", Kind.NUMBER, AMOUNT),
        Known("term_months", "Contract term (months)", "Deal", Kind.NUMBER, "b.term_months::float8"),
        Known("from_lead", "Came from a lead", "Lead", Kind.CATEGORY, yes_no_sql(LEAD), condition=LEAD),
        *(
            Known(
                f"lead.{key}", f"{FIELDS[key].label} of the lead", "Lead", Kind.CATEGORY,
                f"nullif({FIELDS[key].sql}, '')", choices=FIELDS[key].choices,
            )
            for key in ("seniority", "function")
        ),
        *(_of_company(key, Kind.CATEGORY) for key in ("industry", "country", "region")),
        *(_of_company(key, Kind.NUMBER) for key in ("employees", "annual_revenue")),
        _of_company("technologies", Kind.ITEMS),
        *people_and_dates("b", "o", "deal"),
    )
}  # fmt: skip


def known_by(key: str, label: str = "") -> Known | None:
    """The field of this key, built in or custom; None for a key that no field ever had."""
    if key in BUILT_IN:
        return BUILT_IN[key]
    found = CUSTOM.match(key)
    if found is None:
        return None
    record, kind, name = found.groups()
    core, sql, shown, off = custom_sql(f"{TABLES[record]}.custom", kind, name, DAY)
    off = off.format(one="deal")
    label = label or name.replace("_", " ").capitalize()
    return Known(key, label, GROUPS[record], core, sql, off, shown=shown)


def all_known() -> dict[str, Known]:
    """Everything that may be learned from, by key: the built-in fields and the custom ones in use."""
    fields = CustomField.objects.active().filter(record__in=(RecordKind.OPPORTUNITY, RecordKind.COMPANY))
    return BUILT_IN | known_customs(fields.order_by("-record", "position", "pk"), known_by)
