"""What the sign-in page of a demo installation shows."""

from django import template

from people.demo import LOGINS, DemoLogin

register = template.Library()


@register.simple_tag
def demo_logins() -> list[DemoLogin]:
    """The demo logins; used only where `is_demo` is true."""
    return LOGINS
