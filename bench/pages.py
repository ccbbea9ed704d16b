"""Pages against a floor page, at 1,000 and at 100,000 leads (and half as many opportunities).

    python -m bench.pages [--leads N] [--requests N]

Floor and product are asked in turn over the same connection to the same server (gunicorn, one process), so that a busy
machine slows both. Bars (quality.md): lists, board and queue ≤ 5 × floor, home ≤ 8 ×, ≤ 12 queries, growth ≤ 1.25 ×;
the screens of figures ≤ 8 × and ≤ 12 queries for who has a team. They add up every deal of the team, of which there
are five times as many at the larger size, so they have no bar for growth; a director's, over all teams, are told only.
"""

import argparse
import http.client
import os
import re
import statistics
import subprocess
import sys
import time

from bench.pages_book import grow
from bench.place import ROOT, bar, own_database, store

PAGES = [
    # what, who, address, bar
    ("lead list", "ae", "/leads/", 5),
    ("lead list, director", "director", "/leads/", 5),
    ("opportunities", "manager", "/opportunities/", 5),
    ("opportunities, director", "director", "/opportunities/", 5),
    ("board", "manager", "/board/", 5),
    ("board, director", "director", "/board/", 5),
    ("claim queue", "se", "/queue/", 5),
    ("load board", "manager", "/loads/", 5),
    ("load board, director", "director", "/loads/", 5),
    ("home, AE", "ae", "/", 8),
    ("home, SE", "se", "/", 8),
    ("home, manager", "manager", "/", 8),
    ("home, director", "director", "/", 8),
    ("the week of home, manager", "manager", "/insights/week/", None),  # fetched after home
    ("the week of home, director", "director", "/insights/week/", None),
    ("deal review, manager", "manager", "/insights/review/", None),
    ("deal review, director", "director", "/insights/review/", None),
    ("lead page", "ae", "/leads/{lead}/", 8),
    ("opportunity page", "ae", "/opportunities/{deal}/", 8),
    ("search", "director", "/leads/?q={first}+{last}", 5),
    ("past answers", "se", "/answers/?q=encryption+topic17", 5),
    ("past answers, all", "director", "/answers/?q=encryption", 5),
    ("search, a word of all", "director", "/leads/?q=example+{last}", None),  # told, not held to a bar
]
FIGURES = [
    ("pipeline", "/pipeline/"), ("movement", "/insights/movement/"), ("forecast", "/insights/forecast/"),
    ("funnel", "/insights/funnel/"), ("velocity", "/insights/velocity/"), ("SE team", "/insights/se_team/"),
    ("win / loss", "/insights/win_loss/"), ("happy ears", "/insights/happy_ears/"),
    ("pairings", "/insights/pairings/"), ("meetings", "/insights/meetings/"), ("goals", "/insights/goals/"),
]  # fmt: skip
PAGES += [(what, "manager", address, 8) for what, address in FIGURES]
PAGES += [(f"{what}, director", "director", address, None) for what, address in FIGURES]
WITHOUT_GROWTH = {what for what, _ in FIGURES}
PORT = int(os.environ.get("BENCH_PORT", "8977"))


def cookies(people: set[str]) -> dict[str, str]:
    """A signed-in session for each of `people`."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.cached_db import SessionStore

    from people.models import User

    made = {}
    for who in people:
        user = User.objects.get(email=f"{who}1@bench.example")
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        made[who] = f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
    return made


def places() -> dict[str, int | str]:
    """A lead, with its address and its name as one begins to type it, and a deal of the first AE."""
    from deals.models import Opportunity
    from leads.models import Lead
    from people.models import User

    ae = User.objects.get(email="ae1@bench.example")
    lead = Lead.objects.filter(owner=ae).first()
    first, last = lead.name.lower().split()
    return {
        "lead": lead.pk,
        "email": lead.email,
        "first": first,
        "last": last[:3],
        "deal": Opportunity.objects.open().filter(owner=ae).exclude(se=None).values_list("pk", flat=True).first(),
    }


def tell_a_story() -> None:
    """Give the deal whose page is measured everything that a deal can have."""
    from bench.story import tell
    from deals.models import Opportunity

    deal = Opportunity.objects.get(pk=places()["deal"])
    if not deal.stakeholders.exists():
        tell(deal)


def serve() -> subprocess.Popen:
    """One gunicorn process with the bench's settings, once it answers."""
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)
    command = [sys.executable, "-m", "gunicorn", "presales.wsgi", "--bind", f"127.0.0.1:{PORT}", "--workers", "1",
               "--threads", "2", "--log-level", "error", "--no-control-socket"]  # fmt: skip
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "bench.settings", "LOG_LEVEL": "ERROR"}
    server = subprocess.Popen(command, env=environment, cwd=ROOT)
    for _ in range(200):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
            connection.request("GET", "/account/login/")
            if connection.getresponse().read() is not None:
                return server
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not start")


def rows_of(body: bytes) -> int:
    """How many records a page links to: as many rows has the floor page that it is measured against."""
    return len(set(re.findall(rb'href="(/(?:leads|opportunities|rfp-questions)/\d+/)"', body)))


def fetch(connection: http.client.HTTPConnection, address: str, cookie: str) -> tuple[float, bytes]:
    """(seconds, body) of one page."""
    started = time.perf_counter()
    connection.request("GET", address, headers={"Cookie": cookie})
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        raise RuntimeError(f"{address} answered {response.status}")
    return time.perf_counter() - started, body


def queries_of(address: str, who: str) -> int:
    """How many queries the page asks, signed in and warm."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from people.models import User

    client = Client()
    client.force_login(
        User.objects.get(email=f"{who}1@bench.example"),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return len([query for query in captured.captured_queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))])


def measure(requests: int, pages_asked: list[tuple[str, str, str, float | None]] = PAGES) -> list[dict]:
    """Each page and the floor in turn."""
    server = serve()
    try:
        signed_in, where = cookies({who for _, who, _, _ in pages_asked}), places()
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
        rows = []
        for what, who, address, limit in pages_asked:
            address = address.format(**where)
            _, body = fetch(connection, address, signed_in[who])
            floor_address = f"/floor/?rows={rows_of(body)}"
            floors, pages = [], []
            for number in range(requests + 3):
                floor, _ = fetch(connection, floor_address, signed_in[who])
                page, body = fetch(connection, address, signed_in[who])
                if number >= 3:
                    floors.append(floor)
                    pages.append(page)
            p50, floor = statistics.median(pages), statistics.median(floors)
            rows.append({
                "page": what, "ratio": round(p50 / floor, 2), "bar": limit, "p50_ms": round(1000 * p50, 1),
                "p95_ms": round(1000 * statistics.quantiles(pages, n=20)[-1], 1), "floor_ms": round(1000 * floor, 1),
                "queries": queries_of(address, who), "bytes": len(body), "rows": rows_of(body),
            })  # fmt: skip
        return rows
    finally:
        server.terminate()
        server.wait()


def run(leads: int = 100_000, requests: int = 40) -> dict:
    """Measure at 1,000 and at `leads` leads; prints the table."""
    own_database("presales_bench_pages", settings="bench.settings")
    grow(0, 1000)
    tell_a_story()
    small = measure(requests)
    grow(1000, leads)
    tell_a_story()
    large = measure(requests)
    print(
        f"{'page':22} {'× floor':>8} {'bar':>4} {'p50 ms':>8} {'p95 ms':>8} {'floor':>7} {'queries':>8} {'bytes':>8} {'rows':>5} {'growth':>7}"
    )
    for before, row in zip(small, large, strict=True):
        # Growth of the page over growth of the floor, since the machine's pace differs between the two runs.
        row["growth"] = round(row["ratio"] / before["ratio"], 2)
        missed = " missed" if row["ratio"] > (row["bar"] or row["ratio"]) or row["queries"] > 12 else ""
        print(
            f"{row['page']:22} {row['ratio']:8} {row['bar'] or '–':>4} {row['p50_ms']:8} {row['p95_ms']:8} {row['floor_ms']:7} "
            f"{row['queries']:8} {row['bytes']:8} {row['rows']:5} {row['growth']:7}{missed}"
        )
    bars = []
    for row in large:
        if row["bar"] is None:
            continue
        bars += [
            bar(f"{row['page']}, × floor page", row["ratio"], row["bar"]),
            bar(f"{row['page']}, queries", row["queries"], 12),
        ]
        if row["page"] not in WITHOUT_GROWTH:
            bars.append(bar(f"{row['page']}, growth", row["growth"], 1.25))
    return {"small": small, "large": large, "leads": leads, "bars": bars}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=40)
    options = parser.parse_args()
    store("pages", run(options.leads, options.requests))


if __name__ == "__main__":
    main()
