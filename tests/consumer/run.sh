#!/usr/bin/env bash
# Builds and runs the outside project in one of the ways in which users get at the library.
# Usage: run.sh WAY LIBRARY_BUILD_FOLDER WORK_FOLDER
# The way `install` comes first and installs the package; then installed, static, moved, pkgconfig use it; subfolder needs no package.
# Environment: CMAKE, CXX.
set -euo pipefail
way=$1
library_build=$2
work=$3/$1
here=$(cd "$(dirname "$0")" && pwd)
cmake=${CMAKE:-cmake}
unset CMAKE_PREFIX_PATH PKG_CONFIG_PATH LD_LIBRARY_PATH

rm -rf "$work"
mkdir -p "$work"
prefix=$3/install/prefix
options=(-DWAY="$way")
case $way in
  install)
    "$cmake" --install "$library_build" --prefix "$prefix"
    exit 0
    ;;
  installed | static) options+=(-DCMAKE_PREFIX_PATH="$prefix") ;;
  moved)  # the folder may be moved: the libraries find each other from where they lie
    cp -a "$prefix" "$work/elsewhere"
    prefix=$work/elsewhere
    options=(-DWAY=installed -DCMAKE_PREFIX_PATH="$prefix")
    ;;
  pkgconfig) export PKG_CONFIG_PATH; PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name cloacina.pc)") ;;
  subfolder)
    options+=(-DCLOACINA_SOURCE="$(cd "$here/../.." && pwd)" -DCMAKE_CXX_FLAGS=-O0)
    if command -v ccache >/dev/null; then options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
    ;;
  *) echo "run.sh: unknown way '$way'" >&2; exit 2 ;;
esac

"$cmake" -S "$here" -B "$work/build" -G Ninja "${options[@]}"
"$cmake" --build "$work/build" -j 2

# pkg-config sets no run path: what users do then is their own; the folder of the library is enough here.
if [[ $way == pkgconfig ]]; then export LD_LIBRARY_PATH; LD_LIBRARY_PATH=$(pkg-config --variable=libdir cloacina); fi

for program in "$work"/build/consumer "$work"/build/consumer_static; do
  if [[ ! -x $program ]]; then continue; fi
  mkdir "$program.data"
  out=$("$program" "$program.data")
  echo "$out"
  [[ $out == '{"day":"2026-11-23","orders":[30,12],"sum":42}' ]] || { echo "run.sh: that is not the final context" >&2; exit 1; }
done

if [[ $way == static ]] && ldd "$work/build/consumer" | grep -q libcloacina; then
  echo 'run.sh: the static program wants the shared library' >&2
  exit 1
fi
if [[ $way == moved && -x $prefix/bin/cloacinactl ]]; then
  "$prefix/bin/cloacinactl" --version
fi
echo "$way: as expected"
