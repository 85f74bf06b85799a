#!/bin/bash
# What is to be seen on a machine with a GPU: bash tests/gpu.sh FOLDER STEP..., of these steps:
#
# proof   the ladder on the processor and on the GPU, side by side: a proof is not timed
# doctor  probes of clock, memory, and the wait for the device
# sweep   PyTorch's samples per second over batch sizes, on both devices
# run     trainings on both devices by the short recipes, one at a time
#
# All is written into FOLDER; the same command goes on with what is there. LIMIT_S, of each step
# (240), ends it: it keeps what it has. BACKENDS, PROBLEMS and SEEDS say of what.
set -u
out=$1
shift
export XDG_CACHE_HOME=$out/cache PYTHONUNBUFFERED=1
backends=${BACKENDS:-pytorch keras-jax keras-torch}
both="--device cpu gpu --seeds ${SEEDS:-3}"

diptych() {
    local name=$1 began=$SECONDS
    shift
    timeout --signal INT --kill-after 10 "${LIMIT_S:-240}" python3 -m compare "$@" \
        > "$out/$name.txt" 2>&1
    echo "status $? after $((SECONDS - began)) s: $*" | tee -a "$out/steps.txt"
}

proof() {
    diptych proof check --backends $backends &
    diptych proof_gpu check --device gpu --backends $backends --out "$out/check" &
    wait
}
doctor() { diptych doctor doctor --device gpu --verbose; }
sweep() {
    diptych sweep sweep cumsum --batch-size 16 64 256 1024 4096 --backends pytorch $both \
        --out "$out/sweep"
}
run() { diptych run run ${PROBLEMS:-} --quick --backends $backends $both --out "$out/run"; }

mkdir -p "$out"
nvidia-smi > "$out/nvidia-smi.txt" 2>&1
for step in "$@"; do "$step"; done
