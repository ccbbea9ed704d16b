"""The product's addresses and the floor page: the session, one indexed query, a bare template with as many rows."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from leads.models import Lead
from presales.urls import urlpatterns as product


def floor(request: HttpRequest) -> HttpResponse:
    """Fifty rows by primary key."""
    return render(
        request, "bench/floor.html", {"rows": Lead.objects.order_by("-pk").values("pk", "name", "stage")[:50]}
    )


urlpatterns = [path("floor/", floor, name="floor"), *product]
