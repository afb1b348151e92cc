#!/bin/bash
# A Slurm array that runs an experiment; docs/cluster.md says how to use and change
# it. Submit it with as many tasks as you want parts:
#
#     sbatch --array=1-32 bench/sbatch/array.sh experiment.json
#
# Every task does its part and skips what is there, so that the same command does the
# rest after a time limit, a failed node or a cancelled job.
#SBATCH --job-name=sweep
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=2
#SBATCH --mem=4G
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --signal=TERM@60
#SBATCH --open-mode=append
#SBATCH --output=sweep-%A_%a.log

# The program, built once where all nodes see it: CGO_ENABLED=0 go build ./bench/sweep
sweep=${SWEEP:-./sweep}

# Lines of the log say how far the part is.
# Since Slurm 22.05 a step has one core unless it asks for its own.
cores=${SLURM_CPUS_PER_TASK:-1}
GOMAXPROCS=$cores srun --cpus-per-task="$cores" "$sweep" "$@"
status=$?
# 3 says that all is done, but a method could not run somewhere, which its rows say
# too: no reason for the report to wait for.
[ $status = 3 ] && status=0
exit $status
