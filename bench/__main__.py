"""Every bench, one after the other, then the table of bars.

    make bench [ARGS="pages claims"]

Each runs as a process of its own on a database of its own, and leaves its figures in bench/results.json.
Exits 1 if a bar is missed.
"""

import json
import subprocess
import sys
import time

from bench.place import RESULTS, ROOT

BENCHES = [
    "pages",
    "search",
    "claims",
    "qualification",
    "probability",
    "insights",
    "imports",
    "recovery",
    "scoring",
    "workers",
    "learning",
]


def main() -> int:
    names = sys.argv[1:] or BENCHES
    if unknown := set(names) - set(BENCHES):
        print(f"There is no bench {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}.")
        return 2
    missed = 0
    for name in names:
        print(f"\n== {name}", flush=True)
        started = time.perf_counter()
        missed |= subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=ROOT, check=False).returncode
        print(f"({time.perf_counter() - started:.0f} s)", flush=True)
    stored = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    print(f"\n{'bar':58} {'figure':>10} {'at most':>9}")
    for name in names:
        for line in stored.get(name, {}).get("bars", []):
            print(
                f"{name + ': ' + line['what']:58} {line['figure']:>10} {line['bar']:>9}"
                + ("" if line["holds"] else "  MISSED")
            )
            missed |= not line["holds"]
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
