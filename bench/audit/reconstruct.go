package audit

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
)

// ReconstructRow is what the weights before and after a request for one example show of
// that example.
type ReconstructRow struct {
	Name string `json:"name"`
	// Found is the share of models whose forgotten example is the nearest, by the cosine
	// with what was reconstructed, of all that the model was trained on: one in hundreds by
	// chance.
	Found float64 `json:"found"`
	// Cosine is the mean of that cosine, and Label the share of right labels.
	Cosine float64 `json:"cosine"`
	Label  float64 `json:"label"`
	Models int     `json:"models"`
}

// Reconstruct is the attack of whoever has the weights of a linear classifier before
// and after it forgot one example, and data like those that it was trained on: see
// attacks.ReconstructLinear. Each of the Targets models is asked to forget the first of
// the examples that it would forget in an audit; data like them are the candidates that
// it never saw. Retrained is no protection: it is as open to the attack. Only a linear
// classifier will do, such as nets.Logistic. Shadows are not used.
func Reconstruct(ctx context.Context, cfg Config) ([]ReconstructRow, error) {
	var unfit error
	p, found, err := probeTargets(ctx, cfg, func(p *plan, m *probed) {
		for i := range m.forget.All() {
			m.forget, unfit = data.ForgetPositions(m.train.Len(), []int{i})
			break
		}
	}, func(ctx context.Context, m *probed, w *graph.Tensor) (*ReconstructRow, error) {
		if unfit != nil {
			return nil, unfit
		}
		before, err := m.linearWeights(m.run.Params)
		if err != nil {
			return nil, err
		}
		after, err := m.linearWeights(w)
		if err != nil {
			return nil, err
		}
		public := homogeneous(m.Data.Subset(m.unseen()))
		r, err := attacks.ReconstructLinear(before, after, m.Data.Classes, public)
		if errors.Is(err, attacks.ErrDegenerate) { // nothing has changed
			return &ReconstructRow{}, nil
		}
		if err != nil {
			return nil, err
		}
		return m.nearest(r), nil
	})
	if err != nil {
		return nil, err
	}
	var rows []ReconstructRow
	for _, v := range p.variants() {
		row := ReconstructRow{Name: v, Models: len(found)}
		for _, x := range found {
			n := float64(len(found))
			row.Found += x[v].Found / n
			row.Cosine += x[v].Cosine / n
			row.Label += x[v].Label / n
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// linearWeights returns the weights of a linear classifier with the biases as those of
// one feature more, row-major [classes, features + 1].
func (m *probed) linearWeights(w *graph.Tensor) ([]float64, error) {
	params := m.run.Model.Params()
	k, f := m.Data.Classes, m.Data.Features()
	if len(params) != 2 || params[0].Len() != k*f || params[1].Len() != k {
		return nil, fmt.Errorf("%w: %s is no linear classifier; logistic would do", ErrConfig, m.Arch.Name)
	}
	out := make([]float64, 0, k*(f+1))
	for c := range k {
		for j := range f {
			out = append(out, w.At(params[0].Off+c*f+j))
		}
		out = append(out, w.At(params[1].Off+c))
	}
	return out, nil
}

// homogeneous returns the examples with a feature more, which is 1, row-major.
func homogeneous(ds *data.Dataset) []float64 {
	var out []float64
	for i := range ds.Len() {
		for _, v := range ds.Row(i) {
			out = append(out, float64(v))
		}
		out = append(out, 1)
	}
	return out
}

// nearest compares a reconstruction with what the model was trained on.
func (m *probed) nearest(r *attacks.Reconstruction) *ReconstructRow {
	x, width := homogeneous(m.train), len(r.Direction)
	row := &ReconstructRow{}
	best := math.Inf(-1)
	for i := range m.train.Len() {
		dot, norm := 0.0, 0.0
		for j, v := range x[i*width : (i+1)*width] {
			dot += v * r.Direction[j]
			norm += v * v
		}
		cosine := dot / math.Sqrt(norm)
		if m.forget.Contains(i) {
			row.Cosine = cosine
			if r.Label == int(m.train.Y[i]) {
				row.Label = 1
			}
		}
		if cosine > best {
			best, row.Found = cosine, 0
			if m.forget.Contains(i) {
				row.Found = 1
			}
		}
	}
	return row
}
