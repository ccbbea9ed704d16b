"""Computing scores and writing those that changed: for given leads, and for a whole range of them.

Both write back only where `input_rev` is still the one they read, so a change that comes in between
stays marked and is computed again.
"""

import datetime
import logging
from collections.abc import Callable

from django.db import OperationalError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from leads.models import LeadScore
from leads.models.scoring import ScoreRange
from leads.scoring import compile as sql
from leads.scoring import masses, promotion, stale
from leads.scoring.promotion import candidates, lowest_threshold, mark_for_promotion, promote, promote_range
from leads.scoring.rules import Ruleset
from presales.derived import MAX_ATTEMPTS
from presales.sql import numbers

logger = logging.getLogger(__name__)

# Small enough that an edit waiting for a range's rows hardly notices, large enough to cost little each.
RANGE_SIZE = 50_000
BATCH = 2_000


def day_of(now: datetime.datetime) -> datetime.date:
    """The day that scores made at `now` are of: scores go by whole days in UTC, so all of a day agree."""
    return now.astimezone(datetime.UTC).date()


def raise_time_limit(seconds: int) -> None:
    """Let this transaction's statements take `seconds`; the site's own limit is for web requests."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{seconds}s"])


# -- given leads ------------------------------------------------------------------------------------


def score_stale(now: datetime.datetime | None = None, lead_ids: list[int] | None = None, limit: int = BATCH) -> int:
    """Score up to `limit` stale leads (of `lead_ids`, or whichever come first); how many were taken.

    Rows that another worker or an action holds are passed by. Should the batch fail, its leads are tried
    one by one; one that fails MAX_ATTEMPTS times is set aside until something about it changes.
    """
    now = now or timezone.now()
    taken: list[int] = []
    try:
        ripe = _score_batch(now, lead_ids, limit, taken)
    except OperationalError:
        raise  # the database, not the data
    except Exception as error:
        if not taken:
            raise
        if len(taken) == 1:
            _count_failure(taken[0], error, now)
            return 1
        for lead_id in list(taken):
            score_stale(now, [lead_id], 1)
        return len(taken)
    if ripe:
        _promote(promote, ripe)
    return len(taken)


@transaction.atomic
def _score_batch(now: datetime.datetime, lead_ids: list[int] | None, limit: int, taken: list[int]) -> list[int]:
    """Fills `taken`; returns those of them that should become MQLs, their ranges marked for it."""
    rules = Ruleset.load(lock=True)
    only = "" if lead_ids is None else "AND s.lead_id = ANY(%s)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT s.lead_id, s.mass_rev FROM leads_leadscore s
            WHERE s.input_rev <> s.computed_rev AND s.set_aside_at IS NULL {only}
            ORDER BY s.lead_id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
            """,  # noqa: S608
            [*([lead_ids] if lead_ids is not None else []), limit],
        )
        rows = cursor.fetchall()
    taken[:] = [row[0] for row in rows]
    if not taken:
        return []
    if old := [lead_id for lead_id, mass_rev in rows if mass_rev != rules.mass_rev]:
        masses.recompute(rules, "s.lead_id = ANY(%s)", [old])
    high = _write(sql.full(rules, day_of(now), sql.Sql("s.lead_id = ANY(%s)", (taken,))), now, lowest_threshold())
    ripe = list(candidates().filter(pk__in=high).values_list("pk", flat=True)) if high else []
    if ripe:
        mark_for_promotion(ripe, RANGE_SIZE)
    return ripe


def _count_failure(lead_id: int, error: Exception, now: datetime.datetime) -> None:
    with transaction.atomic():
        row = LeadScore.objects.select_for_update().filter(pk=lead_id).first()
        if row is None:
            return
        row.attempts += 1
        row.last_error = f"{type(error).__name__}: {error}"[:500]
        if row.attempts >= MAX_ATTEMPTS:
            row.set_aside_at = now
        row.save(update_fields=["attempts", "last_error", "set_aside_at"])


# -- ranges -----------------------------------------------------------------------------------------


def prepare(now: datetime.datetime) -> None:
    """Before ranges are handed out: a current epoch, a row for every range, and once a day for every lead."""
    from leads.scoring import remembered

    day = day_of(now)
    masses.move_epoch(day)
    ensure_ranges()
    if ScoreRange.objects.filter(Q(day=None) | Q(day__lt=day)).exists():
        with transaction.atomic():
            raise_time_limit(300)
            stale.mark_missing()
        remembered.forget(now)


def ensure_ranges() -> None:
    """A row for every range that holds a lead; none of another size that an older release used."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM leads_scorerange WHERE first %% %s <> 0", [RANGE_SIZE])
        cursor.execute("DELETE FROM leads_scoreinputs WHERE first %% %s <> 0", [RANGE_SIZE])
        cursor.execute(
            """
            INSERT INTO leads_scorerange (first, revision, mass_rev, model, promoted, attempts, last_error)
            SELECT first, 0, 0, 0, false, 0, ''
            FROM (SELECT min(id) / %(size)s AS lowest, max(id) / %(size)s AS highest FROM leads_lead) l,
                 LATERAL (SELECT n * %(size)s AS first FROM generate_series(lowest, highest) n) r
            WHERE EXISTS (SELECT FROM leads_lead WHERE id >= first AND id < first + %(size)s)
              AND NOT EXISTS (SELECT FROM leads_scorerange known WHERE known.first = r.first)
            ON CONFLICT (first) DO NOTHING
            """,
            {"size": RANGE_SIZE},
        )


def behind(now: datetime.datetime, rules: Ruleset) -> list[int]:
    """The ranges whose scores were computed by older rules or for an earlier day, lowest first."""
    return list(
        ScoreRange.objects.filter(
            ~Q(revision=rules.revision)
            | ~Q(mass_rev=rules.mass_rev)
            | ~Q(model=rules.model)
            | Q(day=None)
            | Q(day__lt=day_of(now))
            | Q(promoted=False)
        )
        .order_by("first")
        .values_list("first", flat=True)
    )


def anything_left(now: datetime.datetime) -> bool:
    """Whether any lead or range still waits, apart from leads set aside."""
    waiting = LeadScore.objects.filter(~Q(input_rev=F("computed_rev")), set_aside_at=None)
    return waiting.exists() or bool(behind(now, Ruleset.load()))


def score_range(first: int, now: datetime.datetime | None = None, known: Ruleset | None = None) -> int:
    """Bring one range up to date and promote its new MQLs; how many scores changed.

    Does nothing where another worker has the range or it is current. Where only the day has changed since,
    the rules are not evaluated: fit stays, engagement decays. `known` saves reading rules that are the same still.
    """
    now = now or timezone.now()
    try:
        written, risen, promotes = _score_range(first, now, known)
    except OperationalError:
        raise
    except Exception as error:
        row = ScoreRange.objects.get(pk=first)
        row.attempts += 1
        row.last_error = f"{type(error).__name__}: {error}"[:500]
        row.save(update_fields=["attempts", "last_error"])
        if row.attempts >= MAX_ATTEMPTS:
            _hand_to_rows(first)
        return 0
    if promotes:
        _promote(promote_range, first, RANGE_SIZE, risen)
    return written


def promote_nurtured() -> None:
    """Nurtured leads whose day has come."""
    _promote(promotion.promote_nurtured)


def _promote(function: Callable[..., int], *args: object) -> None:
    """Scores are written by now and the range stays marked: a failure is reported and tried again by the sweep."""
    try:
        function(*args)
    except Exception:
        logger.exception("promotion failed, leaving it to the next sweep")


@transaction.atomic
def _score_range(first: int, now: datetime.datetime, known: Ruleset | None) -> tuple[int, list[int] | None, bool]:
    """How many scores changed, which leads may be new MQLs (None for any), and whether the range is to be looked
    through for them."""
    raise_time_limit(300)
    row = ScoreRange.objects.select_for_update(skip_locked=True).filter(pk=first).first()
    if row is None:
        return 0, None, False
    rules, day = Ruleset.load(lock=True, known=known), day_of(now)
    bounds = (first, first + RANGE_SIZE)
    risen = None
    if row.mass_rev != rules.mass_rev or row.revision != rules.revision or row.model != rules.model:
        written, risen = _by_new_rules(row, rules, day, bounds, now)
        risen = risen if row.promoted else None
        row.promoted = risen == []
    elif row.day is None or row.day < day:
        written = _by_new_day(rules, day, bounds, now)
        row.promoted = row.promoted and not rules.may_rise
    else:
        return 0, None, not row.promoted
    row.revision, row.mass_rev, row.model, row.day = rules.revision, rules.mass_rev, rules.model, day
    row.attempts, row.last_error = 0, ""
    row.save()
    return written, risen, not row.promoted


def _hand_to_rows(first: int) -> None:
    """A range that keeps failing as a whole is scored lead by lead, so that only those that fail are set aside."""
    with transaction.atomic():
        raise_time_limit(300)
        LeadScore.objects.filter(pk__gte=first, pk__lt=first + RANGE_SIZE).mark_stale()
        rules = Ruleset.load()
        ScoreRange.objects.filter(pk=first).update(
            revision=rules.revision,
            mass_rev=rules.mass_rev,
            model=rules.model,
            day=day_of(timezone.now()),
            promoted=True,
            attempts=0,
        )


# -- writing ----------------------------------------------------------------------------------------


def _by_new_rules(
    row: ScoreRange, rules: Ruleset, day: datetime.date, bounds: tuple[int, int], now: datetime.datetime
) -> tuple[int, list[int]]:
    """How many scores changed, and which leads may have risen past a threshold."""
    if row.mass_rev != rules.mass_rev:
        scope = "s.lead_id >= %s AND s.lead_id < %s AND s.mass_rev <> %s"
        masses.recompute(rules, scope, [*bounds, rules.mass_rev])
    # What a web request needs of this module is no numpy.
    from leads.scoring import evaluate, remembered

    found = remembered.inputs(bounds, rules, evaluate.questions(rules), now)
    totals = evaluate.evaluate(rules, day, found)
    high = totals >= lowest_threshold()
    risen = _risen(found.ids[high].tolist(), totals[high].tolist())
    return _write_all(sql.Sql(evaluate.evaluated(rules)), bounds, now), risen


def _risen(lead_ids: list[int], totals: list[int]) -> list[int]:
    """Those of the leads that had fewer points than these before, or about which something changed since."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.lead_id FROM unnest(%s::bigint[], %s::int[]) n (lead_id, total)
            JOIN leads_leadscore t ON t.lead_id = n.lead_id
            WHERE n.total > t.total OR t.input_rev <> t.computed_rev
            """,
            [numbers(lead_ids), numbers(totals)],
        )
        return [lead_id for (lead_id,) in cursor.fetchall()]


def _by_new_day(rules: Ruleset, day: datetime.date, bounds: tuple[int, int], now: datetime.datetime) -> int:
    """What time does: only rows that may change are looked at, from their own columns alone.

    A row that waits for its inputs to be evaluated goes on waiting. One that an action changes meanwhile is
    taken as the action left it.
    """
    new = sql.decayed(rules, day)
    midnight = datetime.datetime.combine(day, datetime.time(), datetime.UTC)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE leads_leadscore t
            SET (engagement, total, grade, band, next_due_at, probability) = ({new.text}), computed_at = %s
            WHERE t.lead_id >= %s AND t.lead_id < %s AND t.mass_rev = %s AND t.next_due_at <= %s
            """,  # noqa: S608
            [*new.parameters, now, *bounds, rules.mass_rev, midnight],
        )
        return cursor.rowcount


# Only rows that `n` says something else of are written.
_WRITE = """
    UPDATE leads_leadscore t
    SET fit = n.fit, engagement = n.engagement, total = n.total, grade = n.grade, band = n.band,
        next_due_at = n.next_due_at, logit = n.logit, probability = n.probability,
        computed_rev = n.input_rev, computed_at = %s, attempts = 0, last_error = ''
    FROM ({new}) n
    WHERE t.lead_id = n.lead_id AND t.input_rev = n.input_rev
      AND (n.total <> t.total OR n.fit <> t.fit OR n.engagement <> t.engagement
           OR n.grade <> t.grade OR n.band <> t.band OR t.input_rev <> t.computed_rev
           OR n.next_due_at IS DISTINCT FROM t.next_due_at OR n.logit IS DISTINCT FROM t.logit
           OR n.probability IS DISTINCT FROM t.probability)
"""


def _write_all(new: sql.Sql, bounds: tuple[int, int], now: datetime.datetime) -> int:
    """Write the scores of `new` that changed, all within `bounds`; how many.

    Without the bounds the planner reads every score there is for each range.
    """
    within = " AND t.lead_id >= %s AND t.lead_id < %s"
    with connection.cursor() as cursor:
        cursor.execute(_WRITE.format(new=new.text) + within, [now, *new.parameters, *bounds])
        return cursor.rowcount


def _write(new: sql.Sql, now: datetime.datetime, lowest: int) -> list[int]:
    """Write the scores of `new` that changed; the leads among them with at least `lowest` points."""
    with connection.cursor() as cursor:
        cursor.execute(_WRITE.format(new=new.text) + " RETURNING t.lead_id, t.total", [now, *new.parameters])
        return [lead_id for lead_id, total in cursor.fetchall() if total >= lowest]
