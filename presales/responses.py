"""Error answers: a page for people, a fragment for HTMX, JSON for programs."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader

from presales.errors import DomainError, GateRefused, WantsConfirmation

TITLES = {
    400: "That request could not be read",
    403: "That is not yours to do",
    404: "Nothing here",
    405: "That page takes no such request",
    409: "That did not happen",
    413: "That is too large",
    429: "Slow down a little",
    500: "Something broke on our side",
    503: "Presales is catching its breath",
}


EXPLANATIONS = {
    400: "The address or the form holds characters or values that cannot be read. Go back and check what you typed.",
    403: "You can see this, but acting on it belongs to somebody else. If the page was open for long, load it again.",
    404: "This page does not exist, or it is not shared with you.",
    405: "Open the page from its link instead of from the address bar.",
    409: "The record changed in the meantime. Load it again to see where it stands.",
    413: "Send a smaller file, or split it into parts.",
    429: "You sent many requests in a short time. Wait a minute and try again.",
    500: "It is noted with the number below; nothing you had saved is lost. Try again in a moment.",
    503: "The database cannot be reached or is very busy. Nothing you had saved is lost. Try again in a minute.",
}

CSRF_EXPLANATION = (
    "This form was opened in an earlier session, or your browser sends no cookies. Nothing was saved. "
    "Go back, load the page again and send the form once more."
)


def wants_json(request: HttpRequest) -> bool:
    """Whether the caller is a program: the API, or an Accept header that names JSON first."""
    return request.path.startswith("/api/") or request.headers.get("Accept", "").startswith("application/json")


def error_page(request: HttpRequest, status: int, message: str = "") -> HttpResponse:
    """The page for `status`, with the request's id and no detail; JSON twin for programs.

    Where the database may be away, or nobody is known yet, the page is one that asks nothing of either.
    """
    context = {
        "status": status,
        "title": TITLES[status],
        "message": message or EXPLANATIONS[status],
        "request_id": getattr(request, "id", "-"),
    }
    if wants_json(request):
        body = {"error": context["title"], "message": context["message"], "request_id": context["request_id"]}
        return JsonResponse(body, status=status)
    if status >= 500 or not getattr(request, "user", None) or not request.user.is_authenticated:
        return HttpResponse(loader.render_to_string("errors/lone.html", context), status=status)
    return render(request, "errors/page.html", context, status=status)


def domain_error_response(request: HttpRequest, error: DomainError) -> HttpResponse:
    """What an action refused: for HTMX a fragment swapped into the toast area, else a page."""
    missing = error.missing if isinstance(error, GateRefused) else []
    context = {
        "status": error.status,
        "title": TITLES[error.status],
        "message": error.message,
        "missing": missing,
        "request_id": getattr(request, "id", "-"),
    }
    if wants_json(request):
        data = {"error": context["title"], "message": error.message, "request_id": context["request_id"]}
        data["missing"] = [{"what": item.what, "url": item.url} for item in missing]
        data["confirm"] = error.confirm if isinstance(error, WantsConfirmation) else []
        data["may_override"] = isinstance(error, GateRefused) and error.may_override
        return JsonResponse(data, status=error.status)
    if request.htmx:
        response = render(request, "errors/_refused.html", context, status=error.status)
        in_dialog = request.htmx.target == "dialog-body"
        response["HX-Retarget"] = "#dialog-refusals" if in_dialog else "#refusals"
        response["HX-Reswap"] = "innerHTML"
        return response
    return render(request, "errors/page.html", context, status=error.status)


def _handler(status: int):
    def view(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
        return error_page(request, status)

    return view


bad_request = _handler(400)
permission_denied = _handler(403)
page_not_found = _handler(404)
too_many_requests = _handler(429)
server_error = _handler(500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page for a form whose token does not fit: signed in anew meanwhile, cookies off, or another site's doing."""
    return error_page(request, 403, CSRF_EXPLANATION)
