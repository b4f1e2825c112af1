#!/usr/bin/env bash
# Checks that the C++ sources are formatted as .clang-format says; with --apply formats them.
set -euo pipefail
cd "$(dirname "$0")/.."

program=''
for name in clang-format-16 clang-format; do
  if command -v "$name" >/dev/null; then program=$name; break; fi
done
if [[ -z $program ]]; then echo 'check_format.sh: clang-format-16 is missing; tools/deps.sh test installs it' >&2; exit 1; fi

mapfile -t files < <(PYTHONPATH=tools python3 -c '
import project_files
print("\n".join(p for p in project_files.project_files() if p.endswith((".hpp", ".cpp"))))')

if [[ ${1:-} == --apply ]]; then
  "$program" -i "${files[@]}"
else
  "$program" --dry-run --Werror "${files[@]}"
  echo "format: ${#files[@]} files in order"
fi
