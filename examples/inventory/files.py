"""Looks at every file that a package brought; files.tsv: bytes, path."""

import glob
import os
import stat

import task

context = task.context()
seen = set()
rows = []
missing = 0
for listing in sorted(glob.glob("/var/lib/dpkg/info/*.list")):
    with open(listing, encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            path = line.rstrip("\n")
            if path in seen or "\t" in path:
                continue
            seen.add(path)
            try:
                info = os.lstat(path)
            except OSError:
                missing += 1
                continue
            # A folder like /bin may be a link into /usr: such a file is counted where it lies.
            if stat.S_ISREG(info.st_mode) and path.isascii():
                rows.append(f"{info.st_size}\t{path}")
task.write_lines(f"{context['out']}/files.tsv", rows)
task.change({"files": len(rows), "missing_files": missing})
print(f"{len(rows)} files; {missing} paths are not there (documentation is often left out)")
