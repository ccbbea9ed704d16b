"""What a charter wants before a demo or a POC, measured on a deal.

Budget: the criterion that carries an amount (in BANT: Budget) is stated, with a figure above zero. Timeline: the
criterion that carries a decision date is stated, with a date from today up to the charter's number of months. A
framework without such a criterion is measured by the deal's own amount and close date. Sponsor: somebody on the
buying committee is the economic buyer or at VP level by title, and their stance is known and not against us. Stale
evidence counts one level lower, as everywhere.
"""

import datetime
from collections.abc import Iterable

from django.db.models import F, JSONField, QuerySet
from django.urls import reverse
from django.utils import timezone

from deals.models import Charter, Opportunity, Stakeholder, StakeholderRole, Stance
from presales.errors import Missing
from presales.sql import Template
from qualification.gates import add_months, effective_level
from qualification.models import Criterion, Evidence, Level, TeamPolicy
from qualification.policy import thresholds_of

Known = tuple[Criterion, Evidence | None, int]
"""A criterion, its current entry, and the level that counts today."""
Fact = Criterion.Fact


def charters_between(ae: object, se: object) -> QuerySet:
    """The charters that both have accepted of the pairing of `ae` and `se`, the one in force first."""
    accepted = Charter.objects.accepted()
    return accepted.filter(pairing__ae=ae, pairing__se=se, pairing__ended_on=None).order_by("-number")


# The same as `charters_between`, for the page of a deal, which has no time to build it piece by piece.
IN_FORCE = """(SELECT jsonb_build_object('pairing', pairing.id, 'number', charter.number)
  FROM deals_charter charter JOIN deals_pairing pairing ON pairing.id = charter.pairing_id
 WHERE pairing.ae_id = {0} AND pairing.se_id = {1} AND pairing.ended_on IS NULL
   AND charter.accepted_by_ae_at IS NOT NULL AND charter.accepted_by_se_at IS NOT NULL
 ORDER BY charter.number DESC LIMIT 1)"""


def with_charter(deals: QuerySet) -> QuerySet:
    """Adds `charter` in force as `{"pairing": …, "number": …}`; None without one."""
    return deals.annotate(charter=Template(IN_FORCE, F("owner_id"), F("se_id"), output_field=JSONField()))


def charter_in_force(opportunity: Opportunity) -> Charter | None:
    """The newest charter that the deal's AE and SE have both accepted; None without one. One query at most."""
    if opportunity.owner_id is None or opportunity.se_id is None:
        return None
    return charters_between(opportunity.owner_id, opportunity.se_id).first()


def default_charter(policy: TeamPolicy) -> Charter:
    """What holds for deals without an agreed charter: the defaults, with the team's own timeline; not stored."""
    months = policy.timeline_months
    return Charter(number=1, timeline_months=min(max(months, 1), 36))


def below_charter(opportunity: Opportunity) -> list[Missing]:
    """What the deal misses today of the charter that holds for it, each with the link that mends it."""
    policy = thresholds_of(opportunity.dossier)
    today = timezone.now().astimezone(datetime.UTC).date()
    dossier = opportunity.dossier
    entries = {entry.criterion_id: entry for entry in dossier.evidence.current()}
    known = [
        (criterion, entries.get(criterion.pk), effective_level(entries.get(criterion.pk), policy, today))
        for criterion in dossier.framework.criteria.exclude(fact=Fact.NONE)
    ]
    charter = charter_in_force(opportunity) or default_charter(policy)
    return shortfalls(charter, opportunity, known, opportunity.stakeholders.all())


def shortfalls(
    charter: Charter, opportunity: Opportunity, known: Iterable[Known], people: Iterable[Stakeholder]
) -> list[Missing]:
    """What the deal misses of `charter`, given what is known; no queries."""
    today = timezone.now().astimezone(datetime.UTC).date()
    known = list(known)
    found = [_timeline(charter, opportunity, known, today)]
    if charter.budget_required:
        found.insert(0, _budget(opportunity, known))
    if charter.sponsor_required:
        found.append(_sponsor(opportunity, list(people)))
    return [missing for missing in found if missing]


def _budget(opportunity: Opportunity, known: list[Known]) -> Missing | None:
    asked = [item for item in known if item[0].fact == Fact.MONEY]
    if not asked:
        if opportunity.amount > 0:
            return None
        return Missing("The amount of the deal is not known", _edit(opportunity))
    if any(level >= Level.STATED and entry.amount for _, entry, level in asked):
        return None
    stale = _stale(asked)
    if stale:
        what = f"The budget was stated on {stale.observed_on:%-d %b %Y} and has gone stale: confirm it"
    elif any(level >= Level.STATED for _, _, level in asked):
        what = "The budget has no figure yet"
    else:
        what = "Nobody has said that a budget exists"
    return Missing(what, _record(opportunity, asked[0][0]))


def _stale(asked: list[Known]) -> Evidence | None:
    """What was stated and counts one level lower by now."""
    return next((entry for _, entry, level in asked if entry and entry.level >= Level.STATED > level), None)


def _timeline(charter: Charter, opportunity: Opportunity, known: list[Known], today: datetime.date) -> Missing | None:
    last = add_months(today, charter.timeline_months)
    wanted = f"a decision within {charter.timeline_months} months"
    asked = [item for item in known if item[0].fact == Fact.DATE]
    if not asked:
        close = opportunity.close_date
        if close is not None and today <= close <= last:
            return None
        return Missing(f"The close date does not promise {wanted}", _edit(opportunity))
    dates = [entry.decision_on for _, entry, level in asked if level >= Level.STATED and entry.decision_on]
    if any(today <= day <= last for day in dates):
        return None
    stale = _stale(asked)
    if stale and not dates:
        what = f"The decision date was stated on {stale.observed_on:%-d %b %Y} and has gone stale: confirm it"
    elif not dates:
        what = f"Nobody has named {wanted}"
    elif min(dates) < today:
        what = f"The decision date has passed; the charter wants {wanted}"
    else:
        what = f"The decision falls on {min(dates):%-d %b %Y}; the charter wants {wanted}"
    return Missing(what, _record(opportunity, asked[0][0]))


def _sponsor(opportunity: Opportunity, people: list[Stakeholder]) -> Missing | None:
    seniors = [person for person in people if person.is_sponsor_level]
    if any(person.is_engaged for person in seniors):
        return None
    if seniors:
        person = seniors[0]
        so_far = "is against us" if person.stance == Stance.AGAINST else "has not been heard yet"
        url = reverse("deals:edit_stakeholder", args=[person.pk])
        return Missing(f"{person.name} {so_far}; a sponsor at VP level has to be engaged", url)
    url = reverse("deals:add_stakeholder", args=[opportunity.pk])
    return Missing("No sponsor at VP level is engaged", f"{url}?role={StakeholderRole.ECONOMIC_BUYER}")


def _record(opportunity: Opportunity, criterion: Criterion) -> str:
    return reverse("qualification:record_evidence", args=[opportunity.dossier_id, criterion.pk])


def _edit(opportunity: Opportunity) -> str:
    return reverse("deals:edit_opportunity", args=[opportunity.pk])


def as_data(missing: Iterable[Missing]) -> list[dict[str, str]]:
    """`missing` as it is stored with a held request and with an exception."""
    return [{"what": item.what, "url": item.url} for item in missing]
