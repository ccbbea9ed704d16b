from leads import scoring_urls

app_name = "leads"
urlpatterns = [
    *scoring_urls.urlpatterns,
]
