"""What the rooms above show on the account page: a template, and the function that fills it from the request."""

from collections.abc import Callable

from django.http import HttpRequest

account_panels: list[tuple[str, Callable[[HttpRequest], object]]] = []


def filled(request: HttpRequest) -> list[tuple[str, object]]:
    """The panels of the account page, each with its content."""
    return [(template, fill(request)) for template, fill in account_panels]
