"""Importing 100,000 leads from a CSV file, against a bulk_create of the same rows.

    python -m bench.imports [--leads N] [--rounds N] [--memory N]

The file has 100,000 new leads at 20,000 new companies, and 5,000 leads that are there already. In turn, several rounds,
the tables emptied and a checkpoint made before each measurement:

- import: what the worker does after “Import”: read, check and stage every row, find duplicates, insert
- bulk_create: companies, leads and score rows as model objects made beforehand, history triggers on as in the import

Then the same file once more (no row may be written, by PostgreSQL's own count, rolled-back ones included), undo,
and the memory that upload, check and import of `--memory` rows take in a fresh process (quality.md: 1,000,000 rows).
"""

import argparse
import csv
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.place import ROOT, bar, own_database, store, told

DATABASE = "presales_bench_imports"
KNOWN = 5_000
TABLES = ["leads_lead", "leads_leadevent", "leads_company", "leads_companyevent", "leads_leadscore"]
COLUMNS = [
    "First name", "Last name", "Email", "Phone", "Title", "Company", "Website", "Industry", "Employees", "Country",
    "Lead source", "Lead status", "Lead owner", "Created", "Record ID",
]  # fmt: skip
TITLES = ["VP Engineering", "Data Analyst", "Director of IT", "Head of Platform", "Student", "Chief Financial Officer"]


def rows(first: int, last: int):
    """Leads `first` to `last` as the file tells them, the same at every call."""
    for n in range(first, last):
        dice = random.Random(n)
        at = n // 5
        yield [
            f"First{n % 977}", f"Last{n}", f"lead{n}@c{at}.example", f"+1 555 {n:07}", dice.choice(TITLES),
            f"Company {at}", f"https://www.c{at}.example/about", dice.choice(["Software", "Retail", "Education"]),
            f"{dice.randrange(1, 9000):,}", dice.choice(["Germany", "France", "US"]),
            dice.choice(["Web", "Trade Show", "Webinar"]), dice.choice(["Open", "Not Contacted", "Contacted"]),
            "Olga Owner", f"2026-0{1 + n % 6}-1{n % 10} 10:00:00", f"L{n}",
        ]  # fmt: skip


def write(path: Path, first: int, last: int) -> Path:
    """The file with these leads."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows(first, last))
    return path


class Importer:
    """Takes a file through the steps, as the pages and the worker do, and notes the seconds of each."""

    def __init__(self, user) -> None:
        self.user = user
        self.seconds: dict[str, float] = {}

    def timed(self, name: str, work):
        started = time.perf_counter()
        result = work()
        self.seconds[name] = time.perf_counter() - started
        return result

    def bring(self, path: Path):
        """Upload, match as suggested, check, import; the finished batch."""
        from django.core.files import File

        from leads.actions import imports as actions
        from leads.imports.targets import registry
        from presales.jobs import without_nudges

        with without_nudges(), open(path, "rb") as file:
            batch = self.timed(
                "upload", lambda: actions.upload(self.user, registry["leads"], File(file, name=path.name))
            )
            actions.match_columns(self.user, batch, batch.mapping, {})
            self.timed("check", lambda: actions.work(batch.pk))
            batch.refresh_from_db()
            actions.confirm(self.user, batch)
            self.timed("import", lambda: actions.work(batch.pk))
        batch.refresh_from_db()
        if batch.state != "done":
            raise SystemExit(f"the import failed: {batch.message}")
        return batch


def people():
    """An admin who imports, and the owner that the file names."""
    from people.models import Membership, Role, Team, User

    admin, made = User.objects.get_or_create(email="admin@imports.example", name="Adam Admin", role=Role.ADMIN)
    if made:
        team = Team.objects.create(name="Importers")
        owner = User.objects.create(email="owner@imports.example", name="Olga Owner", role=Role.AE)
        Membership.objects.create(team=team, user=owner)
    return admin


def sql(query: str) -> list:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall() if cursor.description else []


def empty() -> None:
    """No leads, fresh statistics, no pending checkpoint."""
    sql("SET statement_timeout = 0")
    sql("TRUNCATE leads_lead, leads_company, leads_leadscore, leads_importproblem RESTART IDENTITY CASCADE")
    sql("VACUUM (ANALYZE) leads_lead, leads_company, leads_leadscore, leads_leadevent, leads_companyevent")
    sql("CHECKPOINT")


def bulk_create(user) -> tuple[float, float]:
    """The rows of the last import made once more by bulk_create: seconds with companies and scores, of leads alone."""
    from django.db import transaction

    from leads.models import Company, Lead, LeadScore
    from presales.actions import history_context

    companies = list(Company.objects.exclude(import_batch=None).order_by("pk"))
    leads = list(Lead.objects.exclude(import_batch=None).order_by("pk"))
    place = {company.pk: position for position, company in enumerate(companies)}
    at = [place[lead.company_id] for lead in leads]
    for record in (*companies, *leads):
        record.pk = None
        record._state.adding = True
    empty()
    started = time.perf_counter()
    with transaction.atomic(), history_context(user=user.pk, channel="import", action="import"):
        Company.objects.bulk_create(companies, batch_size=5000)
        for lead, position in zip(leads, at, strict=True):
            lead.company_id = companies[position].pk
        between = time.perf_counter()
        Lead.objects.bulk_create(leads, batch_size=5000)
        alone = time.perf_counter() - between
        LeadScore.objects.bulk_create([LeadScore(lead_id=lead.pk) for lead in leads], batch_size=5000)
    return time.perf_counter() - started, alone


def written() -> int:
    """Rows inserted, updated and deleted in the tables of leads since the statistics began, rolled back or not."""
    from django.db import connection

    connection.close()  # hands in this connection's statistics
    time.sleep(1)
    names = ", ".join(f"'{name}'" for name in TABLES)
    counted = sql(f"SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables WHERE relname IN ({names})")
    return int(counted[0][0])


def fingerprint() -> list:
    """Which rows there are, and which transaction wrote each."""
    return [sql(f"SELECT count(*), sum(hashtextextended(ctid::text || xmin::text, 0)) FROM {name}") for name in TABLES]


def memory(leads: int) -> dict:
    """In this process: how much upload, check and import of so many leads add to its memory."""
    importer = Importer(people())
    with tempfile.TemporaryDirectory() as folder:
        _media(folder)
        empty()
        importer.bring(write(Path(folder) / "few.csv", 0, 100))  # everything is loaded by now
        path = write(Path(folder) / "many.csv", 100, 100 + leads)
        Path("/proc/self/clear_refs").write_text("5")  # begin the peak anew
        before = _megabytes("VmRSS")
        importer.bring(path)
        grown = _megabytes("VmHWM") - before
    return {"leads": leads, "megabytes": round(grown, 1), **{k: round(v, 1) for k, v in importer.seconds.items()}}


def _megabytes(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name + ":"))


def _media(folder: str) -> None:
    from django.conf import settings

    settings.MEDIA_ROOT = folder


def run(leads: int = 100_000, rounds: int = 3, memory_of: int = 200_000) -> dict:
    """Measure in a fresh database; figures and bars."""
    own_database(DATABASE)
    from leads.actions import imports as actions
    from leads.models import Lead

    admin = people()
    figures: dict[str, list[float]] = {}
    ratios, alone_ratios = [], []
    with tempfile.TemporaryDirectory() as folder:
        _media(folder)
        known = write(Path(folder) / "known.csv", 0, KNOWN)
        path = write(Path(folder) / "leads.csv", 0, KNOWN + leads)
        for _ in range(rounds):
            importer = Importer(admin)
            empty()
            importer.bring(known)
            batch = importer.bring(path)
            assert (batch.created, batch.unchanged, batch.rejected) == (leads, KNOWN, 0), batch.created
            Lead.objects.filter(import_batch__lt=batch.pk).update(import_batch=None)
            every, alone = bulk_create(admin)
            for name, seconds in {**importer.seconds, "bulk_create": every, "leads alone": alone}.items():
                figures.setdefault(name, []).append(seconds)
            ratios.append(importer.seconds["import"] / every)
            alone_ratios.append(importer.seconds["import"] / alone)
            print(f"import {importer.seconds['import']:.1f} s, bulk_create {every:.1f} s", flush=True)
        empty()
        importer.bring(known)
        batch = importer.bring(path)
        count, before = written(), fingerprint()
        again = importer.bring(path)
        rewritten, same = written() - count, before == fingerprint()
        seconds_again = importer.seconds["import"]
        started = time.perf_counter()
        actions.undo(admin, batch)
        asked = time.perf_counter() - started
        actions.work(batch.pk)
        undone = time.perf_counter() - started
        left = Lead.objects.count()
    child = subprocess.run(
        [sys.executable, "-m", "bench.imports", "--only-memory", str(memory_of)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    taken = json.loads(child.stdout.strip().splitlines()[-1])
    middle = {name: round(statistics.median(values), 2) for name, values in figures.items()}
    return {
        "leads": leads,
        "seconds": middle,
        "ratios": [round(ratio, 2) for ratio in ratios],
        "ratio_to_leads_alone": round(statistics.median(alone_ratios), 2),
        "again": {"created": again.created, "unchanged": again.unchanged, "seconds": round(seconds_again, 2)},
        "undo": {"request": round(asked, 3), "worker": round(undone, 2)},
        "memory": taken,
        "bars": [
            bar(f"{leads:,} leads, × bulk_create of the same rows", round(statistics.median(ratios), 2), 2.0),
            bar("rows written by the same file again", rewritten + (not same), 0),
            bar("undo: seconds of the request", round(asked, 3), 1.0),
            bar("undo: leads of the batch left over", left - KNOWN, 0),
            bar(f"memory of {memory_of:,} rows, MB", taken["megabytes"], 300),
        ],
    }


def main() -> int:
    """Run by the options and print; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", type=int, default=200_000, help="rows of the memory check")
    parser.add_argument("--only-memory", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only_memory:
        own_database(DATABASE, keep=True)
        print(json.dumps(memory(options.only_memory)))
        return 0
    figures = run(options.leads, options.rounds, options.memory)
    store("imports", figures)
    print("seconds:", ", ".join(f"{name} {seconds}" for name, seconds in figures["seconds"].items()))
    print("each round:", ", ".join(map(str, figures["ratios"])), "· to leads alone:", figures["ratio_to_leads_alone"])
    print("the same file again:", figures["again"], "· undo:", figures["undo"], "· memory:", figures["memory"])
    told(figures["bars"])
    return int(not all(line["holds"] for line in figures["bars"]))


if __name__ == "__main__":
    sys.exit(main())
