"""Who looks, as far as it decides what they see: for queries that are kept for each who looks."""

from typing import NamedTuple

from people.models import User


class Viewer(NamedTuple):
    """All that `visible_to` may depend on. Equal viewers see the same rows."""

    pk: int
    role: str
    team_ids: frozenset[int]

    @property
    def user(self) -> User:
        """The person with these three facts and no other; asking for another is an error."""
        user = User.from_db("no database, on purpose", ["id", "role"], [self.pk, self.role])
        user.team_ids = self.team_ids
        return user


def viewer_of(user: User) -> Viewer:
    """What decides what `user` sees."""
    return Viewer(user.pk, user.role, user.team_ids)
