"""A Redis cache that forgets instead of failing while Redis is away (sessions then come from the database)."""

import functools
import logging
from collections.abc import Callable

import redis
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

logger = logging.getLogger(__name__)


def _forgiving(method: Callable, fallback: object) -> Callable:
    @functools.wraps(method)
    def wrapper(*args: object, **kwargs: object) -> object:
        try:
            return method(*args, **kwargs)
        except (redis.ConnectionError, redis.TimeoutError) as error:
            logger.warning("cache unavailable: %s", type(error).__name__)
            default = kwargs.get("default")
            return default if default is not None else fallback

    return wrapper


# Limits on guessing and flooding must hold without Redis too: then every process counts for itself.
COUNTED_HERE = ("allauth:rl:", "throttle:")
_local = LocMemCache("without-redis", {})


class ForgivingRedisCache(RedisCache):
    """`RedisCache` whose operations answer as an empty cache would when Redis cannot be reached."""

    def get(self, key: str, default: object = None, version: int | None = None) -> object:
        """The value, or `default` where there is none or Redis is away."""
        return self._counted("get", key, default, key, default, version)

    def set(self, key: str, value: object, timeout: object = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Store the value, if that can be done."""
        self._counted("set", key, None, key, value, timeout, version)

    def _counted(self, name: str, key: str, fallback: object, *args: object) -> object:
        try:
            return getattr(super(), name)(*args)
        except (redis.ConnectionError, redis.TimeoutError) as error:
            logger.warning("cache unavailable: %s", type(error).__name__)
            return getattr(_local, name)(*args) if key.startswith(COUNTED_HERE) else fallback

    def add(self, key: str, value: object, timeout: object = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Store the value unless there is one; whether it was stored."""
        return self._counted("add", key, True, key, value, timeout, version)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """The count after adding `delta`; raises ValueError where there is none."""
        return self._counted("incr", key, 1, key, delta, version)

    def delete(self, key: str, version: int | None = None) -> bool:
        """Forget the value; whether there was one."""
        return self._counted("delete", key, False, key, version)

    touch = _forgiving(RedisCache.touch, False)
    get_many = _forgiving(RedisCache.get_many, {})
    has_key = _forgiving(RedisCache.has_key, False)
    set_many = _forgiving(RedisCache.set_many, [])
    delete_many = _forgiving(RedisCache.delete_many, None)
    clear = _forgiving(RedisCache.clear, False)
