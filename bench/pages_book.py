"""The book over which pages are measured: teams, leads and deals, and what a screen of figures reads beside them."""

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
# One in eight is open, a quarter of these wait to be claimed; of the first 500 as many more wait, so that the queue fills
# its page at the small size too.
DEALS = """
INSERT INTO deals_opportunity (name, company_id, dossier_id, type, source, product, pipeline_id, stage_id, outcome, stage_since,
    owner_id, owner_name, team_id, needed_skills, amount, currency, forecast_category, close_date, compelling_event, next_step,
    created_at, last_activity_at, closed_on, lost_reason, lost_to, no_go_reason, external_source, external_id, version, se_id, lead_id)
SELECT 'Deal ' || n, c.id, d.id, 'new', 'webinar', '', s.pipeline_id, s.id, s.outcome, made, u.id, '', m.team_id, '', 1000 + n,
    'USD', 'pipeline', now()::date + 30, '', CASE WHEN n %% 3 = 0 THEN '' ELSE 'Call' END, made, now() - n %% 40 * interval '1 day',
    CASE WHEN s.outcome <> 'open' THEN LEAST(made::date + 20, current_date) END, CASE WHEN s.outcome = 'lost' THEN 'price' ELSE '' END, '', '', '', '', 1,
    CASE WHEN n %% 8 > 0 AND (n > 500 OR n %% 8 <> 4) OR n %% 8 = 0 AND n / 40 %% 4 > 0 THEN se.id END,
    CASE WHEN s.outcome = 'won' THEN lead.id END
  FROM (SELECT d.id, row_number() OVER (ORDER BY d.id) AS n, now() - row_number() OVER (ORDER BY d.id) * interval '10 minutes' AS made
          FROM qualification_dossier d WHERE NOT EXISTS (SELECT 1 FROM deals_opportunity o WHERE o.dossier_id = d.id)) d
  JOIN deals_stage s ON s.slug = CASE WHEN n %% 8 > 0 AND (n > 500 OR n %% 8 <> 4) THEN (ARRAY['won', 'lost', 'lost'])[1 + n / 8 %% 3] ELSE
      (ARRAY['qualification', 'discovery', 'presentation', 'evaluation', 'negotiation'])[1 + n / 8 %% 5] END
  JOIN people_user u ON u.email = 'ae' || (1 + n / 8 %% (%(teams)s * 10)) || '@bench.example'
  JOIN people_membership m ON m.user_id = u.id
  JOIN people_user se ON se.email = 'se' || (1 + n / 8 %% (%(teams)s * 10) / 10 * 4 + n / 80 %% 4) || '@bench.example'
  LEFT JOIN leads_company c ON c.name_key = 'company ' || (1 + n / 10)
  LEFT JOIN leads_lead lead ON lead.email_key = 'lead' || d.id || '@company.example'
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
# What figures count beside the deals; of closed ones, so that no list of what is still to do grows with it.
PROBABILITIES = """
INSERT INTO deals_evidenceprobability (opportunity_id, percent, history, dossier, committee, activity, technical,
    input_rev, computed_rev, attempts, last_error)
SELECT id, id %% 90, 1 + id %% 90, 90, 100, 80, 100, 1, 1, 0, '' FROM deals_opportunity WHERE outcome = 'open' ON CONFLICT DO NOTHING
"""
MEETINGS = """
INSERT INTO deals_meeting (opportunity_id, kind, starts_at, minutes, ends_at, place, objective, agenda,
    agenda_confirmed, call_to_action, created_at, cancel_reason, version)
SELECT o.id, CASE WHEN o.id %% 3 = 0 THEN 'demo' ELSE 'technical' END, met, 45, met + interval '45 minutes', '', 'Show', '', true, '',
    o.created_at, '', 1
  FROM (SELECT *, LEAST(created_at + interval '9 days', now() - interval '1 day') AS met FROM deals_opportunity) o
 WHERE o.outcome <> 'open' AND o.id %% 4 = 0 AND NOT EXISTS (SELECT 1 FROM deals_meeting m WHERE m.opportunity_id = o.id)
"""
HUDDLES = """
INSERT INTO deals_huddlepoint (meeting_id, item, note, by_id, at)
SELECT m.id, item, '', o.owner_id, m.starts_at FROM deals_meeting m JOIN deals_opportunity o ON o.id = m.opportunity_id,
       unnest(%(huddle)s) AS item WHERE o.outcome <> 'open' AND m.id %% 2 = 0 ON CONFLICT DO NOTHING
"""
DEBRIEFS = """
INSERT INTO deals_debrief (meeting_id, author_id, lane, missed, real_pain, next_step_agreed, next_step, context, written_at, version)
SELECT m.id, CASE lane WHEN 'ae' THEN o.owner_id ELSE o.se_id END, lane, '', 'yes', true, 'Call', 4, m.ends_at, 1
  FROM deals_meeting m JOIN deals_opportunity o ON o.id = m.opportunity_id, unnest(ARRAY['ae', 'se']) AS lane
 WHERE o.outcome <> 'open' AND o.se_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM deals_debrief d WHERE d.meeting_id = m.id)
"""
DECISIONS = """
INSERT INTO deals_technicalwin (opportunity_id, state, decided_on, signed_off_name, against_name, satisfaction, note, recorded_at, version)
SELECT id, CASE WHEN id %% 3 = 0 THEN 'lost' ELSE 'won' END, closed_on, 'Maria', '', 1 + id %% 5, '', created_at, 1
  FROM deals_opportunity WHERE outcome <> 'open' AND id %% 4 = 1 ON CONFLICT DO NOTHING
"""
CLAIMS = """
INSERT INTO deals_claim (opportunity_id, se_id, claimed_at, ended_at, "end", note)
SELECT id, se_id, LEAST(created_at + interval '2 days', now()), now(), 'closed', '' FROM deals_opportunity o
 WHERE outcome <> 'open' AND se_id IS NOT NULL AND id %% 3 = 0 AND NOT EXISTS (SELECT 1 FROM deals_claim c WHERE c.opportunity_id = o.id)
"""
OFFERS = """
INSERT INTO deals_queueentry (opportunity_id, kind, note, entered_at, closed_at, result)
SELECT opportunity_id, 'qualified', '', claimed_at - interval '1 day', claimed_at, 'claimed' FROM deals_claim c
 WHERE NOT EXISTS (SELECT 1 FROM deals_queueentry q WHERE q.opportunity_id = c.opportunity_id)
"""
COMPETITORS = """
INSERT INTO deals_competitor (opportunity_id, name, status, note, version)
SELECT id, 'Rival ' || id %% 12, 'active', '', 1 FROM deals_opportunity o
 WHERE outcome <> 'open' AND id %% 5 = 1 AND NOT EXISTS (SELECT 1 FROM deals_competitor c WHERE c.opportunity_id = o.id)
"""
AUTOPSIES = """
INSERT INTO deals_autopsy (opportunity_id, closed_on, lost_reason, lost_to, lesson, agreed_at, agreed_by_id, version)
SELECT id, closed_on, 'price', '', 'Ask sooner', now(), owner_id, 1 FROM deals_opportunity o
 WHERE outcome = 'lost' AND NOT EXISTS (SELECT 1 FROM deals_autopsy a WHERE a.opportunity_id = o.id)
"""
GAPS = """
INSERT INTO deals_productgap (title, description, severity, state, created_at, version)
SELECT 'Gap ' || n, '', 'deal_breaker', 'open', now(), 1 FROM generate_series(1, 12) n WHERE NOT EXISTS (SELECT 1 FROM deals_productgap)
"""
REQUIREMENTS = """
INSERT INTO deals_requirement (opportunity_id, text, importance, fit, gap_id, note, work, "order", created_at, version)
SELECT o.id, 'Wish', 'must', 'gap', g.id, '', '', 0, o.created_at, 1 FROM deals_opportunity o
  JOIN deals_productgap g ON g.title = 'Gap ' || 1 + o.id %% 12
 WHERE o.outcome <> 'open' AND o.id %% 40 = 3 AND NOT EXISTS (SELECT 1 FROM deals_requirement r WHERE r.opportunity_id = o.id)
"""
# Each AE works with one SE of the team, says each quarter what it will bring, and has a quota, as the team has.
PAIRINGS = """
INSERT INTO deals_pairing (ae_id, se_id, active_since)
SELECT ae.id, se.id, current_date - 360 FROM people_user ae, people_user se
 WHERE ae.role = 'ae' AND se.email = 'se' || ((substring(ae.email FROM '[0-9]+')::int - 1) / 10 * 4 + 1 + ae.id %% 4) || '@bench.example'
   AND NOT EXISTS (SELECT 1 FROM deals_pairing)
"""
CHECKS = """
INSERT INTO deals_alignmentcheck (pairing_id, author_id, score, rated_on, is_shared)
SELECT id, ae_id, 1 + (id + days) %% 10, current_date - days, true FROM deals_pairing, generate_series(1, 350, 14) AS days
 WHERE NOT EXISTS (SELECT 1 FROM deals_alignmentcheck)
"""
QUOTAS = """
INSERT INTO deals_quota (user_id, team_id, quarter, amount, version)
SELECT u.id, NULL, quarter, 400000, 1 FROM people_user u, unnest(%(quarters)s) AS quarter
 WHERE u.role = 'ae' AND NOT EXISTS (SELECT 1 FROM deals_quota)
"""
CALLS = """
INSERT INTO deals_forecastcall (author_id, team_id, quarter, amount, note, called_at)
SELECT u.id, CASE u.role WHEN 'manager' THEN m.team_id END, quarter, 300000 + 10000 * n, '',
    LEAST(quarter + n * interval '20 days', now() - interval '1 hour')
  FROM people_user u JOIN people_membership m ON m.user_id = u.id, unnest(%(quarters)s) AS quarter, generate_series(1, 2) AS n
 WHERE u.role IN ('ae', 'manager') AND NOT EXISTS (SELECT 1 FROM deals_forecastcall)
"""
BESIDE = [
    PROBABILITIES, MEETINGS, HUDDLES, DEBRIEFS, DECISIONS, CLAIMS, OFFERS, COMPETITORS, AUTOPSIES, GAPS, REQUIREMENTS,
    PAIRINGS, CHECKS, QUOTAS, CALLS,
]  # fmt: skip


def tell_history(cursor: object) -> None:
    """Date the history of the deals that were just made, which says that all came about now: each began in the first
    stage at nine tenths of its amount, and went to where it is when it closed, or ten days later."""
    from deals.models import Opportunity

    event = Opportunity.pgh_event_model
    columns = [field.column for field in event._meta.concrete_fields if not field.name.startswith("pgh_")]
    began = {"stage_id": "first.id", "outcome": "'open'", "closed_on": "NULL", "amount": "o.amount * 0.9"}
    names, table = ", ".join(columns), event._meta.db_table
    cursor.execute("SET session_replication_role = replica")
    cursor.execute(
        f"CREATE TEMP TABLE made AS SELECT pgh_obj_id AS id FROM {table} GROUP BY 1 HAVING max(pgh_created_at) >= now() - "
        "interval '1 day' AND count(*) = 1 AND min(pgh_label) = 'insert'"
    )
    cursor.execute(f"DELETE FROM {table} WHERE pgh_obj_id IN (SELECT id FROM made)")
    moved = "LEAST(now(), COALESCE(o.closed_on + interval '12 hours', o.created_at + interval '10 days'))"
    moved = f"GREATEST({moved}, o.created_at)"
    for label, at, until, told in (
        ("insert", "o.created_at", moved, [began.get(name, f"o.{name}") for name in columns]),
        ("update", moved, "NULL::timestamptz", [f"o.{name}" for name in columns]),
    ):
        cursor.execute(
            f"INSERT INTO {table} (pgh_created_at, pgh_until, pgh_label, pgh_obj_id, {names}) "
            f"SELECT {at}, {until}, '{label}', o.id, {', '.join(told)} FROM made JOIN deals_opportunity o USING (id) "
            'JOIN LATERAL (SELECT id FROM deals_stage s WHERE s.pipeline_id = o.pipeline_id ORDER BY "order" LIMIT 1) first ON true '
            "ORDER BY o.id"
        )
    cursor.execute("DROP TABLE made")
    cursor.execute("SET session_replication_role = DEFAULT")


def grow(first: int, last: int) -> None:
    """Add the leads from `first` to `last`, half as many opportunities, and what belongs to them."""
    from django.db import connection
    from django.utils import timezone

    from deals.models import HuddleItem
    from presales.quarters import quarter_start, shifted

    this = quarter_start(timezone.localdate())
    quarters = [shifted(this, -back) for back in range(5)]
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        if first == 0:
            cursor.execute(TEAMS)
            cursor.execute(PEOPLE)
            cursor.execute(MEMBERS, {})
        values = {"first": first, "last": last, "teams": max(1, min(20, last // 5000))}
        for statement in (COMPANIES, LEADS, SCORES, DOSSIERS, STATUSES, DEALS):
            cursor.execute(statement, values)
        tell_history(cursor)
        for statement in (QUEUE, RFPS, ANSWERS, *BESIDE):
            cursor.execute(statement, values | {"huddle": HuddleItem.values, "quarters": quarters})
        cursor.execute("VACUUM ANALYZE")
