package unlearning

import "github.com/miniunlearn/miniunlearn/graph"

// probe is a step whose disturbance is computed.
type probe struct {
	pt         point
	kept, gone []int         // the parts of the batch
	delta      *graph.Tensor // is set to δ_t
	g          *graph.Tensor // is set to g_t, or in a gap to what stands for it
	err        error
}

// desk is what one goroutine computes disturbances with.
type desk struct {
	q         *request // with the goroutine's model
	buf, mean *graph.Tensor
}

func newDesk(q *request) *desk { return &desk{q, q.model.NewVector(), q.model.NewVector()} }

// newDesks returns a desk for each goroutine that the engine has workers for.
func newDesks(q *request) []*desk {
	var desks []*desk
	for _, m := range q.model.Crew() {
		own := *q
		own.model = m
		desks = append(desks, newDesk(&own))
	}
	return desks
}

// compute finds δ_t from the smaller side of the batch. In a gap of the record
// g_t is not known, and the mean gradient of all data stands for that of the
// larger side; p.g then lasts until the next call.
func (d *desk) compute(p *probe) {
	m, c := float64(len(p.gone)), float64(len(p.kept))
	less, share := p.gone, m/(m+c)
	if m > c {
		less, share = p.kept, c/(m+c)
	}
	if p.err = d.q.gradient(p.pt, p.pt.w, less, d.buf); p.err != nil {
		return
	}
	if p.g = p.pt.g; p.g == nil {
		p.g = d.mean
		combine(p.g, share, d.buf, 1-share, p.pt.drift)
	}
	if m <= c {
		combine(p.delta, m/c, d.buf, -m/c, p.g)
	} else {
		combine(p.delta, 1, p.g, -1, d.buf)
	}
}
