"""The nightly run of all scores with one worker and with two.

    python -m bench.workers [--leads N] [--rounds N]

On the database of `bench.scoring`, with the product's own workers on the real Redis: every score changes for a new day,
`leads.score_all` is sent, and the time counts until no range is behind. In turn with one process and with two, several
rounds, all else alike. Beside it the same for the database alone: one UPDATE of every row by one connection, and
by two that take half of the rows each; what two connections cannot do faster there, two workers cannot either.

Bar (issue of the background work): two workers take at most 0.65 × the time of one on a machine with two cores, or as
little as the database allows.
"""

import argparse
import statistics
import threading
import time

from bench.place import bar, own_database, store, told
from bench.processes import end, start_worker
from bench.recovery import wait_for
from bench.scoring import Rescore, build, settle, sql

SHARE = 0.65


def night(workers: int) -> float:
    """Seconds from the start of the nightly run until every range has the scores of its new day."""
    from django.utils import timezone

    from leads.scoring import engine
    from leads.scoring.rules import Ruleset
    from leads.tasks.scoring import score_all
    from presales.celery import app

    app.control.purge()
    processes = [start_worker() for _ in range(workers)]
    try:
        wait_for(lambda: len(app.control.ping(timeout=0.5)) == workers, 60)
        Rescore().spoil(1)
        sql("UPDATE leads_scorerange SET day = day - 1")
        settle()
        score_all.apply_async(expires=60)
        return wait_for(lambda: not engine.behind(timezone.now(), Ruleset.load()), 600)
    finally:
        for process in processes:
            end(process)
        app.control.purge()


def bare(connections: int) -> float:
    """Seconds of an UPDATE of one column of every row, the rows shared out among `connections`."""
    from django.db import connection
    from django.db.models import Max

    from leads.models import LeadScore

    settle()
    size = LeadScore.objects.aggregate(last=Max("pk"))["last"] // connections + 1

    def update(number: int) -> None:
        try:
            sql(
                "UPDATE leads_leadscore SET total = 100 - total "
                f"WHERE lead_id > {number * size} AND lead_id <= {(number + 1) * size}"
            )
        finally:
            connection.close()

    threads = [threading.Thread(target=update, args=[number]) for number in range(connections)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started


def run(leads: int = 1_000_000, rounds: int = 3) -> dict:
    """Measure in turn; figures and bars."""
    from leads.scoring import verify
    from leads.scoring.sweep import sweep

    build(leads, 5 * leads)
    sweep()
    measures = {"one worker": lambda: night(1), "two workers": lambda: night(2),
                "one connection": lambda: bare(1), "two connections": lambda: bare(2)}  # fmt: skip
    seconds: dict[str, list[float]] = {name: [] for name in measures}
    for number in range(rounds):
        for name, measure in measures.items():
            seconds[name].append(measure())
            if "connection" in name:
                bare(1)  # twice leaves the scores as they were
            print(f"round {number + 1}, {name}: {seconds[name][-1]:.2f} s", flush=True)
    middle = {name: statistics.median(taken) for name, taken in seconds.items()}
    share = middle["two workers"] / middle["one worker"]
    database = middle["two connections"] / middle["one connection"]
    return {
        "leads": leads,
        "seconds": {name: [round(value, 2) for value in taken] for name, taken in seconds.items()},
        "two_connections_share": round(database, 3),
        "bars": [
            bar("two workers, share of the time of one", round(share, 3), max(SHARE, round(database, 3))),
            bar("scores that differ afterwards", len(verify.differences()), 0),
        ],
    }


def main() -> dict:
    """Run by the options given and print; the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    own_database("presales_bench", keep=True)
    figures = run(options.leads, options.rounds)
    store("workers", figures)
    print("two connections take", figures["two_connections_share"], "of the time of one")
    told(figures["bars"])
    return figures


if __name__ == "__main__":
    raise SystemExit(0 if all(line["holds"] for line in main()["bars"]) else 1)
