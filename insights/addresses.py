"""Addresses of what is behind figures: a page of figures has hundreds, most of them seen before."""

from collections.abc import Mapping
from functools import cache, lru_cache
from urllib.parse import urlencode

from django.urls import reverse


@cache
def page(name: str, *arguments: str) -> str:
    """The address of a page of this room; only for few `arguments`, since each stays in memory."""
    return reverse(f"insights:{name}", args=arguments)


@lru_cache(8192)
def _encoded(parameters: tuple[tuple[str, str], ...]) -> str:
    return urlencode(parameters)


def query(params: Mapping[str, object]) -> str:
    """`params` as they stand in an address."""
    return _encoded(tuple((name, str(value)) for name, value in params.items()))


def to(name: str, *arguments: str, params: Mapping[str, object]) -> str:
    """The address of a page with `params`."""
    return f"{page(name, *arguments)}?{query(params)}"
