"""What every request passes through. Each class does one thing; settings.py gives the order."""

import secrets
import time
import zoneinfo
from collections.abc import Callable

import pghistory
from django.conf import settings
from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.middleware.security import SecurityMiddleware
from django.utils import timezone

from presales import logs, metrics
from presales.errors import DomainError
from presales.responses import TITLES, domain_error_response, error_page
from presales.text import BadText, clean

GetResponse = Callable[[HttpRequest], HttpResponse]


class Middleware:
    """The one method all of them share."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)


class RequestId(Middleware):
    """Gives every request an id: in the logs, on error pages, in the history and in `X-Request-ID`."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.id = secrets.token_hex(8)
        token = logs.request_id.set(request.id)
        began = time.perf_counter()
        try:
            response = self.get_response(request)
        finally:
            logs.request_id.reset(token)
        response["X-Request-ID"] = request.id
        metrics.count(request, response, time.perf_counter() - began)
        return response


class KnownHost(SecurityMiddleware):
    """Answers 400 to a host that is not ours, with the headers of every other answer.

    Where plain HTTP is redirected, Django's own middleware would fail on such a host before it sets them.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        try:
            request.get_host()
        except DisallowedHost:
            return error_page(request, 400)
        return None


class Unavailable(Middleware):
    """A clear 503 page while the database is away, or when a query ran into its time limit."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer 503 for a lost or overloaded database; leave everything else alone."""
        if isinstance(exception, (OperationalError, InterfaceError)):
            return error_page(request, 503)
        return None

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.get_response(request)
        except (OperationalError, InterfaceError):
            return error_page(request, 503)


class BodySize(Middleware):
    """Answers 413 before a body is read that is larger than any upload may be, or than a form may be."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            return error_page(request, 400)
        if length > settings.MAX_BODY_SIZE:
            return error_page(request, 413)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a view that began to read such a form; leave everything else alone."""
        return error_page(request, 413) if isinstance(exception, RequestDataTooBig) else None


class CleanInput(Middleware):
    """Refuses NUL, lone surrogates and control characters once (400) and stores text as NFC."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            clean(request.path)
            request.GET = self._cleaned(request.GET)
            if request.method == "POST" and request.content_type in (
                "application/x-www-form-urlencoded",
                "multipart/form-data",
            ):
                request.POST  # noqa: B018  parses the body, filling _post
                request._post = self._cleaned(request._post)
        except (BadText, UnicodeError):
            return error_page(request, 400)
        except RequestDataTooBig:
            return error_page(request, 413)
        return self.get_response(request)

    @staticmethod
    def _cleaned(data: QueryDict) -> QueryDict:
        result = QueryDict(mutable=True, encoding=data.encoding)
        for key, values in data.lists():
            result.setlist(clean(key), [clean(value) for value in values])
        result._mutable = False
        return result


class History(Middleware):
    """Names actor, channel and request in every history row that a request writes."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return self.get_response(request)
        user = request.user.pk if request.user.is_authenticated else None
        with pghistory.context(user=user, channel="web", request_id=request.id):
            return self.get_response(request)


class TimeZone(Middleware):
    """Shows times in the user's own zone; the database keeps UTC."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            timezone.activate(zoneinfo.ZoneInfo(request.user.time_zone))
        else:
            timezone.deactivate()
        return self.get_response(request)


class NoStore(Middleware):
    """Keeps signed-in pages out of every cache, the browser's own included."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated and "Cache-Control" not in response:
            response["Cache-Control"] = "no-store, private"
        return response


class StatusPages(Middleware):
    """Puts a page, or its JSON twin, into errors that views and decorators answer without one, e.g. 405."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code not in TITLES or response.streaming or response.content:
            return response
        page = error_page(request, response.status_code)
        if "Allow" in response:
            page["Allow"] = response["Allow"]
        return page


class DomainErrors(Middleware):
    """Turns what an action refuses into 403 or 409, as a page, a fragment or JSON."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer domain errors; leave everything else to Django."""
        if isinstance(exception, DomainError):
            return domain_error_response(request, exception)
        return None
