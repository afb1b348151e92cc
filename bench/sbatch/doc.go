// Package sbatch holds scripts that run experiments on clusters; docs/cluster.md says
// how. Its test starts a Slurm.
package sbatch
