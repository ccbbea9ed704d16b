"""A production installation starts with its own secrets or not at all; a laptop needs none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "PRESALES_MODE": "production",
    "SECRET_KEY": "k3v9-" * 12,
    "ALLOWED_HOSTS": "crm.example.com, crm.example.org",
    "SITE_URL": "https://crm.example.com",
    "DATABASE_URL": "postgres://presales:secret@127.0.0.1:1/presales",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "EMAIL_URL": "smtp+tls://user:password@127.0.0.1:1",
}
SHOW = """
from django.conf import settings
for name in {names!r}:
    print(name, getattr(settings, name))
"""
LOGIN = """
import django
django.setup()
from django.contrib.sessions.backends import signed_cookies
from django.conf import settings
from django.test import Client
settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
response = Client().get("/account/login/", secure=True, headers={{"Host": "crm.example.com"}})
print(response.status_code, response.content.decode())
"""


def run(arguments, environment):
    """What a fresh process with nothing but `environment` answers."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = kept | {"DJANGO_SETTINGS_MODULE": "presales.settings", "PYTHONWARNINGS": "ignore"} | environment
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )


def start(**changes):
    """A production process with `changes`; a variable that is None is not set."""
    environment = {name: value for name, value in (PRODUCTION | changes).items() if value is not None}
    return run(["-c", "import presales.wsgi"], environment)


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS", "SITE_URL", "DATABASE_URL", "REDIS_URL"])
def test_production_does_not_start_without(name, tmp_path):
    refused = start(**{name: None, "PRESALES_VAR": str(tmp_path / "var")})
    assert refused.returncode != 0
    assert "ImproperlyConfigured" in refused.stderr
    assert f"{name} " in refused.stderr.splitlines()[-1]
    assert not (tmp_path / "var").exists(), "nothing is started or made up in place of what is missing"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"PRESALES_MODE": None, "SECRET_KEY": None}, "SECRET_KEY is not set"),
        ({"SECRET_KEY": "short"}, "at least 50 characters"),
        ({"SECRET_KEY": "django-insecure-" + "k3v9-" * 12}, "must be random"),
        ({"SECRET_KEY": "a" * 60}, "must be random"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": " , "}, "ALLOWED_HOSTS"),
        ({"SITE_URL": "http://crm.example.com"}, "SITE_URL"),
        ({"SITE_URL": "crm.example.com"}, "SITE_URL"),
        ({"DEBUG": "true"}, "DEBUG"),
        ({"PRESALES_MODE": "prod"}, "must be production, demo or test"),
    ],
)
def test_production_does_not_start_with(change, words):
    refused = start(**change)
    assert refused.returncode != 0
    assert words in refused.stderr.splitlines()[-1]


def test_with_everything_set_it_starts_and_the_deployment_check_finds_nothing():
    checked = run(["manage.py", "check", "--deploy", "--fail-level", "INFO"], PRODUCTION)
    assert checked.returncode == 0, checked.stderr
    assert "no issues (0 silenced)" in checked.stdout


def test_in_production_cookies_and_transport_are_strict():
    names = (
        "DEBUG", "IS_DEMO", "ALLOWED_HOSTS", "SESSION_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY",
        "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_NAME", "SECURE_PROXY_SSL_HEADER",
    )  # fmt: skip
    shown = run(["-c", SHOW.format(names=names)], PRODUCTION)
    assert dict(line.split(" ", 1) for line in shown.stdout.splitlines()) == {
        "DEBUG": "False", "IS_DEMO": "False", "ALLOWED_HOSTS": "['crm.example.com', 'crm.example.org']",
        "SESSION_COOKIE_SECURE": "True", "SESSION_COOKIE_HTTPONLY": "True", "CSRF_COOKIE_SECURE": "True",
        "SECURE_SSL_REDIRECT": "True", "SESSION_COOKIE_NAME": "__Host-sessionid", "SECURE_PROXY_SSL_HEADER": "None",
    }, shown.stderr  # fmt: skip


@pytest.mark.parametrize("mode", ["production", "demo"])
def test_the_demo_password_is_shown_on_a_demo_installation_only(mode):
    page = run(["-c", LOGIN.format()], PRODUCTION | {"PRESALES_MODE": mode})
    assert page.stdout.startswith("200"), page.stderr
    assert ("demo-presales" in page.stdout) == (mode == "demo")


def test_demo_data_does_not_load_in_production():
    refused = run(["manage.py", "load_demo"], PRODUCTION)
    assert refused.returncode != 0
    assert "production" in refused.stderr


def test_a_laptop_makes_its_own_secret_once(tmp_path):
    laptop = {
        "PRESALES_MODE": "demo", "PRESALES_VAR": str(tmp_path / "var"), "DATABASE_URL": PRODUCTION["DATABASE_URL"],
        "REDIS_URL": PRODUCTION["REDIS_URL"],
    }  # fmt: skip
    shown = {run(["-c", SHOW.format(names=("SECRET_KEY",))], laptop).stdout for _ in range(2)}
    assert len(shown) == 1
    assert len(shown.pop()) > 60
    assert (tmp_path / "var" / "secret_key").stat().st_mode & 0o077 == 0
