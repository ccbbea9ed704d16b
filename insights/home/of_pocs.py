"""POCs that want their SE: overdue, ending within three days, or not begun on their first day."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from insights.home.parts import LINES, Line, Section, cut
from presales.fragments import address

AHEAD = datetime.timedelta(days=3)
"""An end is shown so long before its day."""
# Asked together with what the pair wants (`of_pairs.WANTED`, whose columns it has): a home page counts its questions.
WANTED = """
SELECT 'poc' AS kind, poc.id AS key, o.id AS deal, o.name, 'POC ' || poc.number || ': ' || poc.title AS told,
       CASE poc.state WHEN 'running' THEN poc.ends_on ELSE poc.starts_on END AS day, poc.state = 'running' AS runs
  FROM deals_poc poc JOIN deals_opportunity o ON o.id = poc.opportunity_id
 WHERE o.se_id = %(user)s AND o.outcome = 'open'
   AND (poc.state = 'running' AND poc.ends_on <= %(soon)s
        OR poc.state IN ('proposed', 'agreed') AND poc.starts_on < %(today)s)
 ORDER BY day, key LIMIT %(most)s
"""


@dataclass(frozen=True)
class Wanted:
    """One row of WANTED."""

    kind: str
    key: int
    deal: int
    name: str
    told: str
    day: datetime.date
    runs: bool


def section(rows: Iterable[Wanted], today: datetime.date) -> Section:
    """The POCs of the user's deals that are late or end soon, the longest overdue first."""
    lines, more = cut([_line(row, today) for row in rows], LINES)
    return Section("POCs", "flask", lines, many=more)


def _line(row: Wanted, today: datetime.date) -> Line:
    late = (today - row.day).days
    if not row.runs:
        told = (f"should have started {_days(late)} ago", "warn")
    elif late > 0:
        told = (f"{_days(late)} overdue", "bad")
    else:
        told = (f"ends in {_days(-late)}" if late else "ends today", "warn")
    return Line(row.name, address("deals:poc", row.key), row.told, [told])


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"
