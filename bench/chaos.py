"""Worker, beat and Redis killed with -9, over and over, while everything that the background does goes on.

    make chaos                or: python -m bench.chaos [--leads N] [--kills N] [--seed N]

On servers and in a database of its own (`var/chaos`), with the product's own worker and beat: leads and deals are
changed by the product's actions, files are uploaded, checked, imported and some taken back, and mails go out, those of
a nurture track with two steps among them, to a server that counts them. Meanwhile one of the three is killed at a
random moment and started again a moment later. Then everything is left to itself until nothing is stale.

Bars (quality.md): every score, status and probability is what a fresh computation gives, no import is half there, no
mail came twice for one cause, and no change of anybody was refused or lost.
"""

import argparse
import contextlib
import csv
import datetime
import io
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable

from bench.mail_server import MailServer
from bench.place import ROOT, bar, own_database, store, told
from bench.processes import end, environment, start_worker

VAR = ROOT / "var" / "chaos"
DEALS = 200
ROWS = 300  # of one imported file
QUIET = 600.0  # seconds after which what is still stale counts as lost


def start_beat() -> subprocess.Popen:
    """Beat, as `make run` starts it."""
    return subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "presales", "beat", "--loglevel", "WARNING", "--pidfile", ""],
        cwd=ROOT, env=environment(), start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


class Installation:
    """The three that are killed: each is there again a moment later, as a supervisor would see to."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.processes = {"worker": start_worker(2), "beat": start_beat()}
        self.killed: Counter = Counter()

    def kill(self) -> None:
        """Kill one of the three with -9 and start it again."""
        from presales import embedded

        what = self.dice.choice(["worker", "worker", "beat", "redis"])
        self.killed[what] += 1
        if what == "redis":
            pid = embedded._redis_pid(VAR)
            if pid:
                os.kill(pid, signal.SIGKILL)
            time.sleep(self.dice.uniform(0.2, 3))
            embedded._start_redis(VAR)
            return
        end(self.processes[what], signal.SIGKILL)
        time.sleep(self.dice.uniform(0, 1))
        self.processes[what] = start_worker(2) if what == "worker" else start_beat()

    def stop(self) -> None:
        """End what still runs."""
        for process in self.processes.values():
            end(process)


class Busy(threading.Thread):
    """Something that goes on until it is told to stop, in a thread and on a connection of its own."""

    def __init__(self, once: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self.once, self.enough, self.done, self.errors = once, threading.Event(), 0, []

    def run(self) -> None:
        """Once more and once more."""
        from django.db import connection

        from presales.errors import StaleEdit

        with contextlib.closing(connection):
            while not self.enough.is_set():
                try:
                    self.once()
                except StaleEdit:
                    continue  # the other thread was faster at the same record: that is how it is to be
                except Exception as error:  # whatever it is, it is a failure to report
                    self.errors.append(f"{type(error).__name__}: {error}")
                self.done += 1

    def stop(self) -> None:
        """Let it finish what it is at."""
        self.enough.set()
        self.join(60)


def changer(dice: random.Random, admin: object, leads: list[int]) -> Callable[[], None]:
    """Changes one lead after the other, now and then a deal, by what a person would do."""
    from decimal import Decimal

    from deals.actions.opportunities import update_commercial
    from deals.models import Opportunity
    from leads.actions.leads import record_engagement, update_lead
    from leads.models import EngagementKind, Lead
    from qualification.actions.evidence import record_evidence

    todo = iter(leads)
    deals = list(Opportunity.objects.values_list("pk", flat=True))
    today = datetime.datetime.now(datetime.UTC).date()

    def once() -> None:
        lead = Lead.objects.get(pk=next(todo, None) or dice.choice(leads))
        if dice.random() < 0.5:
            update_lead(admin, lead, version=lead.version, phone=f"+1 555 {dice.randrange(10_000)}")
        else:
            record_engagement(admin, lead, kind=dice.choice(EngagementKind.values))
        if dice.random() < 0.2:
            deal = Opportunity.objects.select_related("dossier__framework").get(pk=dice.choice(deals))
            criterion = dice.choice(list(deal.dossier.framework.criteria.all()))
            record_evidence(
                admin, deal.dossier, criterion, level=dice.choice([1, 2, 3]), observed_on=today, text="They told us.",
                source_person="Lena Ortiz, CTO", amount=Decimal(90_000) if criterion.fact == "money" else None,
                currency="USD" if criterion.fact == "money" else "",
                decision_on=today + datetime.timedelta(days=60) if criterion.fact == "date" else None,
                person_name="Lena Ortiz" if criterion.fact == "person" else "",
            )  # fmt: skip
            deal.refresh_from_db()
            deal.claimed_probability = dice.randrange(101)
            update_commercial(admin, deal, deal.version)

    return once


class Mails:
    """Causes of mail, some of them twice, as jobs that run again would have them."""

    def __init__(self, dice: random.Random) -> None:
        self.dice, self.number = dice, 0

    def once(self) -> None:
        """A few more."""
        from presales.models import OutboxMail
        from presales.outbox import post

        self.number += 2
        numbers = [*range(self.number - 2, self.number), self.dice.randrange(self.number)]
        post(
            [OutboxMail(key=f"chaos:{number}", kind="chaos", to=f"p{number}@theirs.example", subject="Hello", text="Hi")
             for number in numbers]
        )  # fmt: skip
        time.sleep(0.2)

    def lost(self, taken: Counter) -> int:
        """Causes whose mail never came, although nobody is to look at it; those of the track among them."""
        from presales.models import OutboxMail
        from presales.outbox import message_id

        told = OutboxMail.objects.filter(state__in=["unsure", "sending", "cancelled"])
        keys = {f"chaos:{number}" for number in range(self.number)} | set(_written().values_list("key", flat=True))
        return sum(not taken[message_id(key)] for key in keys - set(told.values_list("key", flat=True)))


class Nurture:
    """A track with two mails that whoever came by an event gets on; its jobs are sent for more often than beat does."""

    def __init__(self, admin: object) -> None:
        from leads.actions.nurture import add_step, add_track, set_track_state

        values = {"stages": ["nurture"], "bands": ["cold", "warm", "hot"], "sources": ["event"]}
        self.track = add_track(admin, name="Chaos", **values)
        for subject in ("Hello", "Once more"):
            add_step(admin, self.track, kind="email", subject=subject, body="Hi {first_name}", delay_days=0)
        set_track_state(admin, self.track, state="running")

    def once(self) -> None:
        """Send for the jobs."""
        from leads.tasks.nurture import nurture, nurture_enrol
        from presales.jobs import nudge

        nudge(nurture_enrol)
        nudge(nurture)
        time.sleep(1)

    def unfinished(self) -> int:
        """People on the track without one mail for each step that they took, or with more."""
        from django.db.models import Count

        told = self.track.enrolments.filter(state="finished").annotate(mails=Count("touches__mail", distinct=True))
        return told.exclude(mails=2).count()


def _written() -> object:
    """The mails of the track."""
    from presales.models import OutboxMail

    return OutboxMail.objects.filter(kind="nurture")


class Imports:
    """Uploads a file, sees it checked, confirms it and takes every third back: one step at a time, as people do."""

    def __init__(self, dice: random.Random, admin: object) -> None:
        self.dice, self.admin, self.number = dice, admin, 0
        self.wanted: dict[int, str] = {}  # the state in which each is to end

    def once(self) -> None:
        """One more file, or the next step of those there are."""
        from leads.actions import imports
        from leads.models import ImportBatch

        moved = False
        for pk in [pk for pk, state in self.wanted.items()]:
            batch = ImportBatch.objects.get(pk=pk)
            if batch.state == "ready":
                imports.confirm(self.admin, batch)
                moved = True
            elif batch.state == "done" and self.wanted[pk] == "undone":
                imports.undo(self.admin, batch, reason="chaos")
                moved = True
        if not moved and sum(batch.state not in ("done", "undone") for batch in self.batches()) < 3:
            self._upload()
        time.sleep(0.2)

    def _upload(self) -> None:
        from django.core.files.uploadedfile import SimpleUploadedFile

        from leads.actions import imports
        from leads.imports.targets import registry

        self.number += 1
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["Name", "Email", "Company"])
        writer.writerows(
            [f"Person {self.number} {row}", f"p{row}@file{self.number}.example", f"Company {self.number}"]
            for row in range(ROWS)
        )
        file = SimpleUploadedFile(f"chaos-{self.number}.csv", text.getvalue().encode())
        batch = imports.upload(self.admin, registry["leads"], file)
        imports.match_columns(self.admin, batch, batch.mapping, {})
        self.wanted[batch.pk] = "undone" if self.number % 3 == 0 else "done"

    def batches(self) -> list:
        """Every file there is."""
        from leads.models import ImportBatch

        return list(ImportBatch.objects.filter(pk__in=self.wanted))

    def half_there(self) -> list[str]:
        """Files of which neither everything nor nothing is there, or that did not end as was wanted."""
        from leads.models import Lead

        wrong = []
        for batch in self.batches():
            found = Lead.objects.filter(import_batch=batch).count()
            expected = {"done": ROWS, "undone": 0}[self.wanted[batch.pk]]
            if batch.state != self.wanted[batch.pk] or found != expected:
                wrong.append(f"{batch.filename}: {batch.state}, {found} of {expected} leads ({batch.message})")
        return wrong


def build(leads: int) -> tuple[object, list[int]]:
    """Leads, deals and an admin who changes them; the admin and the keys of the leads."""
    from bench.scoring import build as build_leads
    from deals.models import Opportunity, Stage
    from leads.models import Lead
    from leads.scoring.sweep import sweep
    from people.models import Role, Team, User
    from qualification.models import Dossier, DossierStatus, Framework

    build_leads(leads, 3 * leads)
    admin = User.objects.create(email="admin@chaos.example", name="Rita RevOps", role=Role.ADMIN)
    team = Team.objects.first() or Team.objects.create(name="Chaos")
    framework = Framework.objects.get(slug="bant")
    stage = Stage.objects.select_related("pipeline").get(slug="discovery", pipeline__is_default=True)
    for number in range(DEALS):
        dossier = Dossier.objects.create(framework=framework, team=team)
        DossierStatus.objects.get_or_create(dossier=dossier)
        Opportunity.objects.create(
            name=f"Deal {number}", dossier=dossier, pipeline=stage.pipeline, stage=stage, team=team, owner=None,
            amount=50_000, compelling_event="Their contract ends",
        )  # fmt: skip
    sweep()
    return admin, list(Lead.objects.order_by("pk").values_list("pk", flat=True))


def settled(imports: Imports) -> bool:
    """Nothing is stale and every file has come to its end."""
    from django.utils import timezone

    from presales.models import OutboxMail
    from presales.set_aside import derived_models

    if any(model.objects.stale(timezone.now()).exists() for model in derived_models()):
        return False
    if OutboxMail.objects.waiting().exists():
        return False
    return all(batch.state == imports.wanted[batch.pk] for batch in imports.batches())


def differing() -> dict[str, int]:
    """How many stored figures are not what a fresh computation gives."""
    from django.utils import timezone

    from deals import probability
    from deals.models import EvidenceProbability
    from leads.scoring import verify
    from presales import derived
    from qualification import status

    now = timezone.now()
    deals = derived.batches(EvidenceProbability, 2000)
    return {
        "scores": len(verify.differences()),
        "statuses": len(status.differences(now)),
        "probabilities": sum(len(probability._wrong(ids, now)) for ids in deals),
    }


def run(leads: int = 10_000, kills: int = 20, seed: int = 0) -> dict:
    """Change, import and kill; then wait and compare."""
    os.environ["PRESALES_VAR"] = str(VAR)
    server = MailServer()
    os.environ["EMAIL_URL"] = server.url
    own_database("presales_chaos")
    seed = seed or random.SystemRandom().randrange(1, 10_000)
    dice = random.Random(seed)
    admin, keys = build(leads)
    dice.shuffle(keys)
    imports, mails, nurture = Imports(random.Random(seed + 1), admin), Mails(random.Random(seed + 4)), Nurture(admin)
    busy = {
        "leads": Busy(changer(random.Random(seed + 2), admin, keys[::2])),
        "more leads": Busy(changer(random.Random(seed + 3), admin, keys[1::2])),
        "imports": Busy(imports.once),
        "mails": Busy(mails.once),
        "nurture": Busy(nurture.once),
    }
    installation = Installation(dice)
    started = time.monotonic()
    try:
        for thread in busy.values():
            thread.start()
        while installation.killed.total() < kills or busy["leads"].done + busy["more leads"].done < leads:
            time.sleep(dice.uniform(0.5, 6))
            if installation.killed.total() < kills:
                installation.kill()
                print(f"{time.monotonic() - started:5.0f} s  {installation.killed.total()} kills", flush=True)
        for name in ("leads", "more leads", "mails", "nurture"):
            busy[name].stop()
        busy["imports"].once = lambda: (_go_on(imports), time.sleep(0.5))
        deadline = time.monotonic() + QUIET
        quiet_from = time.monotonic()
        while not settled(imports) and time.monotonic() < deadline:
            time.sleep(1)
        quiet = time.monotonic() - quiet_from
        busy["imports"].stop()
    finally:
        installation.stop()
    found = differing()
    errors = [error for thread in busy.values() for error in thread.errors]
    half = imports.half_there()
    return {
        "seed": seed,
        "kills": dict(installation.killed),
        "changes": busy["leads"].done + busy["more leads"].done,
        "files": len(imports.wanted),
        "mails": {"causes": mails.number, "of_the_track": _written().count(), "taken": server.taken.total()},
        "seconds_of_chaos": round(quiet_from - started),
        "seconds_until_quiet": round(quiet, 1),
        "errors": errors[:20],
        "half": half,
        "bars": [
            *(bar(f"{what} that differ from fresh ones", count, 0) for what, count in found.items()),
            bar("files half there", len(half), 0),
            bar("mails taken twice for one cause", sum(count > 1 for count in server.taken.values()), 0),
            bar("mails that never came and nobody is told of", mails.lost(server.taken), 0),
            bar("people done with the track without both mails", nurture.unfinished(), 0),
            bar("changes refused or failed", len(errors), 0),
            bar("seconds until nothing is stale", round(quiet, 1), QUIET),
        ],
    }


def _go_on(imports: Imports) -> None:
    """The next step of the files there are; no new ones."""
    imports._upload = lambda: None
    imports.once()


def main() -> dict:
    """Run by the options given and print; the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="another course of events; 0 means a new one each time")
    options = parser.parse_args()
    figures = run(options.leads, options.kills, options.seed)
    store("chaos", figures)
    print(f"seed {figures['seed']}: {figures['kills']}, {figures['changes']:,} changes, {figures['files']} files")
    print("mails:", figures["mails"])
    for problem in figures["errors"] + figures["half"]:
        print("  ", problem)
    told(figures["bars"])
    return figures


if __name__ == "__main__":
    raise SystemExit(0 if all(line["holds"] for line in main()["bars"]) else 1)
