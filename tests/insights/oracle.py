"""The pipeline's figures once more, in plain Python over plain rows, independent of the queries."""

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def rate(deal, rates, today):
    """What one unit of the deal's currency was worth in dollars on its day; `rates` are (currency, day, rate)."""
    if deal.currency == "USD":
        return Decimal(1)
    day = deal.closed_on or today
    valid = [(since, worth) for currency, since, worth in rates if currency == deal.currency and since <= day]
    return max(valid)[1] if valid else None


def value(deal, rates=(), today=None):
    worth = rate(deal, rates, today)
    return None if worth is None else (deal.amount * worth).quantize(CENT, ROUND_HALF_UP)


def weighted(deal, rates=(), today=None):
    probability = deal.stage.probability if deal.claimed_probability is None else deal.claimed_probability
    return (deal.amount * rate(deal, rates, today) * probability / 100).quantize(CENT, ROUND_HALF_UP)


def grouped(deals, key, rates=(), today=None):
    """{key: (count, amount, weighted)} of deals in dollars, or with a rate to them."""
    found = defaultdict(lambda: [0, Decimal(0), Decimal(0)])
    for deal in deals:
        if rate(deal, rates, today) is not None:
            line = found[key(deal)]
            line[0] += 1
            line[1] += value(deal, rates, today)
            line[2] += weighted(deal, rates, today)
    return {name: tuple(line) for name, line in found.items()}


def age_key(deal, today):
    days = (today - deal.created_at.date()).days
    return "a" if days <= 30 else "b" if days <= 60 else "c" if days <= 90 else "d" if days <= 180 else "e"


def closed(deals, rates=()):
    """(won, lost, no-go, won amount, days to win, days to lose) of closed deals in dollars, or with a rate to them."""
    deals = [deal for deal in deals if rate(deal, rates, None) is not None]
    by = {outcome: [deal for deal in deals if deal.outcome == outcome] for outcome in ("won", "lost", "no_go")}

    def mean_days(rows):
        if not rows:
            return None
        total = sum((deal.closed_on - deal.created_at.date()).days for deal in rows)
        return (Decimal(total) / len(rows)).quantize(CENT, ROUND_HALF_UP)

    return (
        len(by["won"]),
        len(by["lost"]),
        len(by["no_go"]),
        sum((value(deal, rates) for deal in by["won"]), Decimal(0)),
        mean_days(by["won"]),
        mean_days(by["lost"]),
    )
