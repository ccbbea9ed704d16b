"""The product's addresses and the floor page: the session, one indexed query, a bare template with as many rows."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from leads.models import Lead
from presales.urls import urlpatterns as product


def floor(request: HttpRequest) -> HttpResponse:
    """As many rows by primary key as asked for."""
    rows = Lead.objects.order_by("-pk").values("pk", "name", "stage")[: int(request.GET["rows"])]
    return render(request, "bench/floor.html", {"rows": rows})


urlpatterns = [path("floor/", floor, name="floor"), *product]
