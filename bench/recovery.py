"""What a killed worker leaves, and how soon an idle one shows a new score.

    python -m bench.recovery [--leads N] [--kills N] [--changes N]

In a database of its own, with the product's own worker on the real Redis:

- kill: new rules for 100,000 leads with 500,000 engagements; a worker starts on all of them and is killed with -9 while
  it works; then one sweep. Every score, masses included, is held against a fresh one (as `verify_scores` does).
- change: somebody edits a lead with the product's action; the time until its new score is stored, worker idle.

Bars (quality.md): no differing score after any kill, every kill in the middle; each change shows within 2 s.
"""

import argparse
import contextlib
import random
import signal
import time
from collections.abc import Callable, Iterator

from bench.place import bar, own_database, store, told
from bench.processes import end, start_worker

SECONDS = 2.0


def wait_for(condition: Callable[[], bool], seconds: float) -> float:
    """How long it took until `condition` held.

    Raises:
        RuntimeError: it does not after `seconds`.
    """
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise RuntimeError("the worker did nothing")
        time.sleep(0.005)
    return time.monotonic() - started


def ranges_done() -> int:
    """How many ranges of leads have the scores of the newest rules."""
    from leads.models import ScoreRange
    from leads.scoring.rules import Ruleset

    return ScoreRange.objects.filter(revision=Ruleset.load().revision).count()


@contextlib.contextmanager
def worker(how_it_ends: signal.Signals = signal.SIGTERM) -> Iterator[None]:
    """A worker of one process on an empty queue."""
    from presales.celery import app

    app.control.purge()
    process = start_worker()
    try:
        yield
    finally:
        end(process, how_it_ends)
        app.control.purge()


def kill(generator: random.Random) -> dict:
    """Change the rules, kill the worker in the middle of the rescore, sweep once, compare."""
    from django.db.models import F

    from leads.models import ScoreRange, ScoringRule
    from leads.models.scoring import ScoringSettings
    from leads.scoring import verify
    from leads.scoring.sweep import sweep
    from leads.tasks.scoring import score_all

    rule = ScoringRule.objects.filter(points__gt=0).order_by("pk").first()
    ScoringRule.objects.filter(pk=rule.pk).update(points=F("points") % 40 + 7)
    ScoringSettings.objects.update(revision=F("revision") + 1)
    with worker(signal.SIGKILL):
        score_all.apply_async(expires=60)
        wait_for(lambda: ranges_done() > 0, 60)
        time.sleep(generator.uniform(0, 0.3))
    done, ranges = ranges_done(), ScoreRange.objects.count()
    started = time.perf_counter()
    finished = sweep().finished
    seconds = time.perf_counter() - started
    return {
        "ranges_done_when_killed": done,
        "ranges": ranges,
        "sweep_seconds": round(seconds, 2),
        "finished": finished,
        "differing": len(verify.differences()),
    }


def changes(count: int) -> list[float]:
    """Seconds from each of `count` edits to the new score, with an idle worker."""
    from django.utils import timezone

    from leads.actions.leads import update_lead
    from leads.models import Lead, LeadScore
    from people.models import Role, User

    admin = User.objects.create(email="admin@recovery.example", name="Rita RevOps", role=Role.ADMIN)
    # A filled telephone is worth points by the rules that come with Presales; half of the leads have none.
    lead = Lead.objects.order_by("pk").first()
    pk, seconds = lead.pk, []

    def fit() -> int:
        return LeadScore.objects.get(pk=pk).fit

    with worker():
        lead = update_lead(admin, lead, version=lead.version, phone="+1 555 0")
        wait_for(lambda: not LeadScore.objects.stale(timezone.now()).exists(), 60)
        for number in range(count):
            before = fit()
            started = time.monotonic()
            lead = update_lead(admin, lead, version=lead.version, phone="" if number % 2 == 0 else "+1 555 0")
            wait_for(lambda before=before: fit() != before, 30)
            seconds.append(time.monotonic() - started)
            time.sleep(0.2)  # until the worker is idle again
    return seconds


def run(leads: int = 100_000, kills: int = 20, count: int = 10) -> dict:
    """Kill and change in a fresh database; figures and bars."""
    own_database("presales_bench_recovery")
    from bench.scoring import build
    from leads.scoring import verify
    from leads.scoring.sweep import sweep

    build(leads, 5 * leads)
    sweep()
    seconds = changes(count)
    generator = random.Random(20)
    rounds = [kill(generator) for _ in range(kills)]
    interrupted = sum(each["ranges_done_when_killed"] < each["ranges"] for each in rounds)
    return {
        "leads": leads,
        "kills": rounds,
        "killed_in_the_middle": interrupted,
        "change_seconds": [round(value, 3) for value in seconds],
        "bars": [
            bar("scores that differ after any kill", sum(each["differing"] for each in rounds), 0),
            bar("sweeps that left something", sum(not each["finished"] for each in rounds), 0),
            bar("kills before or after the work", kills - interrupted, kills // 2),
            bar("scores that differ at the end", len(verify.differences()), 0),
            bar("lead changed → new score, s, slowest", round(max(seconds), 3), SECONDS),
        ],
    }


def main() -> dict:
    """Run by the options given and print; the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--changes", type=int, default=10)
    options = parser.parse_args()
    figures = run(options.leads, options.kills, options.changes)
    store("recovery", figures)
    print(
        f"{len(figures['kills'])} kills, {figures['killed_in_the_middle']} in the middle; the sweep afterwards took (s)"
    )
    print(*(each["sweep_seconds"] for each in figures["kills"]))
    print("a change showed after (s)", *figures["change_seconds"])
    told(figures["bars"])
    return figures


if __name__ == "__main__":
    raise SystemExit(0 if all(line["holds"] for line in main()["bars"]) else 1)
