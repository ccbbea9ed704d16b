"""What AEs said about the leads that each rule let through: returned leads by reason."""

from dataclasses import dataclass

from django.db import connection

from leads.models.leads import ReturnReason
from leads.models.scoring import Dimension
from leads.scoring.compile import LEADS_AND_COMPANIES
from leads.scoring.masses import SLOTS
from leads.scoring.rules import Ruleset


@dataclass(frozen=True)
class Returned:
    """Leads given back that matched one rule."""

    total: int
    reasons: str


def returned_by_rule(rules: Ruleset) -> dict[int, Returned]:
    """For each active rule that matched a returned lead, how many and why. One query."""
    columns, parameters, keys = [], [], []
    for group in rules.groups:
        for rule in group.rules:
            if group.dimension == Dimension.FIT:
                text, values = rule.condition()
                parameters += values
            else:
                text = f"coalesce(s.masses[{SLOTS[rule.engagement_kind]}], 0) > 0"
            columns.append(f", count(*) FILTER (WHERE {text})")
            keys.append(rule.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT l.return_reason {"".join(columns)}
            FROM leads_leadscore s {LEADS_AND_COMPANIES}
            WHERE l.return_reason <> '' AND l.merged_into_id IS NULL
            GROUP BY l.return_reason
            """,  # noqa: S608
            parameters,
        )
        rows = cursor.fetchall()
    found: dict[int, list[tuple[int, str]]] = {}
    for reason, *counts in rows:
        for key, count in zip(keys, counts, strict=True):
            if count:
                found.setdefault(key, []).append((count, ReturnReason(reason).label))
    return {
        key: Returned(
            total=sum(count for count, _ in entries),
            reasons=", ".join(f"{count} × {label}" for count, label in sorted(entries, reverse=True)),
        )
        for key, entries in found.items()
    }
