"""Slowing down whoever sends too much, by network.

Counts live in the cache, shared by all processes; with Redis away each process counts what it sees
(`presales.cache.COUNTED_HERE`).
"""

import ipaddress
import time

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

PREFIX = "throttle:"


def network_of(request: HttpRequest) -> str:
    """The caller's network: /24 for IPv4, /64 for IPv6; addresses from proxies count only where configured."""
    try:
        address = ipaddress.ip_address(get_adapter().get_client_ip(request).partition("%")[0])
    except ValueError as error:
        raise PermissionDenied("the proxy names no address that can be read") from error
    if address.version == 6 and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(ipaddress.ip_network(f"{address}/{24 if address.version == 4 else 64}", strict=False))


def too_many(purpose: str, who: str, limit: int, seconds: int) -> bool:
    """Count one more from `who`; whether that is more than `limit` within this window of `seconds`."""
    name = f"{PREFIX}{purpose}:{seconds}:{int(time.time() // seconds)}:{who}"
    cache.add(name, 0, timeout=seconds + 5)
    try:
        return cache.incr(name) > limit
    except ValueError:  # it expired between the two calls
        return False
