"""Takes the pictures of the README from a demo installation of its own (`make screenshots`)."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from people.demo import PASSWORD

FOLDER = Path("docs") / "images"
LARGEST = 300_000  # bytes of one picture
START_SECONDS = 600
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}

# (file name, who looks, address, theme, screen, what to open there first)
PICTURES = [
    ("home-manager", "manager", "/", "light", DESK, ""),
    ("home-ae", "ae", "/", "light", DESK, ""),
    ("home-se", "se", "/", "light", DESK, ""),
    ("home-phone", "ae", "/", "light", PHONE, ""),
    ("lead", "ae", "/leads/?tab=mine&stage=sal", "light", DESK, "tbody tr a"),
    ("queue", "se", "/queue/", "light", DESK, ""),
    ("opportunity", "ae", "/opportunities/?sort=-amount", "light", DESK, "tbody tr a"),
    ("board", "ae", "/board/", "light", DESK, ""),
    ("pipeline", "manager", "/pipeline/", "light", DESK, ""),
    ("review", "manager", "/insights/review/", "light", DESK, ""),
    ("dashboard", "manager", "/dashboards/starter/", "light", DESK, ""),
    ("pipeline-dark", "manager", "/pipeline/", "dark", DESK, ""),
]


class Command(BaseCommand):
    help = "Starts a demo installation beside the others and takes the pictures of the README."

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=8765)
        parser.add_argument("--base", default="", help="Take them from this address instead of starting anything.")

    def handle(self, *args, port, base, **options):
        try:
            from playwright.sync_api import sync_playwright
        except ImportError as error:
            raise CommandError("Playwright is missing; run make setup.") from error
        chromium = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
        if chromium is None:
            raise CommandError("Chromium is missing; on Debian: apt-get install chromium")
        folder = Path(settings.BASE_DIR) / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        server = None if base else self._start(port)
        base = base or f"http://localhost:{port}"
        try:
            self._wait(base, server)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                for picture in PICTURES:
                    self._take(browser, base, folder, *picture)
                browser.close()
        finally:
            if server is not None:
                os.killpg(server.pid, signal.SIGTERM)
                server.wait(timeout=60)

    def _start(self, port):
        """`make run` with a data folder of its own, so that the pictures show the demo data and nothing else."""
        environment = os.environ | {
            "PRESALES_MODE": "demo",
            "PRESALES_VAR": str(settings.VAR_DIR / "screenshots"),
            "PORT": str(port),
        }
        for name in ("DATABASE_URL", "REDIS_URL"):
            environment.pop(name, None)
        command = [sys.executable, "manage.py", "run"]
        return subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, start_new_session=True)  # noqa: S603

    def _wait(self, base, server):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if server is not None and server.poll() is not None:
                raise CommandError("The demo installation did not start; what it said is above.")
            try:
                urllib.request.urlopen(f"{base}/account/login/", timeout=5)  # noqa: S310  our own server
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.5)
        raise CommandError(f"{base} did not answer within {START_SECONDS} seconds.")

    def _take(self, browser, base, folder, name, role, address, theme, screen, follow):
        context = browser.new_context(base_url=base, viewport=screen, reduced_motion="reduce")
        context.add_cookies([{"name": "theme", "value": theme, "url": base}])
        page = context.new_page()
        page.goto("/account/login/")
        page.get_by_label("Email").fill(f"{role}@demo.example")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).first.click()
        page.wait_for_url(f"{base}/")
        page.goto(address)
        if follow:
            page.locator(follow).first.click()
        page.wait_for_load_state("networkidle")
        target = folder / f"{name}.png"
        page.screenshot(path=target)
        context.close()
        size = target.stat().st_size
        self.stdout.write(f"{FOLDER / name}.png  {size / 1000:.0f} KB")
        if size > LARGEST:
            raise CommandError(f"{name}.png is larger than {LARGEST / 1000:.0f} KB.")
