"""What the SE's lane adds to the story of a deal: one query over the histories of its subjects."""

import json

from django.db import connection

from deals.models import Opportunity
from presales.history import Entry

SHOWN = 60
# What happened, by the history's label and the subject, and its icon. What one person asked on one day is one line.
TOLD = {
    ("demo", "insert"): ("recorded the demo “{0}”", "presentation"),
    ("demo", "update"): ("changed the demo “{0}”", "presentation"),
    ("demo", "delete"): ("removed the demo “{0}”", "presentation"),
    ("design", "insert"): ("wrote the solution design", "sitemap"),
    ("design", "update"): ("changed the solution design to {0}", "sitemap"),
    ("design", "delete"): ("removed the solution design", "sitemap"),
    ("environment", "insert"): ("asked “{0}”", "server"),
    ("environments", "insert"): ("asked {0} questions about their technical environment", "server"),
    ("environment", "update"): ("changed the answer to “{0}”", "server"),
    ("environment", "delete"): ("removed the answer to “{0}”", "server"),
}
_STORY = """
SELECT part.at, part.subject, part.label, part.what, part.words, part.context, person.name FROM (
  SELECT max(event.pgh_created_at) AS at, max(event.pgh_id) AS place,
         CASE count(*) WHEN 1 THEN 'environment' ELSE 'environments' END AS subject, 'insert' AS label,
         CASE count(*) WHEN 1 THEN min(question.text) ELSE count(*)::text END AS what,
         CASE count(*) WHEN 1 THEN min(event.text) ELSE '' END AS words,
         (array_agg(event.pgh_context ORDER BY event.pgh_id DESC))[1] AS context
    FROM deals_environmentanswerevent event JOIN deals_environmentquestion question ON question.id = event.question_id
   WHERE event.opportunity_id = %(deal)s AND event.pgh_label = 'insert'
   GROUP BY date_trunc('day', event.pgh_created_at), event.pgh_context->>'user'
  UNION ALL
  SELECT event.pgh_created_at, event.pgh_id, 'environment', event.pgh_label, question.text,
         CASE event.pgh_label WHEN 'delete' THEN '' ELSE event.text END, event.pgh_context
    FROM deals_environmentanswerevent event JOIN deals_environmentquestion question ON question.id = event.question_id
   WHERE event.opportunity_id = %(deal)s AND event.pgh_label <> 'insert'
  UNION ALL
  SELECT pgh_created_at, pgh_id, 'demo', pgh_label, title, CASE pgh_label WHEN 'delete' THEN '' ELSE note END,
         pgh_context
    FROM deals_demoevent WHERE opportunity_id = %(deal)s
  UNION ALL
  SELECT pgh_created_at, pgh_id, 'design', pgh_label, 'version ' || version, note, pgh_context
    FROM deals_solutiondesignevent WHERE opportunity_id = %(deal)s
) part LEFT JOIN people_user person ON person.id = (part.context->>'user')::bigint
ORDER BY part.at DESC, part.place DESC LIMIT %(shown)s
"""


def technical_story(opportunity: Opportunity) -> list[Entry]:
    """The newest things done in the technical lane of the deal, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(_STORY, {"deal": opportunity.pk, "shown": SHOWN})
        rows = cursor.fetchall()
    entries = []
    for at, subject, label, what, words, context, who in rows:
        if isinstance(context, str):  # the driver leaves JSON as text where Django has not asked for it
            context = json.loads(context)
        context = context or {}
        title, icon = TOLD[subject, label]
        entries.append(
            Entry(
                at=at, kind=subject, icon=icon, channel=str(context.get("channel") or "job"), text=words,
                title=title.format(what), who=who or "Presales", reason=str(context.get("reason") or ""),
            )
        )  # fmt: skip
    return entries
