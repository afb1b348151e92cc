//go:build libtorch

package libtorch

import (
	"os"
	"testing"
)

// TestMain runs on one thread, unless the environment says otherwise: the
// tensors are small, and OpenMP's threads wait for each other by spinning,
// which on cores that others use as well takes a hundred times longer.
func TestMain(m *testing.M) {
	if os.Getenv("OMP_NUM_THREADS") == "" {
		SetThreads(1)
	}
	os.Exit(m.Run())
}
