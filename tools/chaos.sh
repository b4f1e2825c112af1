#!/usr/bin/env bash
# Kills, starves and misleads real processes, on files and on a server of its own, and compares what they did with what their databases
# say. Stops at the first difference; E2E_SEED, which each test prints, repeats it.
# Usage: tools/chaos.sh KILLS        so many kills on each backend, and other trouble in proportion; CHAOS_LOAD_SECONDS=n of load
set -euo pipefail
cd "$(dirname "$0")/.."
export CHAOS_KILLS=${1:?usage: tools/chaos.sh KILLS}
export CLOACINACTL=$PWD/build/dev/bin/cloacinactl CHAOS_PROGRAM=$PWD/build/dev/bin/chaos_program PYTHONDONTWRITEBYTECODE=1
CHAOS_FAULTS=$(find "$PWD/build/dev" -name libcloacina_faults.so -print -quit)
export CHAOS_FAULTS

echo "== files"
python3 tests/chaos/test_kills.py
python3 tests/chaos/test_trouble.py
python3 tests/chaos/test_load.py
echo "== a server"
E2E_BACKEND=postgres python3 tools/pg_server.py run -- python3 tests/chaos/test_kills.py
echo "chaos: nothing was lost and nothing was doubled, $SECONDS s"
