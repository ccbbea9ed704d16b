"""`manage.py verify_scores`: is every stored score what it should be?"""

import sys

from django.core.management.base import BaseCommand, CommandParser

from leads.scoring import verify

SHOWN = 20


class Command(BaseCommand):
    help = "Compute every score afresh, say which stored ones differ, and repair them with --fix."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--fix", action="store_true", help="Store the fresh figures where they differ.")

    def handle(self, *args, **options):
        found = verify.differences()
        waiting = sum(difference.waiting for difference in found)
        self.stdout.write(f"Scores: {len(found)} differ, {waiting} of them known to the sweep.")
        for difference in found[:SHOWN]:
            note = " (waiting for the sweep)" if difference.waiting else ""
            self.stdout.write(
                f"  lead {difference.lead_id}: stored {difference.stored}, fresh {difference.fresh}{note}"
            )
        if len(found) > SHOWN:
            self.stdout.write(f"  … and {len(found) - SHOWN} more")
        if found and options["fix"]:
            verify.fix([difference.lead_id for difference in found])
            left = verify.differences()
            self.stdout.write(f"Scores: {len(found) - len(left)} repaired, {len(left)} still differ.")
            found = left
        if found:
            sys.exit(1)
