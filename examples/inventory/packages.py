"""Reads the package database into packages.tsv: name, section, KiB, version, needed packages."""

import platform
import re

import task


def paragraphs(path):
    """Each paragraph as a dictionary of its fields, without continued lines."""
    fields = {}
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line == "\n":
                yield fields
                fields = {}
            elif line[0] not in " \t" and ":" in line:
                key, value = line.split(":", 1)
                fields[key] = value.strip()
    if fields:
        yield fields


def needed(field):
    """Names in `libc6 (>= 2.34), a | b`; of alternatives the first."""
    return sorted({re.split(r"[ :(|]", part.strip(), maxsplit=1)[0] for part in field.split(",") if part.strip()})


context = task.context()
rows = []
for p in paragraphs("/var/lib/dpkg/status"):
    if p.get("Status", "").endswith(" installed"):
        section = p.get("Section", "unknown").split("/")[-1]
        names = needed(p.get("Depends", "")) + needed(p.get("Pre-Depends", ""))
        rows.append([p["Package"], section, p.get("Installed-Size", "0"), p.get("Version", ""), " ".join(names)])
task.write_lines(f"{context['out']}/packages.tsv", ("\t".join(row) for row in rows))
mebibytes = round(sum(int(row[2]) for row in rows) / 1024)
system = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
task.change({"packages": len(rows), "installed_mib": mebibytes, "system": system})
print(f"{len(rows)} packages, {mebibytes} MiB")
