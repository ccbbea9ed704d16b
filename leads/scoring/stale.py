"""Marking scores stale. Every action, import or job that changes what a score is made of calls one of these,
in the transaction that changes it: a lead's own fields, its team or its stage; its company; the company's fields.
Events go through leads/scoring/masses.py, which marks too.
"""

from collections.abc import Iterable

from django.db import connection

_MARK = """
    INSERT INTO leads_leadscore
        (lead_id, fit, engagement, total, grade, band, masses, mass_rev, input_rev, computed_rev, attempts, last_error)
    SELECT l.id, 0, 0, 0, 'D4', 'cold', '{}', 0, 1, 0, 0, ''
    FROM (SELECT id FROM leads_lead WHERE %s ORDER BY id) l
    ON CONFLICT (lead_id) DO UPDATE
    SET input_rev = leads_leadscore.input_rev + 1, attempts = 0, set_aside_at = NULL
"""


def mark_leads(lead_ids: Iterable[int]) -> int:
    """Mark the scores of these leads stale, making the rows that do not exist yet; how many."""
    return _mark("id = ANY(%s)", sorted(set(lead_ids)))


def mark_missing() -> int:
    """Make stale score rows for leads that have none, whoever forgot to mark them; how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            _MARK.replace("%s", "NOT EXISTS (SELECT FROM leads_leadscore s WHERE s.lead_id = leads_lead.id)")
        )
        return cursor.rowcount


def mark_company(company_id: int) -> int:
    """Mark the scores of the company's leads stale; how many."""
    return _mark("company_id = %s", company_id)


def mark_companies(company_ids: Iterable[int]) -> int:
    """Mark the scores of all leads of these companies stale; how many."""
    return _mark("company_id = ANY(%s)", sorted(set(company_ids)))


def _mark(scope: str, parameter: object) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_MARK.replace("%s", scope), [parameter])
        return cursor.rowcount
