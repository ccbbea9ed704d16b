"""Public web forms through which leads come in."""

import secrets

import pghistory
from django.db import models
from django.utils import timezone

from leads.models.leads import Source
from people.models import Role, Team, User


def new_key() -> str:
    """A key for a form's public address that cannot be guessed."""
    return secrets.token_urlsafe(16)


class CaptureFormQuerySet(models.QuerySet):
    """Web forms by what the domain asks of them."""

    def visible_to(self, user: User) -> "CaptureFormQuerySet":
        """Marketing and admins manage web forms; for others they do not exist."""
        return self if user.role in (Role.MARKETING, Role.ADMIN) else self.none()


@pghistory.track(exclude=["token_hash"])
class CaptureForm(models.Model):
    """A public form: what it asks on which campaign's behalf. Its address holds `key`.

    Programs post to it with a token, of which only the hash is kept.
    """

    name = models.CharField(max_length=80)
    key = models.CharField(max_length=40, unique=True, default=new_key, editable=False)
    headline = models.CharField(max_length=120, default="Talk to us")
    thanks = models.CharField(max_length=300, default="Thank you. We will be in touch within one working day.")
    source = models.CharField(max_length=20, choices=Source, default=Source.WEB_FORM)
    campaign = models.CharField(max_length=120, blank=True)
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, help_text="Empty means: routed by territory.")
    ask_phone = models.BooleanField("ask for a phone number", default=False)
    ask_message = models.BooleanField("ask for a message", default=True)
    token_hash = models.CharField(max_length=64, blank=True, editable=False)
    token_prefix = models.CharField(max_length=12, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    objects = CaptureFormQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
