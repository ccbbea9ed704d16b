"""What a domain action raises when it refuses. The pages, the API and the jobs all understand these."""

from dataclasses import dataclass


class DomainError(Exception):
    """A request the domain refuses, with a sentence for the person who made it."""

    status = 409

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotAllowed(DomainError):
    """The actor sees the object but may not do this to it (403)."""

    status = 403


class Conflict(DomainError):
    """The object is no longer in the state the action needs, e.g. already claimed (409)."""


class WantsConfirmation(Conflict):
    """It can be done, if the person says that it is meant: `confirm` names the fields of the form that say so."""

    def __init__(self, message: str, confirm: list[str]) -> None:
        super().__init__(message)
        self.confirm = confirm


class StaleEdit(Conflict):
    """Somebody saved the record in between. `theirs` maps field name to the value now stored."""

    def __init__(self, message: str, theirs: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.theirs = theirs or {}


@dataclass(frozen=True)
class Missing:
    """One thing a gate misses: what, and the URL that mends it ("" where none does)."""

    what: str
    url: str = ""
    advisory: bool = False


class GateRefused(DomainError):
    """A gate is not met; `missing` lists what is missing. Nothing was changed (409).

    `may_override` says whether this person may go past it with a written reason.
    """

    def __init__(self, message: str, missing: list[Missing], *, may_override: bool = False) -> None:
        super().__init__(message)
        self.missing = missing
        self.may_override = may_override
