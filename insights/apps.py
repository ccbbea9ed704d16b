from django.apps import AppConfig


class InsightsConfig(AppConfig):
    name = "insights"
    verbose_name = "Insights"

    def ready(self):
        from deals import objectives
        from insights import measured, permissions  # noqa: F401  registers the rules
        from insights.digest import due  # noqa: F401  says which mails are still wanted
        from people import panels

        objectives.FIGURES.update({name: one.figure for name, one in measured.REGISTRY.items()})
        objectives.measurers.append(measured.measure)
        panels.account_panels.append(
            ("insights/digest/_account.html", lambda request: request.user.has_perm("insights.read_weekly_mail"))
        )
