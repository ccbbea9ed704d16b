"""Who works in which lane of a dossier. Leads and deals, which know, register their answers here."""

from collections.abc import Callable

from people.models import User
from qualification.models import Dossier, Lane

hooks: list[Callable[[User, Dossier], set[str] | None]] = []
"""Each returns the lanes in which the user works on the dossier (a manager of the team in both), or None where the
dossier is not its pursuit's. The first that knows answers: an opportunity before the lead it came from."""

page_hooks: list[Callable[[Dossier], str | None]] = []
"""Each returns the address of the page a dossier is shown on, if it knows."""

BOTH = {Lane.COMMERCIAL.value, Lane.TECHNICAL.value}


def lanes_of(user: User, dossier: Dossier) -> set[str]:
    """The lanes in which `user` works on `dossier`; empty means reading only."""
    answers = (hook(user, dossier) for hook in hooks)
    return next((lanes for lanes in answers if lanes is not None), set())


def page_of(dossier: Dossier) -> str:
    """The address of the opportunity or lead the dossier belongs to; "/" for one without either."""
    return next((url for url in (hook(dossier) for hook in page_hooks) if url), "/")
