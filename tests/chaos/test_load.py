"""A runner under load with retention: after a while nothing grows any more, neither memory nor descriptors nor files.

CHAOS_LOAD_SECONDS says how long (12; an hour in the soak), CHAOS_LOAD_PER_SECOND how many executions a second (0: as many as it can).
"""

import os
import statistics
import subprocess

import chaos_world  # first: it knows where the rest is
import world

# Until retention has gone over the rows a few times, files only grow.
FILES_SETTLE = 60
SECONDS = int(os.environ.get("CHAOS_LOAD_SECONDS", "12"))
PER_SECOND = int(os.environ.get("CHAOS_LOAD_PER_SECOND", "0"))


class Load(chaos_world.Chaos):
    def test_nothing_grows(self):
        done = subprocess.run([chaos_world.PROGRAM, "load", self.database, self.work, str(SECONDS), str(PER_SECOND)], env=self.env,
                              capture_output=True, text=True, timeout=SECONDS * 2 + world.PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = [[int(n) for n in line.split()] for line in done.stdout.splitlines()]
        self.assertEqual(len(rows), SECONDS)
        # What is kept is there after a few seconds; later times are compared with that.
        quarter = max(1, SECONDS // 4)
        early, late = rows[quarter:2 * quarter], rows[-quarter:]
        said = f"{rows[-1][0]} executions in {SECONDS} s"
        for column, name, slack in ((1, "KiB resident", 4096), (2, "descriptors", 8), (3, "KiB of files", 4096)):
            before, after = (statistics.median(row[column] for row in part) for part in (early, late))
            said += f", {name} {before:.0f} then {after:.0f}"
            if name == "KiB of files" and SECONDS < FILES_SETTLE:
                continue
            self.assertLessEqual(after, before * 1.15 + slack, f"{name} grow: {[row[column] for row in rows]}")
        print(said, flush=True)


if __name__ == "__main__":
    world.main()
