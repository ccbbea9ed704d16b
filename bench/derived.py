"""Jobs that derive rows, against a bare UPDATE of the same rows: the measuring that such benches share."""

import statistics
import time
from collections.abc import Callable

from bench.place import told
from bench.scoring import sql

LIMIT = 3.0


def timed(table: str, work: Callable[[], object]) -> float:
    """Seconds that `work` takes; every measurement starts alike: vacuumed, statistics fresh, no checkpoint pending."""
    sql(f"VACUUM (ANALYZE) {table}")
    sql("CHECKPOINT")
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def compare(
    table: str,
    bare: tuple[str, str],
    cases: dict[str, tuple[Callable[[], object], Callable[[], object]]],
    rounds: int,
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """`(median seconds, ratios of every round)` of the cases, each `(prepare, work)`, measured between bare UPDATEs.

    Args:
        bare: what a bare UPDATE sets, there and back again, so that every row is afterwards as it was.
    """

    def floor() -> float:
        return statistics.mean(
            timed(table, lambda values=values: sql(f"UPDATE {table} SET {values}")) for values in bare
        )

    seconds: dict[str, list[float]] = {name: [] for name in ("bare", *cases)}
    ratios: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, (prepare, work) in cases.items():
            before = floor()
            prepare()
            taken = timed(table, work)
            seconds["bare"].append(statistics.mean([before, floor()]))
            seconds[name].append(taken)
            ratios[name].append(taken / seconds["bare"][-1])
    return {name: round(statistics.median(values), 2) for name, values in seconds.items()}, ratios


def show(figures: dict) -> int:
    """Print what a bench found; the exit code."""
    for name, taken in figures["seconds"].items():
        each = ", ".join(f"{ratio:.2f}" for ratio in figures["ratios"].get(name, []))
        print(f"{name:12}{taken:7.2f} s{'   × bare: ' + each if each else ''}")
    told(figures["bars"])
    return 0 if all(line["holds"] for line in figures["bars"]) else 1
