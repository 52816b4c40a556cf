#!/bin/sh
# Measures the operators on this machine's processor (x86-64 with BMI, ADX, LZCNT; gcc) and writes test/oracles/x86-operators.txt.
# Usage: test/oracles/x86-operators.sh [SEED] [CASES-OF-EACH] [OUT]
set -eu
here=$(dirname "$0")
seed=${1:-2024}
cases=${2:-12}
out=${3:-$here/x86-operators.txt}
program=$(mktemp)
trap 'rm -f "$program"' EXIT
gcc -O1 -mno-red-zone -Wall -Wextra -o "$program" "$here/x86-operators.c"
{
  echo "# $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), family $(sed -n 's/^cpu family[^:]*: //p' /proc/cpuinfo | head -n 1)," \
    "model $(sed -n 's/^model\t[^:]*: //p' /proc/cpuinfo | head -n 1); x86-operators.c, seed $seed, $cases cases of each"
  "$program" "$seed" "$cases"
} > "$out"
