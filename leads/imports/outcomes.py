"""The column that says how a lead ended: converted, lost, or still open.

A learned score rests on it, so it is never guessed quietly: a column is suggested only where every value of it is
understood, and where two could be it, the person is asked.
"""

from django.db import connection

from leads.imports.engine import Run
from leads.imports.targets import Field, plain
from qualification.policy import policy_for

CHOICES = [("converted", "Won: became a customer"), ("lost", "Lost"), ("open", "Still open")]
# What both a flag and a word may say; only a header tells whether it is about the outcome.
FLAGS = {
    "yes": "converted", "y": "converted", "true": "converted", "t": "converted", "1": "converted", "1.0": "converted",
    "no": "lost", "n": "lost", "false": "lost", "f": "lost", "0": "lost", "0.0": "lost",
}  # fmt: skip
WORDS = {
    "won": "converted", "closed won": "converted", "converted": "converted", "closed converted": "converted",
    "customer": "converted", "became customer": "converted", "purchased": "converted", "bought": "converted",
    "sold": "converted", "subscribed": "converted", "enrolled": "converted", "signed": "converted",
    "success": "converted", "successful": "converted",
    "lost": "lost", "loss": "lost", "closed lost": "lost", "not converted": "lost", "unconverted": "lost", "nonconverted": "lost",
    "closed not converted": "lost", "not purchased": "lost", "not sold": "lost", "not interested": "lost",
    "dead": "lost", "failed": "lost", "failure": "lost", "unsuccessful": "lost", "rejected": "lost",
    "disqualified": "lost", "lost lead": "lost", "no sale": "lost",
    "open": "open", "still open": "open", "in progress": "open", "pending": "open", "undecided": "open",
}  # fmt: skip
# Headers that speak of nothing else, and those that do where the column holds two values.
SURE = ("outcome", "lead outcome", "deal outcome", "opportunity result", "deal result", "converted", "is converted",
        "has converted", "converted flag", "conversion", "conversion status", "won", "is won", "won lost", "is customer", "became customer")  # fmt: skip
LIKELY = ("status", "lead status", "final status", "result", "target", "label", "class", "y", "response", "customer",
          "deal status", "opportunity status", "purchased", "purchase", "bought", "sold", "subscribed", "enrolled",
          "success", "deal", "closed", "signed up")  # fmt: skip
PARTS = ("convert", "conversion", "outcome", "won", "purchased", "enrolled")
FIELD = "ended"
WON = {"converted", "won"}
"""The stages at which a lead or a deal has become a customer: who has a column with them needs no other."""


def field() -> Field:
    """The field of leads that an outcome column is matched with."""
    return Field(
        FIELD, "How it ended", kind="choice", choices=lambda: CHOICES, guesses=FLAGS | WORDS, every_value=True,
        names=SURE,
    )  # fmt: skip


def closed_field() -> Field:
    """When it ended."""
    names = ("converted date", "converted on", "converted at", "conversion date", "closed date", "close date",
             "closed on", "lost date", "lost on")  # fmt: skip
    return Field("closed_at", "Converted or lost on", kind="moment", names=names)


def candidates(few: dict[str, list[str]]) -> list[str]:
    """The columns that most likely tell the outcome, by their headers and their distinct values; several are a
    question. A column is one only if each of its values has a meaning."""
    found: dict[str, int] = {}
    guesses = {plain(text): meaning for text, meaning in (FLAGS | WORDS).items()}
    words = {plain(text) for text in WORDS}
    for column, values in few.items():
        meanings = {guesses.get(plain(value), "") for value in values}
        if "" in meanings or "converted" not in meanings or len(meanings) < 2:
            continue
        header = plain(column)
        if header in map(plain, SURE):
            found[column] = 4
        elif header in map(plain, LIKELY) and len(values) <= 3:
            found[column] = 3
        elif all(plain(value) in words for value in values):
            found[column] = 2
        elif any(part in header for part in PARTS):
            found[column] = 1
    best = max(found.values(), default=0)
    return [column for column, rank in found.items() if rank == best]


def undecided(values: list[str]) -> dict[str, str]:
    """What the values of a flag mean where another column tells the stage: `no` is then no loss."""
    no = {plain(text) for text, meaning in FLAGS.items() if meaning == "lost"}
    return {value: "open" for value in values if plain(value) in no}


def settle(row: dict, won: str = "converted", lost: str = "disqualified") -> None:
    """What the outcome means for the stage, `won` and `lost` being those at the end.

    What is still open by this column, and lost by that of the stages, is lost.
    """
    outcome = row.get(FIELD)
    if outcome == "converted":
        row["stage"] = won
    elif outcome == "lost":
        row["stage"] = lost
    elif outcome == "open" and row.get("stage") == won:
        row["stage"] = None


def open_dossiers(run: Run) -> None:
    """A dossier for every new lead that comes in converted, as each converted lead has one."""
    run.sql("ALTER TABLE staged ADD COLUMN dossier_id bigint")
    made = run.sql(
        """UPDATE staged SET dossier_id = nextval(pg_get_serial_sequence('qualification_dossier', 'id'))
            WHERE lead_id IS NULL AND stage = 'converted'"""
    )
    if not made:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT team_id FROM staged WHERE dossier_id IS NOT NULL ORDER BY 1")
        teams = [team for (team,) in cursor.fetchall()]
    for team in teams:
        run.sql(
            """INSERT INTO qualification_dossier (id, framework_id, team_id, created_at)
               SELECT dossier_id, %(framework)s, team_id, %(now)s FROM staged
                WHERE dossier_id IS NOT NULL AND team_id IS NOT DISTINCT FROM %(team)s""",
            {"framework": policy_for(team).framework_id, "team": team},
        )
    run.sql(
        """INSERT INTO qualification_dossierstatus
               (dossier_id, input_rev, computed_rev, attempts, last_error, status, completeness)
           SELECT dossier_id, 1, 0, 0, '', 'unqualified', 0 FROM staged WHERE dossier_id IS NOT NULL"""
    )
