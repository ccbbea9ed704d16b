"""What became of the specialists that one has asked for."""

import datetime

from deals.models import DeclineReason
from insights.home.parts import Action, Line
from presales.fragments import address

SINCE = datetime.timedelta(days=5)
"""How long an answer stays on the home page of who asked."""
# As SQL, in the shape of WANTED in of_closings.py, which asks both at once: a request that was taken or finished, or
# that somebody passed on and nobody has taken since. Of the deals that are still the asker's.
ANSWERED = """
SELECT CASE r.state WHEN 'engaged' THEN 'taken' ELSE r.state END AS kind, r.opportunity_id AS key, o.name,
       person.name AS told, coalesce(r.settled_at, r.accepted_at) AS at, r.skill, '' AS reason, r.came_of_it AS words
  FROM deals_specialistrequest r JOIN deals_opportunity o ON o.id = r.opportunity_id
  JOIN people_user person ON person.id = r.specialist_id
 WHERE r.requested_by_id = %(user)s AND (o.owner_id = %(user)s OR o.se_id = %(user)s)
   AND r.state IN ('engaged', 'finished') AND coalesce(r.settled_at, r.accepted_at) > %(answered_since)s
UNION ALL
SELECT 'passed', r.opportunity_id, o.name, person.name, passed.declined_at, r.skill, passed.reason, passed.note
  FROM deals_specialistrequest r JOIN deals_opportunity o ON o.id = r.opportunity_id
  JOIN deals_specialistdecline passed ON passed.request_id = r.id
  JOIN people_user person ON person.id = passed.specialist_id
 WHERE r.requested_by_id = %(user)s AND (o.owner_id = %(user)s OR o.se_id = %(user)s)
   AND r.state = 'waiting' AND passed.declined_at > %(answered_since)s
 ORDER BY at DESC, key LIMIT %(most)s
"""
TOLD = {
    "taken": ("{who} is on it", "On it", "good"),
    "finished": ("{who}: {words}", "Finished", "good"),
    "passed": ("{who} passed: {words}", "Declined", "warn"),
}


def line_of(
    kind: str, deal: int, name: str, who: str, at: datetime.datetime, skill: str, reason: str, words: str
) -> Line:
    """One answer: whose deal, what was asked, who answered what."""
    if kind == "passed":
        words = "; ".join(filter(None, [DeclineReason(reason).label.lower(), words]))
    told, label, tone = TOLD[kind]
    page = address("deals:specialists", deal)
    action = Action("Read", page) if kind == "finished" else None
    return Line(name, page, told.format(who=who, words=words), [(skill, "info"), (label, tone)], at=at, action=action)
