"""Tells what files are by their first bytes: a sample spread over all of them, for as long as its time lasts."""

import random
import time

import task

SECONDS = 2.5
SAMPLE = 8_000
MAGIC = [(b"\x7fELF", "program or library"), (b"\x1f\x8b", "gzip"), (b"\x89PNG", "image"), (b"GIF8", "image"), (b"\xff\xd8\xff", "image"),
         (b"#!", "script"), (b"<?xml", "XML"), (b"!<arch>", "static library"), (b"\xde\x12\x04\x95", "translation"),
         (b"TZif", "time zone"), (b"PK\x03\x04", "zip"), (b"\xfd7zXZ", "xz"), (b"%PDF", "PDF"), (b"BC\xc0\xde", "bitcode"),
         (b"gimme", "module"), (b"\xa7\r\r\n", "Python bytecode"), (b"\xcb\r\r\n", "Python bytecode")]


def kind(head):
    for magic, name in MAGIC:
        if head.startswith(magic):
            return name
    if not head:
        return "empty"
    return "other binary" if b"\0" in head else "text"


context = task.context()
with open(f"{context['out']}/files.tsv", encoding="utf-8") as file:
    paths = [line.rstrip("\n").split("\t", 1)[1] for line in file]
sample = random.Random(1).sample(paths, min(SAMPLE, len(paths)))
until = time.monotonic() + SECONDS
counts = {}
for path in sample:
    if time.monotonic() > until:
        break
    try:
        with open(path, "rb") as file:
            name = kind(file.read(512))
    except OSError:
        name = "not readable"
    counts[name] = counts.get(name, 0) + 1
looked_at = sum(counts.values())
title = "Kinds of files" if looked_at == len(paths) else "Kinds of files, in a sample"
task.change({"charts": task.chart("kinds", title, "files", counts)})
print(f"{looked_at} files looked at")
