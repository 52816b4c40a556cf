#!/bin/sh
# Records test/oracles/x86-vectors.txt on this processor. Needs gcc and a processor with AVX-512 (F, BW, DQ, VL, VBMI2).
# What the processor does not know is left out.
set -e
cd "$(dirname "$0")"
binary=$(mktemp)
trap 'rm -f "$binary"' EXIT
gcc -O1 -o "$binary" x86-vectors.c
{
  echo "# $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), family $(sed -n 's/^cpu family[^:]*: //p' /proc/cpuinfo | head -n 1)"
  npx jiti ../isa/x86-64/vector-forms.ts | "$binary"
} > x86-vectors.txt
