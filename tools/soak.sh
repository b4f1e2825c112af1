#!/usr/bin/env bash
# Runs the tests that draw random numbers again and again with new seeds, for SECONDS; stops at the first failure and prints its seed.
# Usage: tools/soak.sh SECONDS          CLOACINA_TEST_SEED=n tools/soak.sh 1   repeats one round
set -euo pipefail
cd "$(dirname "$0")/.."
length=${1:?usage: tools/soak.sh SECONDS}

rounds=0
while ((rounds == 0 || SECONDS < length)); do
  seed=${CLOACINA_TEST_SEED:-$((RANDOM << 15 | RANDOM))}
  if ! CLOACINA_TEST_SEED=$seed RC_PARAMS="seed=$seed" ctest --preset dev -L '^(unit|cron|engine|simulation|e2e)$' \
      >build/soak.log 2>&1; then
    cat build/soak.log
    echo "soak: round $((rounds + 1)) failed; again with: CLOACINA_TEST_SEED=$seed tools/soak.sh 1" >&2
    exit 1
  fi
  rounds=$((rounds + 1))
  echo "soak: round $rounds passed with seed $seed, $SECONDS s"
done
