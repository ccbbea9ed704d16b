"""Slowing down whoever sends too much, by network.

Counts live in the cache, shared by all processes, and in this process as well: with Redis away each
process still counts what it sees.
"""

import ipaddress
import time
from collections import Counter

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest

_own: Counter = Counter()
_own_window = 0
OWN_LIMIT = 50_000


def network_of(request: HttpRequest) -> str:
    """The caller's network: /24 for IPv4, /64 for IPv6; addresses from proxies count only where configured."""
    address = ipaddress.ip_address(get_adapter().get_client_ip(request))
    if address.version == 6 and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(ipaddress.ip_network(f"{address}/{24 if address.version == 4 else 64}", strict=False))


def too_many(purpose: str, who: str, limit: int, seconds: int) -> bool:
    """Count one more from `who`; whether that is more than `limit` within this window of `seconds`."""
    global _own_window
    window = int(time.time() // seconds)
    name = f"throttle:{purpose}:{seconds}:{window}:{who}"
    if window != _own_window or len(_own) > OWN_LIMIT:
        _own.clear()
        _own_window = window
    _own[name] += 1
    cache.add(name, 0, timeout=seconds + 5)
    try:
        shared = cache.incr(name)
    except ValueError:  # it expired between the two calls
        shared = 1
    return max(shared, _own[name]) > limit
