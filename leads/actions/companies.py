"""Finding, adding and editing companies."""

from django.db.models import QuerySet

from leads.custom_values import changed
from leads.domains import domain_of
from leads.freshness import scores_stale
from leads.hooks import on_companies
from leads.models import Company, CustomField, Lead
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import Conflict
from presales.text import key, squeeze

EDITABLE = ["name", "domain", "industry", "employees", "annual_revenue", "country", "region", "technologies", "parent"]


def known_companies(actor: User | None) -> QuerySet:
    """The companies that may be found for this person; a job (None) knows all."""
    return Company.objects.all() if actor is None else Company.objects.visible_to(actor)


def find_company(actor: User | None, *, name: str = "", domain: str = "") -> Company | None:
    """The known company with this domain, else with this name and no other domain; the oldest of several."""
    known = known_companies(actor).order_by("pk")
    domain, name_key = domain_of(domain), key(name)[:200]
    if domain and (found := known.filter(domain=domain).first()):
        return found
    if name_key:
        same = known.filter(name_key=name_key)
        return same.filter(domain__in=["", domain]).first() if domain else same.first()
    return None


def find_or_add_company(actor: User | None, *, name: str, domain: str = "") -> Company | None:
    """The company meant by name and domain, added where it is not known; None if nothing is named.

    Companies the actor may not see are not found, so that typing names reveals nothing.
    """
    name, domain = squeeze(name), domain_of(domain)
    found = find_company(actor, name=name, domain=domain)
    if found or not name:
        return found
    return Company.objects.create(name=name, domain=domain, created_by=actor)


@action
def add_company(actor: User, *, custom: dict[str, object] | None = None, reason: str = "", **values: object) -> Company:
    """Enter a company; `values` are some of EDITABLE, `custom` its custom fields by key."""
    require(actor, "leads.add_company")
    _known_fields(values)
    own = changed({}, custom, CustomField.objects.of("company").active()) if custom else {}
    return Company.objects.create(**values, custom=own, created_by=actor)


@action
def update_company(
    actor: User, company: Company, *, version: int, custom: dict[str, object] | None = None, reason: str = "",
    **changes: object,
) -> Company:  # fmt: skip
    """Change some of EDITABLE, and of `custom` the fields named by key, if nobody did since `version`. The scores of
    its leads are computed anew.

    Raises:
        StaleEdit: somebody saved in between; nothing was written.
        Conflict: the parent would be the company itself or below it.
    """
    _known_fields(changes)
    locked = Company.objects.select_for_update(of=("self",)).get(pk=company.pk)
    require(actor, "leads.change_company", locked)
    if custom:
        changes["custom"] = changed(locked.custom, custom, CustomField.objects.of("company").active())
    parent = changes.get("parent")
    while parent is not None:
        if parent.pk == locked.pk:
            raise Conflict("A company cannot be its own parent, nor below itself.")
        parent = parent.parent
    for name, value in changes.items():
        setattr(locked, name, value)
    locked.name_key = key(locked.name)[:200]
    locked.domain = domain_of(locked.domain)
    save_version(locked, [*changes, "name_key", "domain"], version)
    for hook in on_companies:
        hook([locked.pk])
    scores_stale(Lead.objects.filter(company=locked).order_by("pk").values_list("pk", flat=True))
    return locked


def _known_fields(values: dict[str, object]) -> None:
    unknown = set(values) - set(EDITABLE)
    if unknown:
        raise ValueError(f"not editable: {', '.join(sorted(unknown))}")
