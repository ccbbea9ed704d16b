"""Pages against a floor page, at 1,000 and at 100,000 leads (and half as many opportunities).

    python -m bench.pages [--leads N] [--requests N]

Floor and product are asked in turn over the same connection to the same server (gunicorn, one process), so that a busy
machine slows both. Bars (quality.md): lists, board and queue ≤ 5 × floor, home ≤ 8 ×, ≤ 12 queries, growth ≤ 1.25 ×.
"""

import argparse
import http.client
import os
import re
import statistics
import subprocess
import sys
import time

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
PORT = 8977

# Teams of 10 AEs, 4 SEs and a manager under one director: one team at 1,000 leads, twenty at 100,000, so that what one
# person works on fills the pages at both sizes, and the rest is what the database has to pass by.
TEAMS = """
INSERT INTO people_team (name, regions, verticals, version) VALUES ('Sales', '{}', '{}', 1);
INSERT INTO people_team (name, parent_id, regions, verticals, version)
SELECT 'Team ' || n, t.id, '{}', '{}', 1 FROM people_team t, generate_series(1, 20) AS n WHERE t.name = 'Sales'
"""
PEOPLE = """
INSERT INTO people_user (password, is_superuser, email, name, role, title, seniority, time_zone, skills, verticals, sign_ins_ended,
                         is_active, created_at, version)
SELECT '!', false, who || n || '@bench.example', who || ' ' || n, role, '', 'senior', 'UTC', '{}', '{}', 0, true, now(), 1
  FROM (VALUES ('ae', 'ae', 200), ('se', 'se', 80), ('manager', 'manager', 20), ('director', 'manager', 2)) AS roles (who, role, many),
       generate_series(1, many) AS n
"""
MEMBERS = """
INSERT INTO people_membership (team_id, user_id)
SELECT t.id, u.id FROM people_user u JOIN people_team t
    ON t.name = CASE WHEN u.email LIKE 'director%%' THEN 'Sales' ELSE 'Team ' ||
       1 + (substring(u.email FROM '[0-9]+')::int - 1) / (CASE u.role WHEN 'ae' THEN 10 WHEN 'se' THEN 4 ELSE 1 END) END
"""
COMPANIES = """
INSERT INTO leads_company (name, name_key, domain, industry, employees, country, region, technologies, created_at, version)
SELECT 'Company ' || n, 'company ' || n, 'company' || n || '.example', 'Software', n, 'Chile', 'West', '{}', now(), 1
  FROM generate_series(%(first)s / 10 + 1, %(last)s / 10) AS n
"""
LEADS = """
INSERT INTO leads_lead (name, name_key, email, email_key, phone, job_title, seniority, function, company_id, source, campaign,
    consent, notes, owner_id, owner_name, team_id, stage, stage_since, mql_at, response_due_at, return_reason,
    nurture_until, disqualify_reason, external_source, external_id, created_at, version)
SELECT first || ' ' || last, lower(first || ' ' || last), 'lead' || n || '@company.example', 'lead' || n || '@company.example', '', 'Engineer',
    'individual', 'engineering', c.id, 'webinar', '', 'unknown', '', CASE WHEN stage IN ('sal', 'sql') THEN u.id END, '',
    m.team_id, stage, made, made, made + interval '4 hours', '', CASE WHEN stage = 'nurture' THEN now()::date END,
    CASE WHEN stage = 'disqualified' THEN 'no_fit' ELSE '' END, '', '', made, 1
  FROM (SELECT n, (ARRAY['new', 'mql', 'sal', 'sql', 'nurture', 'disqualified', 'new', 'new', 'disqualified', 'nurture',
                        'new', 'nurture', 'nurture', 'nurture', 'disqualified', 'disqualified', 'new', 'new', 'disqualified', 'nurture']
               )[1 + n %% 20] AS stage,
               initcap(translate(substr(md5('a' || n %% 2000), 1, 5), '0123456789', 'ghijklmnop')) AS first,
               initcap(translate(substr(md5('b' || n), 1, 7), '0123456789', 'ghijklmnop')) AS last,
               now() - n * interval '5 minutes' AS made,
               (SELECT array_agg(id ORDER BY id) FROM people_user WHERE role = 'ae') AS aes
          FROM generate_series(%(first)s + 1, %(last)s) AS n) rows
  JOIN people_user u ON u.id = rows.aes[1 + n / 20 %% (%(teams)s * 10)]
  JOIN people_membership m ON m.user_id = u.id
  LEFT JOIN leads_company c ON c.name_key = 'company ' || (1 + n / 10)
"""
SCORES = """
INSERT INTO leads_leadscore (lead_id, fit, engagement, total, grade, band, masses, mass_rev, input_rev, computed_rev, attempts,
                             last_error, computed_at)
SELECT l.id, l.id %% 101, l.id %% 97, l.id %% 99, 'B2', 'warm', '{}', 0, 1, 1, 0, '', now() FROM leads_lead l
 WHERE NOT EXISTS (SELECT 1 FROM leads_leadscore s WHERE s.lead_id = l.id)
"""
DOSSIERS = """
INSERT INTO qualification_dossier (framework_id, team_id, created_at)
SELECT f.id, NULL, now() FROM qualification_framework f, generate_series(%(first)s / 2 + 1, %(last)s / 2) WHERE f.slug = 'bant'
"""
STATUSES = """
INSERT INTO qualification_dossierstatus (dossier_id, input_rev, computed_rev, attempts, last_error, status, completeness)
SELECT d.id, 1, 1, 0, '', (ARRAY['qualified', 'in_progress', 'at_risk'])[1 + d.id %% 3], 50 FROM qualification_dossier d
 WHERE NOT EXISTS (SELECT 1 FROM qualification_dossierstatus s WHERE s.dossier_id = d.id)
"""
DEALS = """
INSERT INTO deals_opportunity (name, company_id, dossier_id, type, source, product, pipeline_id, stage_id, outcome, stage_since,
    owner_id, owner_name, team_id, needed_skills, amount, currency, forecast_category, close_date, compelling_event, next_step,
    created_at, last_activity_at, closed_on, lost_reason, lost_to, no_go_reason, external_source, external_id, version, se_id)
SELECT 'Deal ' || n, c.id, d.id, 'new', 'webinar', '', s.pipeline_id, s.id, s.outcome, made, u.id, '', m.team_id, '', 1000 + n,
    'USD', 'pipeline', now()::date + 30, '', CASE WHEN n %% 3 = 0 THEN '' ELSE 'Call' END, made, now() - n %% 40 * interval '1 day',
    CASE WHEN s.outcome <> 'open' THEN made::date + 20 END, CASE WHEN s.outcome = 'lost' THEN 'price' ELSE '' END, '', '', '', '', 1,
    CASE WHEN n %% 8 > 0 OR n / 40 %% 4 > 0 THEN se.id END
  FROM (SELECT d.id, row_number() OVER (ORDER BY d.id) AS n, now() - row_number() OVER (ORDER BY d.id) * interval '10 minutes' AS made
          FROM qualification_dossier d WHERE NOT EXISTS (SELECT 1 FROM deals_opportunity o WHERE o.dossier_id = d.id)) d
  JOIN deals_stage s ON s.slug = CASE WHEN n %% 8 > 0 THEN (ARRAY['won', 'lost', 'lost'])[1 + n / 8 %% 3] ELSE
      (ARRAY['qualification', 'discovery', 'presentation', 'evaluation', 'negotiation'])[1 + n / 8 %% 5] END
  JOIN people_user u ON u.email = 'ae' || (1 + n / 8 %% (%(teams)s * 10)) || '@bench.example'
  JOIN people_membership m ON m.user_id = u.id
  JOIN people_user se ON se.email = 'se' || (1 + n / 8 %% (%(teams)s * 10) / 10 * 4 + n / 80 %% 4) || '@bench.example'
  LEFT JOIN leads_company c ON c.name_key = 'company ' || (1 + n / 10)
"""
QUEUE = """
INSERT INTO deals_queueentry (opportunity_id, kind, note, entered_at, result)
SELECT id, 'qualified', '', created_at, '' FROM deals_opportunity WHERE outcome = 'open' AND se_id IS NULL
ON CONFLICT DO NOTHING
"""
# An RFP of ten answered questions on every tenth deal; a third of the answers everybody may reuse.
RFPS = """
INSERT INTO deals_rfp (opportunity_id, name, kind, due_on, note, file, filename, reading, columns, mapping, created_at, version)
SELECT o.id, 'RFP ' || o.id, 'rfp', now()::date, '', '', '', '{}', '{}', '{}', now(), 1 FROM deals_opportunity o
 WHERE o.id %% 10 = 0 AND NOT EXISTS (SELECT 1 FROM deals_rfp r WHERE r.opportunity_id = o.id)
"""
ANSWERS = """
INSERT INTO deals_rfpquestion (rfp_id, line, number, section, text, state, answer, fit, is_reusable, reuse_count, version, answered_at)
SELECT r.id, n, n::text, 'Security', 'How does your encryption cover topic' || (r.id * 10 + n) %% 200 || ' in our plants?', 'done',
    'It covers case ' || r.id * 10 + n || ' as the handbook says: keys in a vault, rotated every 90 days, and a log of who looked.', '',
    n %% 3 = 0, 0, 1, now() - r.id * interval '1 minute'
  FROM deals_rfp r, generate_series(1, 10) AS n WHERE NOT EXISTS (SELECT 1 FROM deals_rfpquestion q WHERE q.rfp_id = r.id)
"""


def grow(first: int, last: int) -> None:
    """Add the leads from `first` to `last`, half as many opportunities, and what belongs to them."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        if first == 0:
            cursor.execute(TEAMS)
            cursor.execute(PEOPLE)
            cursor.execute(MEMBERS, {})
        for statement in (COMPANIES, LEADS, SCORES, DOSSIERS, STATUSES, DEALS, QUEUE, RFPS, ANSWERS):
            cursor.execute(statement, {"first": first, "last": last, "teams": max(1, min(20, last // 5000))})
        cursor.execute("VACUUM ANALYZE")


def cookies() -> dict[str, str]:
    """A signed-in session for each person."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.cached_db import SessionStore

    from people.models import User

    made = {}
    for who in {who for _, who, _, _ in PAGES}:
        user = User.objects.get(email=f"{who}1@bench.example")
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        made[who] = f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
    return made


def places() -> dict[str, int | str]:
    """A lead, with its name as one begins to type it, and a deal of the first AE."""
    from deals.models import Opportunity
    from leads.models import Lead
    from people.models import User

    ae = User.objects.get(email="ae1@bench.example")
    lead = Lead.objects.filter(owner=ae).first()
    first, last = lead.name.lower().split()
    return {
        "lead": lead.pk,
        "first": first,
        "last": last[:3],
        "deal": Opportunity.objects.filter(owner=ae, outcome="open").values_list("pk", flat=True).first(),
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


def measure(requests: int) -> list[dict]:
    """Each page and the floor in turn."""
    server = serve()
    try:
        signed_in, where = cookies(), places()
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
        rows = []
        for what, who, address, limit in PAGES:
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
            bar(f"{row['page']}, growth", row["growth"], 1.25),
        ]
    return {"small": small, "large": large, "leads": leads, "bars": bars}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=40)
    options = parser.parse_args()
    store("pages", run(options.leads, options.requests))


if __name__ == "__main__":
    main()
