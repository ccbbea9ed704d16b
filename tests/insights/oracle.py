"""The pipeline's figures once more, in plain Python over plain rows, independent of the queries."""

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def weighted(deal):
    probability = deal.stage.probability if deal.claimed_probability is None else deal.claimed_probability
    return (deal.amount * probability / 100).quantize(CENT, ROUND_HALF_UP)


def grouped(deals, key):
    """{key: (count, amount, weighted)} of deals in dollars."""
    found = defaultdict(lambda: [0, Decimal(0), Decimal(0)])
    for deal in deals:
        if deal.currency == "USD":
            line = found[key(deal)]
            line[0] += 1
            line[1] += deal.amount
            line[2] += weighted(deal)
    return {name: tuple(line) for name, line in found.items()}


def age_key(deal, today):
    days = (today - deal.created_at.date()).days
    return "a" if days <= 30 else "b" if days <= 60 else "c" if days <= 90 else "d" if days <= 180 else "e"


def closed(deals):
    """(won, lost, no-go, won amount, days to win, days to lose) of closed deals in dollars."""
    deals = [deal for deal in deals if deal.currency == "USD"]
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
        sum((deal.amount for deal in by["won"]), Decimal(0)),
        mean_days(by["won"]),
        mean_days(by["lost"]),
    )
