"""Writing the solution design of a deal: the technical lane alone, a version for every change."""

from django.utils import timezone

from deals.actions.requirements import hold_deal
from deals.models import Opportunity, SolutionDesign
from people.models import User
from people.permissions import require
from presales.actions import action
from presales.editing import save_version
from presales.errors import StaleEdit

FIELDS = ["text", "links", "note", "author", "saved_at"]


@action
def save_design(
    actor: User, opportunity: Opportunity, design: SolutionDesign, version: int | None = None, *, note: str = ""
) -> SolutionDesign:
    """Keep the design as its next version, with what has changed; the first one needs no `version`.

    Saving what stands there already makes no version.

    Raises:
        NotAllowed: outside the technical lane.
        StaleEdit: saved elsewhere in between; nothing was written.
    """
    require(actor, "deals.work_technical", opportunity)
    hold_deal(opportunity)
    design.opportunity, design.note = opportunity, note
    design.author, design.saved_at = actor, timezone.now()
    stored = SolutionDesign.objects.filter(opportunity=opportunity).first()
    if stored is not None and not design.pk:
        raise StaleEdit("Somebody else has begun the design meanwhile. Nothing was overwritten.")
    if stored is None:
        design.save(force_insert=True)
    elif version != stored.version or (stored.text, stored.links) != (design.text, design.links):
        save_version(design, FIELDS, version)
    return design
