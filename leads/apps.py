from django.apps import AppConfig


class LeadsConfig(AppConfig):
    name = "leads"
    verbose_name = "Leads"

    def ready(self):
        from django.db.models import Q

        from leads import permissions  # noqa: F401  registers the rules
        from leads.models import Lead
        from qualification import visibility

        visibility.seen_hooks.append(lambda user: Q(lead__in=Lead.objects.visible_to(user)))
