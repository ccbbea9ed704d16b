"""Parts of addresses."""


class Id:
    """A primary key: 1 to 2^63 − 1, so that a longer number is a 404 and not a database error."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number >= 2**63:
            raise ValueError
        return number

    def to_url(self, value: int) -> str:
        return str(value)
