"""A Redis cache that forgets instead of failing while Redis is away (sessions then come from the database)."""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable

import redis
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

logger = logging.getLogger(__name__)

# After Redis did not answer, nobody waits for it again for this long.
PAUSE_SECONDS = 5.0
OWED_AT_MOST = 10_000

# Limits on guessing and flooding must hold without Redis too: then every process counts for itself.
COUNTED_HERE = ("allauth:rl:", "throttle:")
_local = LocMemCache("without-redis", {})


class _Outage:
    """What this process knows of one Redis: until when it lets it be, and what it could not tell it.

    `owed` are the names of values that changed meanwhile. A Redis that comes back with them would give out the
    old ones, e.g. the session of somebody who signed out, so they are deleted before anything is asked.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.until = 0.0
        self.owed: set[str] = set()

    def begin(self) -> None:
        """Redis did not answer just now."""
        self.until = time.monotonic() + PAUSE_SECONDS

    def owe(self, names: set[str]) -> None:
        """Remember to delete `names`."""
        with self.lock:
            self.owed |= names
            if len(self.owed) > OWED_AT_MOST:
                logger.error("cache away for too long; values that changed meanwhile may come back with it")
                self.owed.clear()

    def pay(self, delete: Callable[[set[str]], object]) -> None:
        """Delete what is owed; it stays owed where that fails."""
        if self.owed:
            with self.lock:
                names, self.owed = self.owed, set()
            try:
                delete(names)
            except redis.RedisError:
                self.owe(names)
                raise


_outages: defaultdict[tuple[str, ...], _Outage] = defaultdict(_Outage)


class ForgivingRedisCache(RedisCache):
    """`RedisCache` whose operations answer as an empty cache would when Redis cannot be reached."""

    @property
    def outage(self) -> _Outage:
        """Shared by all threads of the process."""
        return _outages[tuple(self._servers)]

    def _ask(self, operation: Callable, fallback: object, names: set[str], changes: bool = True) -> object:
        """What `operation` gives; without Redis `fallback`, or what `fallback()` gives where it can be called."""
        outage = self.outage
        if time.monotonic() >= outage.until:
            try:
                outage.pay(super().delete_many)
                return operation()
            except (redis.ConnectionError, redis.TimeoutError) as error:
                outage.begin()
                logger.warning("cache unavailable for now: %s", type(error).__name__)
        if changes:
            outage.owe({name for name in names if not name.startswith(COUNTED_HERE)})
        return fallback() if callable(fallback) else fallback

    def _ask_of(self, name: str, key: str, fallback: object, *args: object, changes: bool = True) -> object:
        """One value; counts go on in this process."""
        if key.startswith(COUNTED_HERE):
            return self._ask(
                lambda: getattr(super(ForgivingRedisCache, self), name)(key, *args),
                lambda: getattr(_local, name)(key, *args),
                {key},
            )
        return self._ask(
            lambda: getattr(super(ForgivingRedisCache, self), name)(key, *args), lambda: fallback, {key}, changes
        )

    def get(self, key: str, default: object = None, version: int | None = None) -> object:
        """The value, or `default` where there is none or Redis is away."""
        return self._ask_of("get", key, default, default, version, changes=False)

    def set(self, key: str, value: object, timeout: object = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Store the value, if that can be done."""
        self._ask_of("set", key, None, value, timeout, version)

    def add(self, key: str, value: object, timeout: object = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Store the value unless there is one; whether it was stored."""
        return self._ask_of("add", key, True, value, timeout, version)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """The count after adding `delta`; raises ValueError where there is none."""
        return self._ask_of("incr", key, 1, delta, version)

    def delete(self, key: str, version: int | None = None) -> bool:
        """Forget the value; whether there was one."""
        return self._ask_of("delete", key, False, version)

    def touch(self, key: str, timeout: object = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Give the value a new time to live; whether there is one."""
        return self._ask_of("touch", key, False, timeout, version, changes=False)

    def has_key(self, key: str, version: int | None = None) -> bool:
        """Whether there is a value."""
        return self._ask_of("has_key", key, False, version, changes=False)

    def get_many(self, keys: object, version: int | None = None) -> dict:
        """The values there are."""
        return self._ask(lambda: super(ForgivingRedisCache, self).get_many(keys, version), dict, set(), changes=False)

    def set_many(self, data: dict, timeout: object = DEFAULT_TIMEOUT, version: int | None = None) -> list:
        """Store the values, if that can be done."""
        return self._ask(lambda: super(ForgivingRedisCache, self).set_many(data, timeout, version), list, set(data))

    def delete_many(self, keys: object, version: int | None = None) -> None:
        """Forget the values."""
        names = list(keys)
        self._ask(lambda: super(ForgivingRedisCache, self).delete_many(names, version), None, set(names))

    def clear(self) -> bool:
        """Forget everything, what is counted here and what is known of an outage too; asks Redis in any case."""
        _local.clear()
        self.outage.until = 0.0
        self.outage.owed.clear()
        return bool(self._ask(super().clear, False, set()))
