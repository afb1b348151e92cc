//go:build libtorch

package libtorch

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/sugarme/gotch/libtch"

	"github.com/miniunlearn/miniunlearn/graph"
)

func init() {
	graph.Register("libtorch", func(device string) (graph.Engine, error) { return New(device) })
}

// Engine runs graphs on libtorch. Programs may run in parallel.
type Engine struct {
	device string // "cpu" or "cuda:N"
	dev    int32  // libtch's number: -1 or N
	name   string
	// resident keeps results in libtorch's memory, as on CUDA. Tests set it to
	// take that way on the CPU.
	resident bool
	sent     atomic.Int64 // numbers that went from the host to the device, for tests
}

// setup is done once, before the first call of libtorch.
var setup = sync.OnceFunc(func() {
	// cuBLAS adds up in a fixed order only with a workspace of fixed size, and
	// reads this when it starts.
	if os.Getenv("CUBLAS_WORKSPACE_CONFIG") == "" {
		os.Setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
	}
	configure()
})

// New returns an engine on a device: "" or "cpu", "cuda" for the first CUDA
// device, or "cuda:N". A device that is not there is an error.
func New(device string) (*Engine, error) {
	setup()
	dev, err := deviceNumber(device)
	if err != nil {
		return nil, fmt.Errorf("libtorch: %w", err)
	}
	e := &Engine{device: "cpu", dev: dev}
	if dev >= 0 {
		e.device, e.resident = fmt.Sprintf("cuda:%d", dev), true
		e.name = fmt.Sprintf("libtorch/%s-%s-%s", version(), e.device, gpuModel())
		return e, nil
	}
	keepMemory()
	err = onThread(func() error {
		e.name = fmt.Sprintf("libtorch/%s-cpu-%s-threads%d", version(), strings.ToLower(strings.ReplaceAll(cpuName(), " ", "")), threads())
		return nil
	})
	return e, err
}

// deviceNumber reads a device's name.
func deviceNumber(device string) (int32, error) {
	if device == "" || device == "cpu" {
		return -1, nil
	}
	kind, number, numbered := strings.Cut(device, ":")
	n, err := strconv.ParseUint(number, 10, 8)
	if kind != "cuda" || numbered && err != nil {
		return 0, fmt.Errorf("unknown device %q; write cpu, cuda or cuda:N", device)
	}
	count := 0
	if err := onThread(func() error {
		if libtch.AtcCudaIsAvailable() {
			count = int(libtch.AtcCudaDeviceCount())
		}
		return lastError()
	}); err != nil {
		return 0, fmt.Errorf("device %q: %w", device, err)
	}
	if count == 0 {
		return 0, fmt.Errorf(`device %q: this libtorch finds no CUDA device; on a machine with an NVIDIA driver install the CUDA libraries by "go run github.com/miniunlearn/miniunlearn/graph/libtorch/setup -cuda" and build again, or use the device cpu`, device)
	}
	if int(n) >= count {
		return 0, fmt.Errorf("device %q: there are %d CUDA devices, cuda:0 to cuda:%d; CUDA_VISIBLE_DEVICES hides others", device, count, count-1)
	}
	return int32(n), nil
}

// Name implements graph.Engine. It says all that results depend on: the
// release, the device, and on the CPU the instructions and number of threads.
func (e *Engine) Name() string { return e.name }

// Device returns "cpu" or "cuda:N".
func (e *Engine) Device() string { return e.device }

// Resident implements graph.Resident: on the CPU programs use the host's memory.
func (e *Engine) Resident() bool { return e.resident }

// Sharing implements graph.Sharer. Programs free every value as they run, and
// hold none between runs.
func (e *Engine) Sharing() graph.Engine { return e }

var wantThreads atomic.Int32

// SetThreads sets the number of threads of an op on the CPU, as the
// environment variable OMP_NUM_THREADS does. It must be called before the
// first engine is made.
func SetThreads(n int) { wantThreads.Store(int32(n)) }
