"""A Redis cache that forgets instead of failing while Redis is away (sessions then come from the database)."""

import functools
import logging
from collections.abc import Callable

import redis
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


class ForgivingRedisCache(RedisCache):
    """`RedisCache` whose operations answer as an empty cache would when Redis cannot be reached."""

    add = _forgiving(RedisCache.add, True)
    get = _forgiving(RedisCache.get, None)
    set = _forgiving(RedisCache.set, None)
    touch = _forgiving(RedisCache.touch, False)
    delete = _forgiving(RedisCache.delete, False)
    get_many = _forgiving(RedisCache.get_many, {})
    has_key = _forgiving(RedisCache.has_key, False)
    incr = _forgiving(RedisCache.incr, 1)
    set_many = _forgiving(RedisCache.set_many, [])
    delete_many = _forgiving(RedisCache.delete_many, None)
    clear = _forgiving(RedisCache.clear, False)
