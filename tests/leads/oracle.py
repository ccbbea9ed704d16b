"""Scores by plain Python, straight from the rules' definition: what the database's answer is compared with."""

import datetime
import math
from decimal import Decimal

from leads.models import Engagement, Lead, LeadScore
from leads.models.scoring import ScoringRule
from leads.scoring.fields import FREE_MAIL

Operator = ScoringRule.Operator


def value_of(lead, field):
    company = lead.company
    match field:
        case "business_email":
            return bool(lead.email_key) and not any(lead.email_key.endswith("@" + name) for name in FREE_MAIL)
        case "phone":
            return bool(lead.phone)
        case "company":
            return company is not None
        case "job_title" | "seniority" | "function" | "source" | "campaign" | "consent":
            return getattr(lead, field)
    return None if company is None else getattr(company, field)


def holds(lead, rule):
    value = value_of(lead, rule.field)
    filled = value not in (None, "", [], False)
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        filled = True
    if rule.operator in (Operator.IS_FILLED, Operator.IS_EMPTY):
        return filled == (rule.operator == Operator.IS_FILLED)
    if not filled:
        return False
    if rule.operator == Operator.AT_LEAST:
        return value >= Decimal(rule.values[0])
    if rule.operator == Operator.AT_MOST:
        return value <= Decimal(rule.values[0])
    wanted = [item.lower() for item in rule.values]
    have = [item.lower() for item in (value if isinstance(value, list) else [value])]
    if rule.operator == Operator.CONTAINS:
        return any(item in one for item in wanted for one in have)
    return any(item in wanted for item in have) == (rule.operator == Operator.IS_ANY)


def fit_of(lead, rules):
    total = 0
    for group in rules.of("fit"):
        total += min(group.ceiling, sum(rule.points for rule in group.rules if holds(lead, rule)))
    return max(0, min(100, total))


def engagement_of(events, rules, day):
    mass = {}
    for event in events:
        counted = min(event.occurred_at, event.created_at).astimezone(datetime.UTC).date()
        exponent = (counted - rules.mass_epoch).days / rules.half_life_days
        if exponent >= -60:
            mass[event.kind] = mass.get(event.kind, 0) + round(event.weight * 2.0 ** min(exponent, 30.0) * 2**24)
    if not events or not rules.of("engagement"):
        return 0
    worth = 2.0 ** (-(day - rules.mass_epoch).days / rules.half_life_days) / 2**24
    total = None
    for group in rules.of("engagement"):
        points = None
        for rule in group.rules:
            term = float(rule.points) * float(mass.get(rule.engagement_kind, 0))
            points = term if points is None else points + term
        clipped = min(float(group.ceiling), points * worth)
        total = clipped if total is None else total + clipped
    return math.floor(max(0.0, min(100.0, total)) + 0.5005)


def score_of(lead, rules, day):
    fit = fit_of(lead, rules)
    engagement = engagement_of(list(Engagement.objects.filter(lead=lead)), rules, day)
    total = (rules.fit_weight * fit + (100 - rules.fit_weight) * engagement + 50) // 100
    grade = "A" if fit >= 75 else "B" if fit >= 50 else "C" if fit >= 25 else "D"
    grade += "1" if engagement >= 60 else "2" if engagement >= 35 else "3" if engagement >= 10 else "4"
    band = "hot" if total >= rules.hot_from else "warm" if total >= rules.warm_from else "cold"
    return fit, engagement, total, grade, band


def stored(lead):
    row = LeadScore.objects.get(pk=lead.pk)
    return row.fit, row.engagement, row.total, row.grade, row.band


def wrong(rules, day):
    """Leads whose stored score is not the oracle's: {lead: (stored, right)}."""
    found = {}
    for lead in Lead.objects.select_related("company"):
        right = score_of(lead, rules, day)
        if stored(lead) != right:
            found[lead.pk] = (stored(lead), right)
    return found
