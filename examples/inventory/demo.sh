#!/usr/bin/env bash
# Runs the inventory, kills its runner in the middle, starts it again, and checks that everything was recorded once. Then does the same to a
# schedule.
# Environment: CLOACINACTL (default: what `make build` built), DEMO_FOLDER (default: build/demo of this project).
# Ends with 0 only if all of it is as promised.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(cd "$here/../.." && pwd)
ctl=${CLOACINACTL:-$project/build/release/bin/cloacinactl}
folder=${DEMO_FOLDER:-$project/build/demo}
near() { printf '%s' "${1#"$PWD/"}"; }  # as somebody who stands here would type it
export PYTHONDONTWRITEBYTECODE=1

bold='' dim='' plain=''
if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
  bold=$'\033[1m' dim=$'\033[2m' plain=$'\033[0m'
fi
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
type_in() { printf '%s$ cloacinactl %s%s\n' "$dim" "$*" "$plain"; }
fail() { printf 'demo: %s\n' "$*" >&2; exit 1; }

[[ -x $ctl ]] || fail "there is no $ctl; run 'make build' first, or say where it is with CLOACINACTL"
runner=''
log=''
finish() {
  local status=$?
  if [[ -n $runner ]] && kill -0 "$runner" 2> /dev/null; then
    kill -TERM "$runner"
    wait "$runner" || true
  fi
  if ((status != 0)) && [[ -s $log ]]; then printf 'demo: the runner said:\n' >&2; tail -n 20 "$log" >&2; fi
}
trap finish EXIT
trap 'exit 130' INT TERM

rm -rf "$folder"
mkdir -p "$folder/results"
export CLOACINA_DATABASE="sqlite:$folder/demo.db"
log=$folder/serve.log

serve() {
  rm -f "$folder/serve.out"
  "$ctl" serve "$@" > "$folder/serve.out" 2>> "$log" &
  runner=$!
  # `ready` on a line of its own: it accepts work.
  for ((i = 0; i < 200; i++)); do
    if grep -qsx ready "$folder/serve.out"; then return; fi
    kill -0 "$runner" 2> /dev/null || fail "the runner ended before it was ready"
    sleep 0.05
  done
  fail "the runner was not ready within ten seconds"
}
watch() { python3 "$here/watch.py" "$ctl" "$id" "$@"; }

say "1. A runner starts on a new database, $(basename "$folder")/demo.db"
type_in "serve inventory.yaml --workers 3"
serve "$here/inventory.yaml" --workers 3
printf 'ready (process %s)\n' "$runner"

say "2. An execution is submitted; it is in the database before the command returns"
input=$(python3 -c 'import json, sys; print(json.dumps({"out": sys.argv[1]}))' "$folder/results")
type_in "submit inventory --input '{\"out\": \"…\"}'"
id=$("$ctl" submit inventory --input "$input")
printf '%s\n\n' "$id"
watch --until-completed 7 || fail "the execution did not get that far"

say "3. The runner is killed with -9, in the middle of its work"
kill -9 "$runner"
wait "$runner" 2> /dev/null || true
runner=''
printf 'The database says:\n'
type_in "show $id"
"$ctl" show "$id" | sed '/^context$/,$d'  # without the context, which is long
type_in "runners"
"$ctl" runners
"$ctl" show "$id" --json > "$folder/killed.json"

say "4. Started again, it takes the work back at once and goes on"
type_in "serve inventory.yaml --workers 3"
serve "$here/inventory.yaml" --workers 3
printf 'ready (process %s)\n\n' "$runner"
watch || fail "the execution did not complete"
"$ctl" show "$id" --json > "$folder/finished.json"

say "5. What was recorded"
python3 "$here/verify.py" "$folder/killed.json" "$folder/finished.json" "$folder/results" || fail "not all is as promised"

say "6. The graph, with what each task took"
type_in "graph $id"
"$ctl" graph "$id"

say "7. The report begins like this"
sed -n '1,/ in all/p' "$folder/results/report.txt"

fired() { "$ctl" schedule history pulse --outcome fired --json | wc -l; }
until_fired() {
  for ((i = 0; i < 300; i++)); do
    if (($(fired) >= $1)); then return; fi
    sleep 0.05
  done
  fail "the schedule did not fire"
}

say "8. A schedule: every two seconds, what this machine is doing"
kill -TERM "$runner"
wait "$runner" || fail "the runner did not end well"
runner=''
type_in "serve pulse.yaml"
serve "$here/pulse.yaml"
printf 'ready (process %s)\n' "$runner"
type_in "schedule list"
"$ctl" schedule list
until_fired 2

say "9. The runner is killed with -9; five slots pass with nobody there"
kill -9 "$runner"
wait "$runner" 2> /dev/null || true
runner=''
sleep 11
type_in "serve pulse.yaml"
serve "$here/pulse.yaml"
printf 'ready (process %s)\n' "$runner"
until_fired 8
type_in "schedule history pulse"
"$ctl" schedule history pulse
"$ctl" schedule history pulse --json | python3 "$here/ledger.py" 2 5 || fail "the ledger is not complete"
last=$("$ctl" schedule history pulse --json --limit 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["execution"])')
"$ctl" wait "$last" > /dev/null
type_in "logs $last"
"$ctl" logs "$last"

cat << END

${bold}All of it${plain}
  $(near "$folder")/results/report.txt
  $(near "$folder")/results/report.html    to look at in a browser
  $(near "$folder")/demo.db                the whole history

${bold}What to try next${plain}
  ${dim}# what a task printed, also in the attempt that failed${plain}
  export CLOACINA_DATABASE=sqlite:$(near "$folder")/demo.db
  $(near "$ctl") logs $id settled
  ${dim}# run one task again, and all that follows from it, in the same execution${plain}
  $(near "$ctl") retry $id --from kinds
  $(near "$ctl") run $(near "$here")/inventory.yaml
  ${dim}# what is due, and every field of a schedule${plain}
  $(near "$ctl") schedule calendar --days 1
  $(near "$ctl") schedule get pulse
  ${dim}# docs/tutorial-command.md: a workflow file of your own; docs/tutorial-cpp.md: a program${plain}
END
