#!/bin/bash
# Submits an array and the job that writes its results when all tasks are done:
#
#     bench/sbatch/report.sh 32 experiment.json
#
# Options of sbatch for the tasks, such as --partition=gpu, go into SBATCH_OPTIONS.
set -euo pipefail
tasks=$1
shift
here=$(dirname "$0")
# shellcheck disable=SC2086 # several options
array=$(sbatch --parsable --array="1-$tasks" ${SBATCH_OPTIONS:-} "$here/array.sh" "$@")
array=${array%%;*} # a cluster's name may follow
sbatch --dependency="afterok:$array" --kill-on-invalid-dep=yes --job-name=report --output="sweep-$array-report.log" \
	--wrap "${SWEEP:-./sweep} $(printf '%q ' "$@") -collect"
