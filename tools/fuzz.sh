#!/usr/bin/env bash
# Runs every fuzz target for SECONDS, over its corpus in tests/fuzz/corpus and what earlier runs added to build/fuzz/corpus. Stops at the
# first finding and says how to repeat it. Usage: tools/fuzz.sh SECONDS [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:?usage: tools/fuzz.sh SECONDS [TARGET...]}
shift
targets=("$@")
if ((${#targets[@]} == 0)); then
  for program in build/fuzz/bin/fuzz_*; do targets+=("${program##*/fuzz_}"); done
fi
for target in "${targets[@]}"; do
  new=build/fuzz/corpus/$target findings=build/fuzz/findings/$target kept=tests/fuzz/corpus/$target
  mkdir -p "$new" "$findings"
  corpora=("$new")
  if [[ -d $kept ]]; then corpora+=("$kept"); fi
  if ! build/fuzz/bin/fuzz_"$target" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 \
    -artifact_prefix="$findings/" "${corpora[@]}" >"$findings/log" 2>&1; then
    tail -n 60 "$findings/log"
    echo "fuzz: $target has a finding; again with: build/fuzz/bin/fuzz_$target FILE, one of those in $findings" >&2
    exit 1
  fi
  echo "fuzz: $target passed, $(sed -n 's/^stat::number_of_executed_units: *//p' "$findings/log") inputs in $seconds s"
done
