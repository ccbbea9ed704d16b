"""`manage.py verify_scores`: is every stored score what it should be?"""

import sys

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from leads.scoring import verify
from qualification import status

SHOWN = 20


class Command(BaseCommand):
    help = "Compute every score and qualification status afresh, say which stored ones differ; --fix repairs them."

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
        if found + self.statuses(options["fix"]):
            sys.exit(1)

    def statuses(self, fix: bool) -> list[str]:
        now = timezone.now()
        found = status.differences(now)
        self.stdout.write(f"Qualification statuses: {len(found)} differ.")
        for line in found[:SHOWN]:
            self.stdout.write(f"  {line}")
        if len(found) > SHOWN:
            self.stdout.write(f"  … and {len(found) - SHOWN} more")
        if found and fix:
            status.repair(now)
            left = status.differences(now)
            self.stdout.write(f"Qualification statuses: {len(found) - len(left)} repaired, {len(left)} still differ.")
            found = left
        return found
