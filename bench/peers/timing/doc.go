// Package timing is what the programs of the speed tables have in common: the
// networks, the way a run is timed and the [Row] that a measurement becomes.
package timing
