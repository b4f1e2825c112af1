#!/usr/bin/env python3
"""Breaks the engine and the store on purpose, one line at a time, and expects the simulation to find each break.

Usage: mutations.py BUILD_DIR [NAME...]
Each mutation is a file, a text of it, another text in its place, and what that breaks. The file is compiled alone, with the command of
compile_commands.json, and linked in front of the library; then worlds are lived through until one fails.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORLDS = 2_500
RUN_SECONDS_MAX = 60
PROGRAM = "test_simulation"
FILTER = "--gtest_filter=Simulation.EveryInvariantHoldsInFreshWorlds"

# name -> (file below src, old text, new text, what it breaks)
MUTATIONS = {
    "fence-forgotten": ("store/sql/outcomes.cpp", "found.integer(1) != o.fence || ", "",
                        "an outcome of a claim that was lost is taken for one that holds"),
    "fence-of-completion-forgotten": ("store/memory/tasks.cpp", "t->fence == c.integer(1) && ", "",
                                      "a latecomer completes a task that another runs"),
    "lease-not-extended": ("store/sql/recovery.cpp", "use.bind(batch_.runner, now_, now_ + *batch_.renew);",
                           "use.bind(batch_.runner, now_, now_ + *batch_.renew / 4);",
                           "what a runner holds is taken back before its lease ends"),
    "fire-outside-compare-and-swap": ("store/sql/firings.cpp", "result_.schedules[i] != Applied::Yes || depends_on_open(t.concurrency)",
                                      "depends_on_open(t.concurrency)", "who loses the comparison writes into the ledger"),
    "answer-lost-handling-dropped": ("engine/engine.cpp", "pending_[i].outcome = std::move(batch.outcomes[i]);\n",
                                     "pending_[i].outcome = {};\n", "outcomes of a commit that failed are not tried again"),
    "child-one-dependency-early": ("store/advance.cpp", "counted[i].counts.done == all", "counted[i].counts.done >= all - 1",
                                   "a task is decided before its last dependency is terminal"),
    "quarantine-not-counted": ("store/sql/recovery.cpp", "if (crashes >= task.max_crashes) {", "if (crashes > task.max_crashes) {",
                               "a task that kills its runners gets one more"),
    "gate-forgotten": ("store/sql/turn.cpp", "if (e.gate != 0) gates_.insert(e.gate);", "",
                       "the end of an execution lets no other begin"),
    "retry-delay-lost": ("store/sql/outcomes.cpp", "const bool waits = later && retry_at > now_;", "const bool waits = false;",
                         "a retry does not wait"),
    "claimed-twice": ("store/sql/claim.cpp", "chosen.emplace_back(head[from_queue++], true);",
                      "chosen.emplace_back(head[from_queue], true);\n      from_queue += chosen.size() % 2;",
                      "one turn claims a task twice"),
    "running-task-queued": ("store/sql/turn.cpp", "queue(candidates_, State::Ready);",
                            "queue(candidates_, State::Ready);\n  for (auto& c : result_.claimed) session_.use(\"wake_task\").bind("
                            "row_of(c.task), 1).defer();",
                            "what one runner has claimed stays in the queue for others"),
    "drained-not-given-back": ("engine/engine.cpp", "    conclude(std::move(done), flight, now);\n  }\n  in_flight_.clear();",
                               "  }\n  in_flight_.clear();", "a runner that stops keeps what it could not finish"),
    "candidates-forgotten": ("store/sql/turn.cpp", "if (batch_.claim) claim();\n  flush_candidates();", "if (batch_.claim) claim();",
                             "a task that may run and is not claimed at once is in no row"),
    "held-after-resume": ("store/sql/controls.cpp", "if (static_cast<State>(use.integer(1)) != State::Held) continue;",
                          "if (static_cast<State>(use.integer(1)) != State::Held || !use.is_null(9)) continue;",
                          "a retry that was held stays so after the resume"),
    "cancel-leaves-tasks": ("store/sql/controls.cpp", "session_.use(\"cancel_waiting_tasks\").bind(e.key, now_).defer();", "",
                            "a cancelled execution has tasks in the queue"),
    "failure-does-not-reach": ("store/advance.cpp", "ended_.push_back({&e, task, false, counts.failed > 0});",
                               "ended_.push_back({&e, task, false, false});", "an alarm behind a skipped task hears of no failure"),
    "recovery-ignored": ("store/advance.cpp", "if (handled[task] || (first", "if ((first",
                         "a failure that was handled makes the execution Failed"),
    "retry-counts-nothing": ("store/sql/retry.cpp", "counts[t].done += 1;", "", "a retried task never sees its parents done"),
    "stale-context": ("engine/engine_effects.cpp", "items[i]->claimed.retried ? std::nullopt : ", "false ? std::nullopt : ",
                      "a task of a retried execution is given a context from before"),
    "deadline-leaves-tasks": ("store/sql/recovery.cpp", "has passed\";\n    stop_tasks(e);",
                              "has passed\";\n    e.dirty = e.finished_now = true;", "an execution past its deadline goes on"),
    "skips-lost": ("store/sql/firings.cpp", "  skips_before(Timestamp::max());\n", "", "slots are neither fired nor skipped"),
    "last-chance-lost": ("store/sql/claim.cpp", "if (const auto last = last_chance(asked.chances)) chosen.emplace_back(*last, true);", "",
                         "a task on its last chance waits for ever"),
    "wake-too-early": ("store/sql/recovery.cpp", "use.bind(now_, most);", "use.bind(now_ + std::chrono::seconds{3}, most);",
                       "delays end too early"),
    "keys-given-again": ("store/memory/executions.cpp", "find_unique_key(*e.unique_key) != nullptr)) return;\n  e.key = c.db().new_execution_key();",
                         "find_unique_key(*e.unique_key) != nullptr)) return;\n  e.key = Contents::new_key(table);",
                         "a new execution is taken for one that was deleted"),
    "flight-replaced": ("engine/engine_effects.cpp", "in_flight_.insert_or_assign(claimed.claim(), Flight{item});",
                        "std::erase_if(in_flight_, [&](const auto& f) { return f.first.task == claimed.task; });\n"
                        "    in_flight_.insert_or_assign(claimed.claim(), Flight{item});",
                        "a thread whose run was claimed again is watched by nobody"),
}


def compile_command(build: pathlib.Path, source: pathlib.Path) -> list[str]:
    """How the build compiles `source`; without the cache, whose key would be the original's."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if pathlib.Path(entry["file"]) == source:
            command = shlex.split(entry["command"])
            return command[1:] if "ccache" in command[0] else command
    raise SystemExit(f"compile_commands.json has no {source}")


def link_command(build: pathlib.Path) -> list[str]:
    """How the build links the program."""
    lines = subprocess.run(["ninja", "-C", build, "-t", "commands", f"bin/{PROGRAM}"], check=True, capture_output=True, text=True).stdout
    for line in reversed(lines.splitlines()):
        if f"-o bin/{PROGRAM} " in line:
            found = re.search(rf"\S*(?:c\+\+|g\+\+|clang\+\+)\S* .*?-o bin/{PROGRAM} .*?(?= && |$)", line)
            return shlex.split(found[0])
    raise SystemExit(f"ninja does not say how it links {PROGRAM}")


def mutate(build: pathlib.Path, name: str) -> tuple[bool, str]:
    """Whether the break was found, and a line about it."""
    file, old, new, breaks = MUTATIONS[name]
    source = ROOT / "src" / file
    text = source.read_text()
    if text.count(old) != 1:
        return False, f"{name}: {file} has the text {old!r} {text.count(old)} times; the mutation has to be mended"
    work = build / "mutations" / name
    work.mkdir(parents=True, exist_ok=True)
    mutant = work / source.name
    mutant.write_text(text.replace(old, new))
    compile_ = compile_command(build, source)
    compile_[compile_.index("-o") + 1] = str(work / "mutant.o")
    compile_[compile_.index("-c") + 1] = str(mutant)
    for flag in ("-MF", "-MT"):
        if flag in compile_:
            compile_[compile_.index(flag) + 1] = str(work / "mutant.d")
    done = subprocess.run([*compile_, "-Wno-error"], cwd=build, capture_output=True, text=True)
    if done.returncode != 0:
        return False, f"{name}: does not compile:\n{done.stderr}"
    link = link_command(build)
    at = link.index("-o")
    link[at + 1] = str(work / PROGRAM)
    subprocess.run([*link[:at], str(work / "mutant.o"), *link[at:]], cwd=build, check=True)
    start = time.monotonic()
    environment = {**os.environ, "CLOACINA_TEST_SEED": "1", "CLOACINA_SIMULATION_WORLDS": str(WORLDS),
                   "CLOACINA_SIMULATION_BRIEF": "1"}
    try:
        done = subprocess.run([work / PROGRAM, FILTER], cwd=work, env=environment, capture_output=True, text=True, timeout=RUN_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        return False, f"{name}: not found within {RUN_SECONDS_MAX} s: {breaks}"
    took = time.monotonic() - start
    (work / "output").write_text(done.stdout + done.stderr)
    if done.returncode == 0:
        return False, f"{name}: nobody notices that {breaks}"
    found = re.search(r"\((\S+)\)\nBut: (.*)", done.stdout)
    by = f"{found[1]}: {found[2]}" if found else f"exit status {done.returncode}"
    return True, f"{name}: found after {took:.1f} s ({by[:160]})"


def main() -> int:
    build = pathlib.Path(sys.argv[1]).resolve()
    names = sys.argv[2:] or list(MUTATIONS)
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for good, line in pool.map(lambda name: mutate(build, name), names):
            print(line, flush=True)
            bad += 0 if good else 1
    print(f"{len(names)} mutations, {bad} not found")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
