package timing

import (
	"slices"
	"time"
)

// Row is one measurement; rows are the same if they agree in What, Net, Batch,
// Threads and ISA. What is "step", "grad", "hvp", "gemm" (Net is then the case,
// NN to TT, and Batch the side of the square matrices), or one of "many",
// "many-one-worker" and "one-by-one" (the time is then that of all models).
type Row struct {
	What     string  `json:"what"`
	Net      string  `json:"net"`
	Batch    int     `json:"batch"`
	Threads  int     `json:"threads"`
	ISA      string  `json:"isa"` // the limit asked for: avx2 or native
	MedianMS float64 `json:"median_ms"`
	MinMS    float64 `json:"min_ms"`
	PerS     float64 `json:"examples_per_s,omitempty"`
	Steps    int     `json:"steps"`
	Peer     string  `json:"peer"`
	Kernels  string  `json:"kernels,omitempty"`         // what the peer then chose
	Allocs   float64 `json:"allocs_per_step,omitempty"` // heap objects
}

// Plan says how often to repeat: a fixed number of Steps, or, if that is 0, as
// often as fits into Seconds, but 3 times at least and 1000 at most.
type Plan struct {
	Steps   int
	Seconds float64
}

// Measure times f after a warm-up of three runs, or of one if that takes half
// of the plan's time. The row's What, Net, … remain to be filled in. examples is
// what one run works through.
func (p Plan) Measure(examples int, f func() error) (Row, error) {
	r, err := p.Turns(examples, f)
	if err != nil {
		return Row{}, err
	}
	return r[0], nil
}

// Turns times several functions by turns, each as Measure would, so that what
// disturbs one disturbs the others as much.
func (p Plan) Turns(examples int, fs ...func() error) ([]Row, error) {
	ms := make([][]float64, len(fs))
	once := func() (total float64, err error) {
		for i, f := range fs {
			before := time.Now()
			if err := f(); err != nil {
				return 0, err
			}
			took := time.Since(before).Seconds()
			ms[i] = append(ms[i], 1e3*took)
			total += took
		}
		return total, nil
	}
	seconds := p.Seconds * float64(len(fs))
	start := time.Now()
	var one float64
	for i := 0; i < 3 && (i == 0 || time.Since(start).Seconds() < seconds/2); i++ {
		var err error
		if one, err = once(); err != nil {
			return nil, err
		}
	}
	steps := p.Steps
	if steps == 0 {
		steps = int(min(1000, max(3, seconds/one)))
	}
	for i := range ms {
		ms[i] = make([]float64, 0, steps)
	}
	for range steps {
		if _, err := once(); err != nil {
			return nil, err
		}
	}
	rows := make([]Row, len(fs))
	for i := range rows {
		median := Median(ms[i])
		rows[i] = Row{MedianMS: median, MinMS: slices.Min(ms[i]), PerS: float64(examples) / median * 1e3, Steps: steps}
	}
	return rows, nil
}

// Median returns the median of x, the mean of the middle two for an even
// number; x must not be empty and stays as it is.
func Median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	n := len(s)
	return (s[(n-1)/2] + s[n/2]) / 2
}
