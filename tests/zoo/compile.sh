#!/usr/bin/env bash
# Writes the PTX of every kernel here anew: good.ptx, and NAME.ptx with NAME defined for each [bad.NAME] of expect.toml.
# Needs nvcc on PATH. The PTX is committed, so that tests need no compiler.
set -eu -o pipefail
cd "$(dirname "$0")/kernels"
for folder in */; do
    cd "$folder"
    variants=$(sed -n 's/^\[bad\.\(.*\)\]$/\1/p' expect.toml)
    for variant in good $variants; do
        definition=$(tr 'a-z-' 'A-Z_' <<<"$variant")
        # 177: a function that this variant does not call.
        nvcc -std=c++17 -arch=sm_90 -lineinfo -ptx -diag-suppress=177 -D"$definition" kernel.cu -o "$variant.ptx"
        # The compiler writes where the sources lie on this machine, and strings for debuggers that nothing here reads.
        sed -i -E 's|(\.file[[:space:]]+[0-9]+ )".*/([^/"]+)"|\1"\2"|; /^\t\.section/,/^\t\}/d; $a\' "$variant.ptx"
    done
    cd ..
done
