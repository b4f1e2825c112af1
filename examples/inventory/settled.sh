#!/bin/sh
# Succeeds when the package database is as it was at the last look, so that nothing is counted in the middle of an installation.
# 75 is "try again" (sysexits.h): the workflow file retries this exit status and no other.
set -eu
mkdir -p "$CTX_out"
now=$(cksum < /var/lib/dpkg/status)
before=$(cat "$CTX_out/last_look" 2> /dev/null || true)
if [ "$now" = "$before" ]; then
  rm -f "$CTX_out/last_look"
  echo "the package database has settled"
  exit 0
fi
printf '%s\n' "$now" > "$CTX_out/last_look"
if [ -z "$before" ]; then
  echo "first look at the package database: nothing to compare with yet" >&2
else
  echo "the package database changes while we look" >&2
fi
exit 75
