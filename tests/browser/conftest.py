"""A real Chromium against the real site: live server, PostgreSQL, Redis and, where a test asks for it, a Celery worker.

Run with `make browser-test`. What these fixtures give:

- `base` is the address of the site, with what every installation starts with.
- `sign_in_page(user)` is a page signed in as `user`; `browser_page(theme=…, width=…)` one that is not. Every page
  remembers its console errors, script errors and broken rules of the Content-Security-Policy in `page.complaints`.
- `axe(page)` are the serious and critical findings of axe-core, as readable lines.
- `worker` runs Celery beside the test until it ends.
"""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.core.management import call_command

from tests.factories import PASSWORD

# Playwright's synchronous API keeps an event loop in this thread; nothing of ours runs in it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

HERE = Path(__file__).parent
CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
BROKEN_RULES = """document.addEventListener("securitypolicyviolation", (event) =>
  console.error("CSP: " + event.violatedDirective + " " + event.blockedURI + " " + event.sourceFile));"""


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in Path(item.fspath).parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args():
    if CHROMIUM is None:
        pytest.fail("The browser tests need Chromium; on Debian: apt-get install chromium")
    return {"executable_path": CHROMIUM, "args": ["--no-sandbox", "--disable-dev-shm-usage"]}


@pytest.fixture
def base(transactional_db, live_server):
    """The site's address; frameworks, stages and rules are there."""
    call_command("seed", verbosity=0)
    return live_server.url


@pytest.fixture
def browser_page(browser, base):
    """`browser_page(theme="dark", width=390, **context options)` is a new page in a browser context of its own."""
    contexts = []

    def new_page(theme="light", width=1440, height=900, **options):
        context = browser.new_context(
            base_url=base, viewport={"width": width, "height": height}, reduced_motion="reduce", **options
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        context.add_cookies([{"name": "theme", "value": theme, "url": base}])
        context.add_init_script(BROKEN_RULES)
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda line: _note(page, line))
        page.on("pageerror", lambda error: page.complaints.append(f"{page.url}: {error}"))
        return page

    yield new_page
    for context in contexts:
        context.close()


def _note(page, line):
    # A page that answers 403, 404, 409 or 422 on purpose is noted by the browser as well; that is no fault.
    if line.type == "error" and "Failed to load resource" not in line.text:
        page.complaints.append(f"{page.url}: {line.text}")


@pytest.fixture
def sign_in_page(browser_page):
    """`sign_in_page(user)` goes through the sign-in page like a person does."""

    def page_of(user, password=PASSWORD, **options):
        page = browser_page(**options)
        page.goto("/account/login/")
        page.get_by_label("Email").fill(user.email)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in", exact=True).first.click()
        page.wait_for_url("**/")
        return page

    return page_of


@pytest.fixture(scope="session")
def axe():
    """`axe(page)` lists what axe-core finds serious or critical on the page as it stands."""
    source = (Path(settings.NODE_MODULES) / "axe-core" / "axe.min.js").read_text()

    def findings(page):
        page.evaluate(source)
        result = page.evaluate(
            "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        )
        return [
            f"{urlsplit(page.url).path}: {found['id']}: {found['help']}: {node['html'][:160]}"
            for found in result["violations"]
            if found["impact"] in ("serious", "critical")
            for node in found["nodes"][:3]
        ]

    return findings


@pytest.fixture
def worker(base):
    """A Celery worker on the test database; jobs that the test causes are done while it waits."""
    url = urlsplit(settings.DATABASE_URL)
    name = settings.DATABASES["default"]["NAME"]
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": urlunsplit(url._replace(path=f"/{name}")),
        "REDIS_URL": settings.REDIS_URL,
    }
    command = [
        sys.executable, "-m", "celery", "-A", "presales", "worker", "--pool", "solo", "--loglevel", "info",
        "--without-gossip", "--without-mingle", "--without-heartbeat",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    ready, lines = threading.Event(), []

    def read():
        for line in process.stdout:
            lines.append(line)
            if " ready." in line:
                ready.set()

    threading.Thread(target=read, daemon=True).start()
    if not ready.wait(timeout=60):
        process.kill()
        pytest.fail("the worker did not start:\n" + "".join(lines[-30:]))
    yield process
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
