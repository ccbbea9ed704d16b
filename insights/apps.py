from django.apps import AppConfig


class InsightsConfig(AppConfig):
    name = "insights"
    verbose_name = "Insights"

    def ready(self):
        from deals import objectives
        from insights import measured, permissions  # noqa: F401  registers the rules

        objectives.FIGURES.update({name: one.figure for name, one in measured.REGISTRY.items()})
        objectives.measurers.append(measured.measure)
