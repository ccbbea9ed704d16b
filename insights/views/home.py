"""What wants me today."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def home(request: HttpRequest) -> HttpResponse:
    """The home page of the person's role."""
    return render(request, "insights/home.html")
