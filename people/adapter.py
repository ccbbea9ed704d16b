"""How people get an account and keep it: an admin invites them, nobody signs up; roles may demand a second step."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest

from presales import mail


class InvitedOnlyAdapter(DefaultAccountAdapter):
    """Closes allauth's sign-up page and sends its mail in the background."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "E-mail address and password do not match.",
        "too_many_login_attempts": "Too many failed attempts. Wait a few minutes, or reset your password.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up by themselves."""
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict) -> None:
        """Send without making the request wait, so that its duration does not tell whether an account exists."""
        message = self.render_mail(template_prefix, email, {"email": email} | context)
        mail.send_soon(message)


class TwoStepAdapter(DefaultMFAAdapter):
    """Keeps the second step on where the role demands it."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": "Your role needs two-step sign-in, so it cannot be turned off.",
        "incorrect_code": "That code is not right. Codes change every 30 seconds; try the one shown now.",
    }

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Not for people in MFA_REQUIRED_ROLES."""
        return authenticator.user.role not in settings.MFA_REQUIRED_ROLES
