#!/bin/bash
# What is to be seen on a machine with a GPU: bash tests/gpu.sh FOLDER SEEDS [OPTION OF RUN...]
#
# Two proofs, on the processor and on the GPU, side by side: a proof is not timed. Then the doctor,
# then trainings on both devices, one at a time. All is written into FOLDER; the same command goes
# on with what is there. LIMIT_S ends each step (240); a run that is ended keeps what it has.
set -u
export XDG_CACHE_HOME=$1/cache PYTHONUNBUFFERED=1
out=$1 seeds=$2
shift 2
backends=${BACKENDS:-pytorch keras-jax keras-torch}
limit=${LIMIT_S:-240}

step() {
    local name=$1 began=$SECONDS
    shift
    timeout --signal INT --kill-after 10 "$limit" python3 -m compare "$@" > "$out/$name.txt" 2>&1
    echo "status $? after $((SECONDS - began)) s: $*" | tee -a "$out/steps.txt"
}

mkdir -p "$out"
nvidia-smi > "$out/nvidia-smi.txt" 2>&1
step proof_cpu check --backends $backends &
step proof_gpu check --device gpu --backends $backends --out "$out/check" &
wait
step doctor doctor --device gpu --verbose
step run run --backends $backends --device cpu gpu --seeds "$seeds" --out "$out/run" "$@"
