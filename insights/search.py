"""One search over everything a person may see: leads, companies, opportunities and colleagues."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote_plus

from django.contrib.postgres.search import SearchVectorField
from django.db.models import Q, QuerySet
from django.urls import reverse

from deals.models import Opportunity
from leads.models import Company, Lead
from leads.search import MAX_COMPANIES, Words, search_leads, starts_with, with_words, words_of
from people.models import Role, User

LIMIT = 5
WORDS = 4  # each word costs a look-up of companies


@dataclass(frozen=True)
class Hit:
    """One thing found: where it is and what tells it from its namesakes."""

    title: str
    note: str
    url: str


@dataclass(frozen=True)
class Group:
    """What was found of one kind; `url` shows all of it ("" where no list does)."""

    label: str
    icon: str
    hits: list[Hit]
    url: str = ""


def find(user: User, text: str) -> list[Group]:
    """Up to LIMIT of each kind whose words begin with the words of `text`; groups without a hit are left out.

    Searches by index alone and in at most WORDS + 5 queries, however much there is.
    """
    words = words_of(text)[:WORDS]
    if not words or max(map(len, words)) < 2:
        return []
    query = " ".join(words)
    found: list[Callable[[User, str], Group]] = [_leads, _opportunities, _companies, _people]
    return [group for group in (look(user, query) for look in found) if group.hits]


def search_opportunities(opportunities: QuerySet, text: str) -> QuerySet:
    """Those of `opportunities` with every word of `text` in the name, or whose company has every word."""
    companies = with_words(Company.objects.all(), text).values_list("pk", flat=True)[:MAX_COMPANIES]
    opportunities = opportunities.alias(words=Words("name", output_field=SearchVectorField()))
    named = Q()
    for word in words_of(text):
        named &= Q(words=starts_with(word))
    return opportunities.filter(named | Q(company__in=list(companies)))


def _leads(user: User, query: str) -> Group:
    leads = search_leads(Lead.objects.visible_to(user).unmerged(), query).select_related("company")
    rows = leads.only("name", "stage", "email", "company__name").order_by("-pk")[:LIMIT]
    hits = [
        Hit(lead.name, " · ".join(filter(None, [lead.company and lead.company.name, lead.get_stage_display()])),
            reverse("leads:lead", args=[lead.pk]))
        for lead in rows
    ]  # fmt: skip
    return Group("Leads", "users", hits, f"{reverse('leads:leads')}?q={_quoted(query)}")


def _opportunities(user: User, query: str) -> Group:
    rows = (
        search_opportunities(Opportunity.objects.visible_to(user), query)
        .select_related("company", "stage")
        .only("name", "company__name", "stage__name")
        .order_by("-pk")[:LIMIT]
    )
    hits = [
        Hit(deal.name, " · ".join(filter(None, [deal.company and deal.company.name, deal.stage.name])),
            reverse("deals:opportunity", args=[deal.pk]))
        for deal in rows
    ]  # fmt: skip
    return Group("Opportunities", "briefcase", hits)


def _companies(user: User, query: str) -> Group:
    rows = with_words(Company.objects.visible_to(user), query).only("name", "domain").order_by("-pk")[:LIMIT]
    hits = [Hit(company.name, company.domain, reverse("leads:company", args=[company.pk])) for company in rows]
    return Group("Companies", "building", hits, f"{reverse('leads:companies')}?q={_quoted(query)}")


def _people(user: User, query: str) -> Group:
    people = User.objects.visible_to(user).active()
    for word in query.split():
        people = people.filter(Q(name__istartswith=word) | Q(name__icontains=f" {word}") | Q(email__istartswith=word))
    hits = [
        Hit(
            person.name,
            person.title or person.get_role_display(),
            reverse("people:user", args=[person.pk]) if user.role == Role.ADMIN else f"mailto:{person.email}",
        )
        for person in people.order_by("name", "pk")[:LIMIT]
    ]
    return Group("People", "user", hits)


def _quoted(text: str) -> str:
    return quote_plus(text)
