"""Fifty SEs claim the same opportunity at the same moment, over HTTP, a hundred times.

    python -m bench.claims [--rounds N] [--claimers N]

The web server is the product's own (as `make run` starts it), the sessions are real, and all requests of a round leave
together; every second one is sent by HTMX, the others as plain forms. Bars (quality.md): one winner a round, the others
hear who it is (409 "Taken by …"), no 5xx, and no deadlock noticed by PostgreSQL.
"""

import argparse
import http.client
import statistics
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from bench.place import bar, own_database, store, told
from bench.processes import CSRF_TOKEN, cookies, web_server


@dataclass
class Answer:
    """What one of the claimers got."""

    person: str
    status: int
    seconds: float
    body: str


@dataclass
class Round:
    """One opportunity, claimed by all at once."""

    answers: list[Answer] = field(default_factory=list)
    holder: str = ""
    open_claims: int = 0

    @property
    def winners(self) -> list[str]:
        """Who was told that the deal is theirs."""
        return [answer.person for answer in self.answers if answer.status in (204, 302)]

    @property
    def clear(self) -> int:
        """How many of the others were told who has it."""
        return sum(answer.status == 409 and f"Taken by {self.holder}." in answer.body for answer in self.answers)

    @property
    def holds(self) -> bool:
        """One winner, whom the database knows as the only one; everybody else heard the name."""
        return self.winners == [self.holder] and self.open_claims == 1 and self.clear == len(self.answers) - 1


def build(claimers: int):
    """A team with so many SEs, none of them ever full, and an AE with a waiting opportunity to take; gives a function
    that makes the next one, and the SEs."""
    from deals.actions.opportunities import default_pipeline
    from deals.models import Opportunity, QueueEntry
    from deals.seeds import seed as seed_deals
    from people.models import Membership, Role, Team, User
    from qualification.actions.dossiers import open_dossier
    from qualification.seeds import seed as seed_frameworks

    seed_frameworks()
    seed_deals()
    team = Team.objects.create(name="Claimers")
    owner = User.objects.create(email="owner@claims.example", name="Olga Owner", role=Role.AE)
    ses = User.objects.bulk_create(
        User(email=f"se{n}@claims.example", name=f"Claimer {n:02}", role=Role.SE, capacity=30_000)
        for n in range(1, claimers + 1)
    )
    Membership.objects.bulk_create(Membership(team=team, user=person) for person in [owner, *ses])
    pipeline = default_pipeline()
    stage = pipeline.stages.order_by("order").first()

    def next_deal() -> Opportunity:
        made = Opportunity.objects.create(
            name="Wanted by all", dossier=open_dossier(None, team), pipeline=pipeline, stage=stage, owner=owner,
            team=team, amount=60_000,
        )  # fmt: skip
        QueueEntry.objects.create(opportunity=made)
        return made

    return next_deal, ses


def race(port: int, deal, ses: list, headers: list[str]) -> Round:
    """Let all of `ses` claim `deal` at once, each over a connection that is open already."""
    from deals.models import Claim, Opportunity

    result, gate = Round(), threading.Barrier(len(ses))
    connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=60) for _ in ses]

    def claim(number: int) -> None:
        connection = connections[number]
        connection.connect()
        sent = {"Cookie": headers[number], "X-CSRFToken": CSRF_TOKEN}
        if number % 2:
            sent |= {"HX-Request": "true", "HX-Current-URL": f"http://127.0.0.1:{port}/queue/"}
        gate.wait()
        started = time.perf_counter()
        try:
            connection.request("POST", f"/opportunities/{deal.pk}/claim/", headers=sent)
            response = connection.getresponse()
            status, body = response.status, response.read().decode()
        except (OSError, http.client.HTTPException) as error:
            status, body = 0, type(error).__name__
        result.answers.append(Answer(ses[number].name, status, time.perf_counter() - started, body))

    threads = [threading.Thread(target=claim, args=[number]) for number in range(len(ses))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for connection in connections:
        connection.close()
    result.holder = str(Opportunity.objects.select_related("se").get(pk=deal.pk).se)
    result.open_claims = Claim.objects.current().filter(opportunity=deal).count()
    return result


def deadlocks() -> int:
    """How many PostgreSQL has noticed in this database."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]


def run(rounds: int = 100, claimers: int = 50) -> dict:
    """Run the races in a fresh database; figures and bars."""
    own_database("presales_bench_claims")
    next_deal, ses = build(claimers)
    before = deadlocks()
    with web_server() as port:
        headers = cookies(ses)
        done = [race(port, next_deal(), ses, headers) for _ in range(rounds)]
    time.sleep(1.1)  # until the last backends have handed in their statistics
    answers = [answer for each in done for answer in each.answers]
    statuses = Counter(answer.status for answer in answers)
    seconds = [answer.seconds for answer in answers]
    one_winner = sum(len(each.winners) == 1 and each.open_claims == 1 for each in done)
    unclear = sum(len(each.answers) - 1 - each.clear for each in done)
    broken = sum(count for status, count in statuses.items() if status >= 500 or status == 0)
    noticed = deadlocks() - before
    return {
        "rounds": rounds,
        "claimers": claimers,
        "winners": [len(each.winners) for each in done],
        "different_winners": len({name for each in done for name in each.winners}),
        "statuses": {str(status): count for status, count in sorted(statuses.items())},
        "p50_ms": round(1000 * statistics.median(seconds), 1),
        "p95_ms": round(1000 * statistics.quantiles(seconds, n=20)[-1], 1),
        "max_ms": round(1000 * max(seconds), 1),
        "bars": [
            bar("rounds without exactly one winner", rounds - one_winner, 0),
            bar("losers without a clear “Taken by …”", unclear, 0),
            bar("answers 5xx, or none", broken, 0),
            bar("deadlocks", noticed, 0),
        ],
    }


def main(argv: list[str] | None = None) -> dict:
    """Run by the options in `argv` and print; the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--claimers", type=int, default=50)
    options = parser.parse_args(argv)
    figures = run(options.rounds, options.claimers)
    store("claims", figures)
    print(f"{figures['claimers']} claims at once, {figures['rounds']} rounds")
    print("winners a round:", *figures["winners"])
    print(f"different winners: {figures['different_winners']}")
    print("statuses:", ", ".join(f"{count} × {status}" for status, count in figures["statuses"].items()))
    print(f"latency in a round: p50 {figures['p50_ms']} ms, p95 {figures['p95_ms']} ms, max {figures['max_ms']} ms")
    told(figures["bars"])
    return figures


if __name__ == "__main__":
    raise SystemExit(0 if all(line["holds"] for line in main()["bars"]) else 1)
