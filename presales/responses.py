"""Error answers: a page for people, a fragment for HTMX, JSON for programs."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader

from presales.errors import DomainError, GateRefused

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


def wants_json(request: HttpRequest) -> bool:
    """Whether the caller is a program: the API, or an Accept header that names JSON first."""
    return request.path.startswith("/api/") or request.headers.get("Accept", "").startswith("application/json")


def error_page(request: HttpRequest, status: int, message: str = "") -> HttpResponse:
    """The page for `status`, with the request's id and no detail; JSON twin for programs."""
    context = {
        "status": status,
        "title": TITLES[status],
        "message": message,
        "request_id": getattr(request, "id", "-"),
    }
    if wants_json(request):
        return JsonResponse(
            {"error": context["title"], "message": message, "request_id": context["request_id"]}, status=status
        )
    if status >= 500:  # without context processors, which may need what is broken
        return HttpResponse(loader.render_to_string(f"errors/{status}.html", context), status=status)
    return render(request, f"errors/{status}.html", context, status=status)


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
        return JsonResponse(data, status=error.status)
    if request.htmx:
        response = render(request, "errors/_refused.html", context, status=error.status)
        in_dialog = request.htmx.target == "dialog-body"
        response["HX-Retarget"] = "#dialog-refusals" if in_dialog else "#refusals"
        response["HX-Reswap"] = "innerHTML"
        return response
    return render(request, f"errors/{error.status}.html", context, status=error.status)


def _handler(status: int):
    def view(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
        return error_page(request, status)

    return view


bad_request = _handler(400)
permission_denied = _handler(403)
page_not_found = _handler(404)
too_many_requests = _handler(429)
server_error = _handler(500)
csrf_failure_page = _handler(403)
