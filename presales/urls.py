"""Every address of the site. Each room brings its own."""

from django.urls import include, path, register_converter

from presales.converters import Id

register_converter(Id, "id")

urlpatterns = [
    path("", include("insights.urls")),
    path("", include("people.urls")),
    path("", include("leads.urls")),
    path("", include("qualification.urls")),
    path("", include("deals.urls")),
    path("", include("presales.service_urls")),
    path("account/", include("people.sign_in_urls")),
]

handler400 = "presales.responses.bad_request"
handler403 = "presales.responses.permission_denied"
handler404 = "presales.responses.page_not_found"
handler429 = "presales.responses.too_many_requests"
handler500 = "presales.responses.server_error"
