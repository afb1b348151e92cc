package contraction

import (
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
)

// probe is a step whose disturbance is computed.
type probe struct {
	pt             Point
	retain, forget []int         // the parts of the batch
	delta          *graph.Tensor // is set to δ_t
	g              *graph.Tensor // is set to g_t, or in a gap to what stands for it
	err            error
}

// worker is what one goroutine computes disturbances with.
type worker struct {
	system    *System // with the goroutine's model
	buf, mean *graph.Tensor
}

func newWorker(s *System) *worker { return &worker{s, s.Model.NewVector(), s.Model.NewVector()} }

// newWorkers returns one for each worker of the engine.
func newWorkers(s *System) []*worker {
	var workers []*worker
	for _, m := range s.Model.Crew() {
		own := *s
		own.Model = m
		workers = append(workers, newWorker(&own))
	}
	return workers
}

// compute finds δ_t from the smaller side of the batch. In a gap of the record
// g_t is not known, and the mean gradient of all data stands for that of the
// larger side; p.g then lasts until the next call.
func (w *worker) compute(p *probe) {
	m, c := float64(len(p.forget)), float64(len(p.retain))
	less, share := p.forget, m/(m+c)
	if m > c {
		less, share = p.retain, c/(m+c)
	}
	if p.err = w.system.Gradient(p.pt, p.pt.W, less, w.buf); p.err != nil {
		return
	}
	if p.g = p.pt.G; p.g == nil {
		p.g = w.mean
		vector.Combine(p.g, share, w.buf, 1-share, p.pt.Drift)
	}
	if m <= c {
		vector.Combine(p.delta, m/c, w.buf, -m/c, p.g)
	} else {
		vector.Combine(p.delta, 1, p.g, -1, w.buf)
	}
}
