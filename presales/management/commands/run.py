"""`manage.py run`: the whole installation in the foreground, for a laptop."""

from django.core.management.base import BaseCommand

from presales import runner


class Command(BaseCommand):
    help = "Migrate, load the demo data on the first run, then run web server, worker and beat until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, help="Default: the variable PORT, else 8000.")

    def handle(self, *args, **options):
        raise SystemExit(runner.run(options["port"]))
