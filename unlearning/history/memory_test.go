package history_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// heap is a hook that looks at the memory in use now and then.
type heap struct{ most uint64 }

func (h *heap) OnStart(nets.Start) error { return nil }
func (h *heap) OnEnd(*nets.Run) error    { return nil }

func (h *heap) OnStep(s nets.Step) error {
	if s.T%20 == 0 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		h.most = max(h.most, m.HeapAlloc)
	}
	return nil
}

// TestRecordingMemory: a record of half a gigabyte takes no more memory while it is
// written than the segments on their way to the disk.
func TestRecordingMemory(t *testing.T) {
	if os.Getenv("MINIUNLEARN_LONG") == "" {
		t.Skip("writes 500 MB; set MINIUNLEARN_LONG=1")
	}
	ds, most := noise(800), &heap{}
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	_, rec, err := history.Train(t.Context(), filepath.Join(t.TempDir(), "run"), history.All(), nets.MLP(784, 200, 10), ds, nets.Config{
		Epochs: 8, Batch: 8, Hooks: []nets.Hook{most},
	})
	require.NoError(t, err)
	require.Greater(t, rec.Bytes(), int64(500<<20))
	require.Less(t, most.most-before.HeapAlloc, uint64(200<<20))
	t.Logf("%d MB recorded, at most %d MB in memory", rec.Bytes()>>20, (most.most-before.HeapAlloc)>>20)
}
