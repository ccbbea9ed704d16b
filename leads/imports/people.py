"""People and teams from a file, so that owners of later imports find their user, manager and team.

They come in as inactive users without a password. An admin invites those who are to sign in.
"""

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction

from leads.imports.engine import Run
from leads.imports.taking_back import Progress
from leads.imports.targets import Field, Target, register
from leads.models import ImportBatch
from people.models import Membership, Role, Team, User
from presales.text import key, squeeze

ROLES = {
    "sales agent": "ae", "sales rep": "ae", "account executive": "ae", "se": "se", "presales": "se",
    "solutions engineer": "se", "sales engineer": "se", "sales manager": "manager", "team lead": "manager",
}  # fmt: skip
# No mail reaches these addresses; the invitation asks for the real one.
NOWHERE = "imported.invalid"


def may_import(user: object) -> bool:
    """Who brings people in."""
    return user.role == Role.ADMIN


def derive(row: dict) -> None:
    """By what two rows are the same person: the e-mail address, else the name."""
    row["same"] = row["email"].lower() if row.get("email") else key(row["name"])


def load(run: Run) -> dict[str, int]:
    """Add teams, managers and people that are not there yet, each in the team of the file; the counts.

    Somebody is the same by e-mail, else by name. People who are there already are not changed.
    """
    run.reject_twice("same", "Name")
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, email, role, title, manager, team FROM staged ORDER BY line")
        rows = cursor.fetchall()
    known = Known()
    unchanged = 0
    members: set[tuple[int, int]] = set()
    for name, email, role, title, manager, team in rows:
        boss = known.find(manager, None) if manager else None
        if manager and boss is None:
            boss = known.add(manager, None, role=Role.MANAGER)
        user = known.find(name, email)
        if user is None:
            user = known.add(name, email, role=role or Role.AE, title=title or "", manager=boss)
        elif user.pk not in known.added:
            unchanged += 1
        if team:
            place = known.team(team)
            members |= {(place.pk, person.pk) for person in (user, boss) if person and person.pk in known.added}
    Membership.objects.bulk_create(
        [Membership(team_id=team, user_id=user) for team, user in sorted(members)], ignore_conflicts=True
    )
    return {"created": len(known.added), "updated": 0, "unchanged": unchanged}


class Known:
    """The people and teams that are there, and those added meanwhile."""

    def __init__(self) -> None:
        users = list(User.objects.order_by("-pk"))
        self.by_name = {key(user.name): user for user in users}
        self.by_email = {user.email.lower(): user for user in users}
        self.teams = {key(team.name): team for team in Team.objects.order_by("-pk")}
        self.added: set[int] = set()

    def find(self, name: str, email: str | None) -> User | None:
        """The person meant by an e-mail address, or by the name where no address is given."""
        return self.by_email.get(email.lower()) if email else self.by_name.get(key(name))

    def add(self, name: str, email: str | None, **fields: object) -> User:
        """A new inactive user who has no password."""
        user = User.objects.create(
            name=squeeze(name), email=(email or self.address(name)).lower(), password=make_password(None),
            is_active=False, **fields,
        )  # fmt: skip
        self.by_name[key(name)] = self.by_email[user.email] = user
        self.added.add(user.pk)
        return user

    def address(self, name: str) -> str:
        """A free address that no mail reaches, made of the name."""
        plain = "".join(letter if letter.isascii() and letter.isalnum() else "." for letter in key(name))
        words = ".".join(part for part in plain.split(".") if part)[:60] or "person"
        number, address = 1, f"{words}@{NOWHERE}"
        while address in self.by_email:
            number += 1
            address = f"{words}.{number}@{NOWHERE}"
        return address

    def team(self, name: str) -> Team:
        """The team of that name, added where there is none."""
        if key(name) not in self.teams:
            self.teams[key(name)] = Team.objects.create(name=squeeze(name))
        return self.teams[key(name)]


@transaction.atomic
def undo(batch: ImportBatch, progress: Progress) -> int:
    """Remove the people of a batch who never signed in, were not edited and have no work, and its empty teams; how
    many people stay."""
    made = _made(User, batch)
    # Managers were added before their people and go after them.
    for user in User.objects.filter(pk__in=made, is_active=False, last_login=None, version=1).order_by("-pk"):
        if not _is_used(user, {Membership}):
            user.memberships.all().delete()
            user.delete()
            progress(1)
    for team in Team.objects.filter(pk__in=_made(Team, batch), version=1):
        if not team.memberships.exists() and not _is_used(team, {Membership}):
            team.delete()
    return User.objects.filter(pk__in=made).count()


def _made(model: type, batch: ImportBatch) -> list[int]:
    """What the history says the batch created."""
    events = model._meta.apps.get_model("people", f"{model.__name__}Event")
    found = events.objects.filter(pgh_label="insert", pgh_context__contains={"import": batch.pk})
    return list(found.values_list("pgh_obj_id", flat=True))


def _is_used(record: User | Team, besides: set[type]) -> bool:
    for relation in record._meta.related_objects:
        other, name = relation.related_model, relation.field.name
        if other in besides or relation.many_to_many or other._meta.model_name.endswith(("event", "events")):
            continue
        if other._base_manager.filter(**{name: record.pk}).exists():
            return True
    return False


register(
    Target(
        name="people",
        label="People and teams",
        may=may_import,
        load=load,
        undo=undo,
        derived=("same",),
        derive=derive,
        fields=[
            Field("name", "Name", required=True, names=("sales_agent", "agent", "full name", "user", "person"), max_length=120),
            Field("email", "E-mail", kind="email", names=("email", "e-mail address", "mail"), max_length=254),
            Field("role", "Role", kind="choice", choices=lambda: Role.choices, guesses=ROLES),
            Field("title", "Title", names=("job title", "position"), max_length=120),
            Field("manager", "Manager", names=("reports to", "sales manager"), max_length=120),
            Field("team", "Team", names=("regional_office", "office", "group"), max_length=80),
        ],
    )
)  # fmt: skip
