"""Tags and filters that every template has (settings.TEMPLATES builtins)."""

from django import template

register = template.Library()
