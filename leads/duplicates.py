"""Leads that are probably the same person: the same e-mail address, else the same name at the same company."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from leads.domains import company_domain_of_email, domain_of
from leads.models import Lead
from presales.text import key

SHOWN = 5


@dataclass(frozen=True)
class Duplicate:
    """A lead that is probably the same person, and why we think so."""

    lead: Lead
    why: str


def find_duplicates(
    leads: QuerySet,
    *,
    email: str = "",
    name: str = "",
    company: str = "",
    domain: str = "",
    company_id: int | None = None,
) -> list[Duplicate]:
    """Up to SHOWN of `leads` (those the person may see) that match, same address first; one query each.

    By name, the company must agree too: by its record, its domain or its name.
    """  # fmt: skip
    leads = leads.unmerged().select_related("company", "owner").defer("search", "notes")
    found: dict[int, Duplicate] = {}
    if email_key := key(email)[:254]:
        for lead in leads.filter(email_key=email_key).order_by("pk")[:SHOWN]:
            found[lead.pk] = Duplicate(lead, "Same e-mail address")
    at_company = Q(pk__in=())
    if company_id:
        at_company |= Q(company=company_id)
    if company_key := key(company)[:200]:
        at_company |= Q(company__name_key=company_key)
    if domain := domain_of(domain) or company_domain_of_email(email):
        at_company |= Q(company__domain=domain)
    if (name_key := key(name)[:160]) and at_company != Q(pk__in=()):
        for lead in leads.filter(at_company, name_key=name_key).order_by("pk")[:SHOWN]:
            found.setdefault(lead.pk, Duplicate(lead, "Same name at the same company"))
    return list(found.values())[:SHOWN]


def duplicates_of(lead: Lead, leads: QuerySet) -> list[Duplicate]:
    """Other leads that are probably the same person as `lead`."""
    return find_duplicates(
        leads.exclude(pk=lead.pk),
        email=lead.email,
        name=lead.name,
        domain=lead.company.domain if lead.company else "",
        company_id=lead.company_id,
    )
