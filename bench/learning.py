"""Scoring a million leads by rules and model, against a bare UPDATE; and training on sixty thousand.

    python -m bench.learning [--leads N] [--engagements N] [--rounds N]

Builds what it needs in a database of its own (kept for the next run): the leads of bench.scoring with custom fields,
60,000 of them ended. Then measures

- train: reading the ended leads and training on them, some 30 fields, in this one process
- bare: one UPDATE of one column of every row, the floor
- afresh: a new version and new points of the rules for every range, with nothing remembered of any lead, as when leads
  are scored for the first time; every row changing
- model: another version and other points, every row changing
- rules: the same without a version, to tell what the version costs
- night: decay only, with the probability kept up, every row changing

What leads were found to be is remembered with their range (leads/scoring/remembered.py), as are the masses of what they
did, so *afresh* is what a range costs once and *model* what every later version costs.

Bars: training ≤ 20 s, model ≤ 3 × bare, night ≤ 2 × bare.
"""

import argparse
import statistics
import time

from bench.place import bar, own_database, store
from bench.scoring import Rescore, build, sql

ENDED = 60_000
BARS = {"model": 3.0, "night": 2.0}

FIELDS = """
    UPDATE leads_lead SET custom = jsonb_build_object(
        'visits', id % 37, 'minutes', (id * 7919) % 1000 / 10.0, 'pages', (id * 31) % 90, 'age', 18 + (id * 17) % 50,
        'budget', (id * 104729) % 100000, 'colour', (ARRAY['red','green','blue','white'])[1 + id % 4],
        'plan', 'plan ' || (id * 13) % 23, 'city', 'city ' || (id * 7) % 60, 'asked', id % 2 = 0, 'member', id % 5 = 0)
"""
ENDINGS = """
    UPDATE leads_lead SET stage_since = now() - (id % 90) * interval '1 day', nurture_until = NULL,
        stage = CASE WHEN won THEN 'converted' ELSE 'disqualified' END,
        converted_at = CASE WHEN won THEN now() - (id % 90) * interval '1 day' END,
        dossier_id = CASE WHEN won THEN id END, disqualify_reason = CASE WHEN won THEN '' ELSE 'no_need' END
    FROM (SELECT id AS ended, (id % 37 + (id * 7919) % 1000 / 40 + (id * 2654435761 % 1009) / 20) > 62 AS won
          FROM leads_lead ORDER BY id LIMIT :ended) e WHERE id = ended
"""


def prepare(leads: int, engagements: int) -> None:
    """The leads of bench.scoring, with custom fields, the first of them ended."""
    from django.db import connection

    from leads.models import CustomField, Lead

    build(leads, engagements)
    if CustomField.objects.exists():
        return
    kinds = {"colour": "choice", "plan": "choice", "city": "text", "asked": "yes_no", "member": "yes_no"}
    for key in ("visits", "minutes", "pages", "age", "budget", *kinds):
        CustomField.objects.create(record="lead", name=key.capitalize(), key=key, kind=kinds.get(key, "number"))
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(FIELDS)
        cursor.execute(ENDINGS.replace(":ended", str(min(ENDED, Lead.objects.count() // 2))))
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM (FULL, ANALYZE) leads_lead")  # the updates left every row twice


class Relearn(Rescore):
    """Also measures new versions: two that differ in every weight, taken into use in turn."""

    def __init__(self) -> None:
        super().__init__()
        from leads.models import ConversionModel

        other = ConversionModel.objects.latest("pk")
        number, other.pk = other.pk, None
        for column in other.data["columns"]:
            column["weights"] = [weight * 1.25 for weight in column["weights"]]
        other.save(force_insert=True)
        self.versions = [other.pk, number]

    def version(self, *, learned: bool = True, afresh: bool = False) -> float:
        """Every score one point off, other points of the rules, another version or none."""
        from leads.models import ScoreInputs, ScoringSettings

        self.versions.reverse()
        ScoringSettings.objects.update(model=self.versions[0] if learned else None)
        if afresh:
            ScoreInputs.objects.all().delete()
        sql(
            "UPDATE leads_leadscore SET total = least(total + 1, 100), probability = NULL, "
            "next_due_at = date_trunc('day', now())"
        )
        self.other_points()
        return self.timed(self.ranges)


def train() -> dict:
    """Seconds of reading and training, as the worker does both, and what came of it."""
    from django.utils import timezone

    from leads.conversion import outcomes
    from leads.conversion.fields import all_known
    from leads.conversion.versions import LEARNER
    from leads.models import ConversionSettings
    from presales.learning.fields import used
    from presales.learning.training import train as learn

    fields = used(all_known(), [], [])
    started, own = time.perf_counter(), time.process_time()
    rows = outcomes.read(fields, 180, timezone.now())
    read = time.perf_counter() - started
    trained = learn(rows.table, rows.won)
    found = {"outcomes": len(rows), "fields": len(fields), "read_seconds": round(read, 2)}
    found |= {"seconds": round(time.perf_counter() - started, 2), "own_seconds": round(time.process_time() - own, 2)}
    LEARNER.keep(trained, rows, fields, ConversionSettings.row(), timezone.now())
    return found | {"state": trained.report.state.value, "auc": round(trained.report.auc, 4)}


def run(leads: int = 1_000_000, engagements: int = 2_000_000, rounds: int = 3, only: str = "") -> dict:
    """Measure; the returned dict goes into bench/results.json."""
    from leads.scoring import verify
    from leads.scoring.sweep import sweep

    prepare(leads, engagements)
    sweep()
    bars, trained = [], {}
    if not only:
        trained = train()
        print(f"train: {trained}")
        bars.append(bar("train on 60,000 ended leads (s)", trained["seconds"], 20))
        sweep()
    relearn = Relearn()
    cases = {
        "afresh": lambda: relearn.version(afresh=True),
        "model": relearn.version,
        "rules": lambda: relearn.version(learned=False),
        "night": lambda: relearn.night(1),
    }
    cases = {name: case for name, case in cases.items() if only in name}
    ratios: dict[str, list[float]] = {name: [] for name in cases}
    seconds: dict[str, list[float]] = {name: [] for name in ("bare", *cases)}
    for _ in range(rounds):
        for name, case in cases.items():
            before, bare_busy = relearn.bare(), relearn.busy
            sql("UPDATE leads_leadscore SET total = 100 - total")
            taken = case()
            written, busy = relearn.written, relearn.busy
            after = relearn.bare()
            bare_busy = (bare_busy + relearn.busy) / 2
            sql("UPDATE leads_leadscore SET total = 100 - total")
            seconds["bare"] += [before, after]
            seconds[name].append(taken)
            ratios[name].append(taken / ((before + after) / 2))
            print(
                f"{name}: {taken:.2f} s, {written:,} written, {ratios[name][-1]:.2f} × bare; "
                f"busy for {busy:.2f} s, {busy / bare_busy:.2f} × bare"
            )
    differing = len(verify.differences())
    bars += [
        bar(f"{name}, every row changing, × bare UPDATE", statistics.median(ratios[name]), limit)
        for name, limit in BARS.items()
        if name in cases
    ]
    bars.append(bar("scores that differ afterwards", differing, 0))
    return {"leads": leads, "trained": trained, "seconds": seconds, "ratios": ratios, "bars": bars}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--engagements", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help='cases whose name has this, e.g. "model"; nothing is trained')
    options = parser.parse_args()
    own_database("presales_bench_learning", keep=True)
    store("learning", run(options.leads, options.engagements, options.rounds, options.only))


if __name__ == "__main__":
    main()
