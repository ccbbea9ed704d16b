from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "people"
    verbose_name = "People"

    def ready(self):
        from django.conf import settings
        from django.contrib.auth.signals import user_logged_in
        from django.core.exceptions import ImproperlyConfigured

        from people import permissions  # noqa: F401  registers the rules
        from people.middleware import start_session
        from people.models import Role

        user_logged_in.connect(start_session)
        unknown = set(settings.MFA_REQUIRED_ROLES) - set(Role.values)
        if unknown:
            raise ImproperlyConfigured(
                f"MFA_REQUIRED_ROLES: {sorted(unknown)} are not roles ({', '.join(Role.values)})."
            )
