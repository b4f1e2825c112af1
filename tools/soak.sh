#!/usr/bin/env bash
# Runs what is too much for every day. First, once, the tests of schedules as a whole: every zone, every transition, every policy, and
# many random lives (an hour or two on two cores), twenty times the usual trouble between runners and their server, CHAOS_KILLS (10,000)
# kills on each backend, and an hour of load at a thousand executions a second. Then the tests that draw random numbers, again and again with new seeds, for SECONDS.
# Stops at the first failure and prints its seed.
# Usage: tools/soak.sh SECONDS          CLOACINA_TEST_SEED=n tools/soak.sh 1   repeats one round of the second part only
set -euo pipefail
cd "$(dirname "$0")/.."
length=${1:?usage: tools/soak.sh SECONDS}

new_seed() { echo $((RANDOM << 15 | RANDOM)); }
# round SEED LABELS WHAT
round() {
  if ! CLOACINA_TEST_SEED=$1 RC_PARAMS="seed=$1" ctest --preset dev -L "^($2)\$" >build/soak.log 2>&1; then
    cat build/soak.log
    echo "soak: $3 failed; again with: $4" >&2
    exit 1
  fi
}

# whole PROGRAM: without ctest, whose limit of minutes for a test is for every day.
whole() {
  local jobs pids=() job
  jobs=$(nproc)
  for ((job = 0; job < jobs; ++job)); do
    GTEST_TOTAL_SHARDS=$jobs GTEST_SHARD_INDEX=$job CLOACINA_SOAK=1 CLOACINA_TEST_SEED=$seed \
      python3 tools/pg_server.py run -- "build/dev/bin/$1" --gtest_brief=1 >"build/soak.$job.log" 2>&1 &
    pids+=($!)
  done
  for ((job = 0; job < jobs; ++job)); do
    if ! wait "${pids[job]}"; then
      cat "build/soak.$job.log"
      echo "soak: $1 failed; again with: CLOACINA_SOAK=1 CLOACINA_TEST_SEED=$seed build/dev/bin/$1" >&2
      exit 1
    fi
  done
}

if [[ -z ${CLOACINA_TEST_SEED:-} ]]; then
  seed=$(new_seed)
  whole test_cron
  whole test_engine
  E2E_FLEET_ROUNDS=${E2E_FLEET_ROUNDS:-80} CLOACINACTL=$PWD/build/dev/bin/cloacinactl python3 tests/e2e/test_fleet.py
  CHAOS_LOAD_SECONDS=${CHAOS_LOAD_SECONDS:-3600} CHAOS_LOAD_PER_SECOND=${CHAOS_LOAD_PER_SECOND:-1000} tools/chaos.sh "${CHAOS_KILLS:-10000}"
  echo "soak: every zone, transition and policy passed with seed $seed, $SECONDS s"
fi

SECONDS=0
rounds=0
while ((rounds == 0 || SECONDS < length)); do
  seed=${CLOACINA_TEST_SEED:-$(new_seed)}
  round "$seed" 'unit|cron|engine|simulation|e2e' "round $((rounds + 1))" "CLOACINA_TEST_SEED=$seed tools/soak.sh 1"
  rounds=$((rounds + 1))
  echo "soak: round $rounds passed with seed $seed, $SECONDS s"
done
