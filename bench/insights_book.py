"""The book over which the screens of figures are measured: many deals with their history, and what hangs on them."""

from collections.abc import Callable

from bench.scoring import fill

HISTORY = 5
BESIDE = """
INSERT INTO leads_lead (name, name_key, email, email_key, phone, job_title, seniority, function, source, campaign,
    consent, notes, owner_name, team_id, stage, stage_since, mql_at, accepted_at, qualified_at, converted_at,
    return_reason, disqualify_reason, custom, external_source, external_id, created_at, version)
SELECT 'Lead ' || n, 'lead ' || n, '', '', '', '', '', '', (ARRAY['event', 'website', 'outbound'])[1 + n % 3], '',
    'unknown', '', '', 1 + n % 10, 'new', came, CASE WHEN n % 4 > 0 THEN came + interval '1 day' END,
    CASE WHEN n % 4 > 1 THEN came + interval '3 days' END, CASE WHEN n % 4 > 1 THEN came + interval '9 days' END,
    CASE WHEN n % 2 = 0 THEN came + interval '20 days' END, '', '', '{}', '', '', came, 1
  FROM (SELECT n, now() - interval '760 days' + (n * 7919 % 700) * interval '1 day' AS came
          FROM generate_series(1::bigint, :deals / 2) n) AS lead;
INSERT INTO deals_meeting (opportunity_id, kind, starts_at, minutes, ends_at, place, objective, agenda,
    agenda_confirmed, call_to_action, created_at, cancel_reason, version)
SELECT id, CASE WHEN id % 10 = 0 THEN 'demo' ELSE 'technical' END, created_at + interval '20 days', 45,
    created_at + interval '20 days 45 minutes', '', 'Show', '', true, '', created_at, '', 1
  FROM deals_opportunity WHERE id % 5 = 0;
INSERT INTO deals_technicalwin (opportunity_id, state, decided_on, signed_off_name, against_name, satisfaction, note,
    recorded_at, version)
SELECT id, CASE WHEN id % 3 = 0 THEN 'lost' ELSE 'won' END, (created_at + interval '50 days')::date, 'Maria', '',
    1 + id % 5, '', created_at + interval '50 days', 1
  FROM deals_opportunity WHERE id % 4 = 0;
INSERT INTO deals_technicalwinevent (pgh_created_at, pgh_label, pgh_obj_id, id, opportunity_id, state, decided_on,
    signed_off_name, against_name, satisfaction, note, recorded_at, version)
SELECT recorded_at, 'insert', id, id, opportunity_id, state, decided_on, signed_off_name, against_name, satisfaction,
    note, recorded_at, version
  FROM deals_technicalwin;
INSERT INTO deals_poc (opportunity_id, number, state, title, scope, owner_id, starts_on, ends_on, days_spent, agreed_on,
    agreed_name, agreed_how, agreements, change_reason, started_on, unagreed_reason, outcome_note, created_at, version)
SELECT id, 1, 'running', 'Plant', '', 42, day, day + 30, 0, day, 'Maria', 'Mail', 1, '', day, '', '', created_at, 1
  FROM (SELECT *, (created_at + interval '30 days')::date AS day FROM deals_opportunity WHERE id % 10 = 0) AS deal;
INSERT INTO deals_queueentry (opportunity_id, kind, note, entered_at, closed_at, result)
SELECT id, 'qualified', '', created_at + interval '5 days', created_at + interval '6 days', 'claimed'
  FROM deals_opportunity WHERE id % 4 = 1;
INSERT INTO deals_claim (opportunity_id, se_id, claimed_at, "end", note)
SELECT id, 42 + id % 40, created_at + interval '6 days', '', '' FROM deals_opportunity WHERE id % 4 = 1;
INSERT INTO deals_competitor (opportunity_id, name, status, note, version)
SELECT id, 'Rival ' || id % 30, 'active', '', 1 FROM deals_opportunity WHERE id % 5 = 1;
INSERT INTO deals_autopsy (opportunity_id, closed_on, lost_reason, lost_to, lesson, version)
SELECT id, closed_on, 'price', '', '', 1 FROM deals_opportunity WHERE outcome = 'lost';
INSERT INTO deals_evidenceprobability (opportunity_id, percent, input_rev, computed_rev, attempts, last_error)
SELECT id, id % 90, 1, 1, 0, '' FROM deals_opportunity WHERE outcome = 'open';
INSERT INTO deals_productgap (title, description, severity, state, created_at, version)
SELECT 'Gap ' || n, '', 'deal_breaker', 'open', now(), 1 FROM generate_series(1, 40) n;
INSERT INTO deals_requirement (opportunity_id, text, importance, fit, gap_id, note, work, "order", created_at, version)
SELECT id, 'Wish', 'must', 'gap', 1 + id % 40, '', '', 0, created_at, 1 FROM deals_opportunity WHERE id % 40 = 3;
INSERT INTO deals_pairing (ae_id, se_id, active_since)
SELECT 1 + n, 41 + n, current_date - 700 FROM generate_series(1, 40) n;
INSERT INTO deals_alignmentcheck (pairing_id, author_id, score, rated_on, is_shared)
SELECT n, 1 + n, 1 + (n + days) % 10, current_date - days, true
  FROM generate_series(1, 40) n, generate_series(1, 690, 30) days
"""


def build(deals: int) -> None:
    """Fill the database set-based, triggers and foreign keys off: rows as the domain would have made them."""
    from django.db import connection

    from deals.models import AlignmentCheck, Opportunity, Pipeline
    from people.models import Role, User
    from qualification.models import Framework

    if Opportunity.objects.count() == deals and AlignmentCheck.objects.exists():  # what is filled last
        return
    print(f"building {deals:,} deals with {deals * HISTORY:,} rows of history", flush=True)
    event = Opportunity.pgh_event_model
    columns = [field.column for field in event._meta.concrete_fields if not field.name.startswith("pgh_")]
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(
            "TRUNCATE deals_opportunity, deals_opportunityevent, qualification_dossier RESTART IDENTITY CASCADE"
        )
        cursor.execute("TRUNCATE people_team, people_user RESTART IDENTITY CASCADE")
        cursor.execute("SET session_replication_role = replica")
        indexes = _without_indexes(cursor)
        User.objects.create_user("admin@bench.example", name="Bench", role=Role.ADMIN)
        people = [
            User(email=f"{role}{n}@bench.example", name=f"{role} {n}", role=role)
            for role in ("ae", "se")
            for n in range(40)
        ]
        User.objects.bulk_create(people)
        pipeline = Pipeline.objects.get(is_default=True).pk
        framework = Framework.objects.get(slug="bant").pk
        run = fill(cursor, deals=deals, framework=framework, pipeline=pipeline, history=HISTORY)
        run("INSERT INTO people_team (name, regions, verticals, version) "
            "SELECT 'Team ' || n, '{}', '{}', 1 FROM generate_series(1, 10) n")  # fmt: skip
        run("INSERT INTO qualification_dossier (framework_id, created_at) "
            "SELECT :framework, now() FROM generate_series(1, :deals)")  # fmt: skip
        run("INSERT INTO qualification_dossierstatus "
            "(dossier_id, status, completeness, input_rev, computed_rev, attempts, last_error) "
            "SELECT id, 'in_progress', 50, 1, 1, 0, '' FROM qualification_dossier")  # fmt: skip
        run(
            """
            INSERT INTO deals_opportunity (name, dossier_id, lead_id, type, source, product, pipeline_id, stage_id,
                outcome, stage_since, owner_id, owner_name, se_id, team_id, needed_skills, amount, currency,
                claimed_probability, forecast_category, close_date, compelling_event, next_step, created_at,
                last_activity_at, closed_on, lost_reason, lost_to, no_go_reason, external_source, external_id, version)
            SELECT 'Deal ' || id, id, CASE WHEN id % 2 = 0 THEN id / 2 END,
                (ARRAY['new', 'expansion', 'renewal'])[1 + id % 3], 'other', '', :pipeline, stage, outcome,
                began + interval '60 days', 2 + id % 40, '', CASE WHEN id % 3 > 0 THEN 42 + id % 40 END,
                1 + id % 10, '', 1000 + id % 90000, 'USD', NULLIF(id % 120, 0) % 100,
                (ARRAY['pipeline', 'best_case', 'commit', 'omitted'])[1 + id % 4],
                current_date + (id % 200)::int - 60, '', 'Call', began, began + interval '70 days',
                CASE WHEN outcome <> 'open' THEN (began + interval '60 days')::date END,
                CASE outcome WHEN 'lost' THEN 'price' ELSE '' END, '', CASE outcome WHEN 'no_go' THEN 'gap' ELSE '' END,
                '', '', 1
              FROM (SELECT d.id, s.id AS stage, s.outcome,
                           now() - interval '730 days' + (d.id * 7919 % 660) * interval '1 day'
                             + (d.id % 1440) * interval '1 minute' AS began
                      FROM qualification_dossier d
                      JOIN (SELECT id, outcome, row_number() OVER (ORDER BY "order", id) AS n FROM deals_stage
                             WHERE pipeline_id = :pipeline) s
                        ON s.n = CASE WHEN d.id % 10 < 4 THEN 1 + d.id % 5 ELSE 6 + d.id % 3 END) AS deal
            """
        )
        # Four rows on the way through the open stages, the last one as the deal is now.
        past = {
            "stage_id": "CASE WHEN n < :history THEN first.ids[n] ELSE o.stage_id END",
            "outcome": "CASE WHEN n < :history THEN 'open' ELSE o.outcome END",
            "closed_on": "CASE WHEN n = :history THEN o.closed_on END",
            "amount": "o.amount * (10 + n) / (10 + :history)",
            "close_date": "CASE WHEN o.id % 4 = 0 THEN o.close_date - 40 * (:history - n) ELSE o.close_date END",
        }
        values = ", ".join(past.get(name, f"o.{name}") for name in columns)
        run(
            f"""
            INSERT INTO {event._meta.db_table}
                (pgh_created_at, pgh_until, pgh_label, pgh_obj_id, pgh_context, {", ".join(columns)})
            SELECT o.created_at + (n - 1) * interval '15 days',
                CASE WHEN n < :history THEN o.created_at + n * interval '15 days' END,
                CASE n WHEN 1 THEN 'insert' ELSE 'update' END, o.id, '{{"channel": "web"}}', {values}
              FROM generate_series(1, :history) n, deals_opportunity o,
                   (SELECT array_agg(id ORDER BY "order") AS ids FROM deals_stage
                     WHERE pipeline_id = :pipeline AND outcome = 'open') first
            """
        )
        _beside(run)
        for index in indexes:
            cursor.execute(index)
        cursor.execute("SET session_replication_role = DEFAULT")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _without_indexes(cursor: object) -> list[str]:
    """Drop the indexes of the large tables, but keys; the statements that make them again."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE indexdef NOT LIKE 'CREATE UNIQUE%%' AND tablename = ANY(%s)",
        [["deals_opportunity", "deals_opportunityevent", "leads_lead", "leads_leadevent"]],
    )
    found = cursor.fetchall()
    for name, _ in found:
        cursor.execute(f'DROP INDEX "{name}"')
    return [definition for _, definition in found]


def _beside(run: Callable[[str], None]) -> None:
    """What figures count beside the deals: of every fifth deal a meeting, of every fourth a claim, and so on."""
    from leads.models import Lead

    for statement in BESIDE.split(";"):
        run(statement)
    columns = [field.column for field in Lead.pgh_event_model._meta.concrete_fields]
    names = ", ".join(name for name in columns if not name.startswith("pgh_"))
    run(
        f"INSERT INTO leads_leadevent (pgh_created_at, pgh_label, pgh_obj_id, {names}) "
        f"SELECT created_at, 'insert', id, {names} FROM leads_lead"
    )
