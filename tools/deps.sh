#!/usr/bin/env bash
# Installs the Debian packages that are missing. Usage: tools/deps.sh GROUP...   (groups: build, test; default: both)
# Asks nothing, needs no network when all is there.
set -euo pipefail

build=(g++ cmake ninja-build ccache pkg-config git make python3 libsqlite3-dev libpq-dev nlohmann-json3-dev
       libspdlog-dev libyaml-cpp-dev libcli11-dev libsodium-dev tzdata)
test=(libgtest-dev libgmock-dev librapidcheck-dev clang-16 clang-format-16 libclang-rt-16-dev
      postgresql-15 pgbouncer faketime)

wanted=()
for group in "${@:-all}"; do
  case $group in
    build) wanted+=("${build[@]}") ;;
    test) wanted+=("${test[@]}") ;;
    all) wanted+=("${build[@]}" "${test[@]}") ;;
    *) echo "deps.sh: unknown group '$group'; there are: build, test" >&2; exit 2 ;;
  esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "deps.sh: this is no Debian; please install what corresponds to: ${wanted[*]}" >&2
  exit 0
fi

declare -A there=()
while IFS=$'\t' read -r name status; do
  if [[ $status == 'install ok installed' ]]; then there[$name]=1; fi
done < <(dpkg-query -W -f='${Package}\t${Status}\n' "${wanted[@]}" 2>/dev/null || true)

missing=()
for package in "${wanted[@]}"; do
  if [[ -z ${there[$package]:-} ]]; then missing+=("$package"); fi
done
if ((${#missing[@]} == 0)); then exit 0; fi

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    printf 'deps.sh: these packages are missing, and this is neither root nor is there sudo. As root, run:\n  apt-get install %s\n' \
      "${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "Installing ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0)
"${apt[@]}" update || echo 'deps.sh: the package lists could not be renewed; trying with those at hand' >&2
"${apt[@]}" install -y --no-install-recommends "${missing[@]}"
