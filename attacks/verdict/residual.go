package verdict

import (
	"math"
	"slices"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// residuals are the logit gaps of one query in the slots of strata, as deviations
// from what models answer that do not retain the example: less the example's mean
// and the model's own, in standard deviations of the example. Nothing in them knows
// which slots are forgotten.
type residuals struct {
	raw    []float64 // deviations, unscaled
	scaled []float64 // clamped, of mean 0 in each stratum
	mean   []float64 // of each stratum
	model  []float64 // of each model
	sd     []float64 // of each audited example
}

// most is how many standard deviations a single answer may count.
const most = 4

func (l *layout) newResiduals(s *strata, a *Answers, q int) *residuals {
	return l.residualsOf(s, l.gaps(s, a, q))
}

// gaps returns the logit gap of each slot.
func (l *layout) gaps(s *strata, a *Answers, q int) []float64 {
	x := make([]float64, len(s.model))
	for k, i := range s.audited {
		e := l.audited[i]
		for j := s.start[k]; j < s.start[k+1]; j++ {
			x[j] = gap(l.row(a, q, int(s.model[j]), e), l.Labels[e])
		}
	}
	return x
}

// residualsOf changes gaps into their raw residuals.
func (l *layout) residualsOf(s *strata, gaps []float64) *residuals {
	r := &residuals{
		raw: gaps, scaled: make([]float64, len(s.model)),
		mean: make([]float64, s.len()), model: make([]float64, l.models), sd: make([]float64, len(l.audited)),
	}
	r.centre(s)
	// A model that answers all examples higher than others, such as one of more
	// steps, says nothing of what it forgot.
	n := make([]float64, l.models)
	for j, v := range r.raw {
		r.model[s.model[j]] += v
		n[s.model[j]]++
	}
	for m := range r.model {
		if n[m] > 0 {
			r.model[m] /= n[m]
		}
	}
	for j := range r.raw {
		r.raw[j] -= r.model[s.model[j]]
	}
	r.centre(s)
	sd := newSpread(len(l.audited))
	for k, i := range s.audited {
		for _, v := range r.raw[s.start[k]:s.start[k+1]] {
			sd.squares[i] += v * v
		}
		sd.dof[i] += s.start[k+1] - s.start[k] - 1
	}
	sd.finish()
	for i := range r.sd {
		r.sd[i] = sd.of(i)
	}
	for k, i := range s.audited {
		part := r.scaled[s.start[k]:s.start[k+1]]
		for j := range part {
			part[j] = clamp(over(r.raw[s.start[k]+j], r.sd[i]), most)
		}
		centre(part)
	}
	return r
}

// centre takes the mean from each stratum.
func (r *residuals) centre(s *strata) {
	for k := range s.len() {
		r.mean[k] += centre(r.raw[s.start[k]:s.start[k+1]])
	}
}

// centre takes the mean from x and returns it. Values that are all equal become
// exactly 0.
func centre(x []float64) float64 {
	mean := x[0]
	if slices.Min(x) != slices.Max(x) {
		sum := 0.0
		for _, v := range x {
			sum += v
		}
		mean = sum / float64(len(x))
	}
	for i := range x {
		x[i] -= mean
	}
	return mean
}

// ranks returns the rank of each slot in its stratum, from 0, ties sharing theirs.
func ranks(s *strata, x []float64) []float64 {
	out := make([]float64, len(x))
	for k := range s.len() {
		part := x[s.start[k]:s.start[k+1]]
		for j, v := range part {
			for i, w := range part {
				if w < v {
					out[s.start[k]+j]++
				} else if w == v && i != j {
					out[s.start[k]+j] += 0.5
				}
			}
		}
	}
	return out
}

// retained holds what the models answer that retain an example: how many, and the
// mean of their logit gaps.
type retained struct{ n, mean []float64 }

func (l *layout) newRetained(a *Answers) retained {
	r := retained{make([]float64, len(l.audited)), make([]float64, len(l.audited))}
	for i, e := range l.audited {
		for m := range l.models {
			if l.state(m, e) == attacks.In {
				r.n[i]++
				r.mean[i] += (gap(l.row(a, 0, m, e), l.Labels[e]) - r.mean[i]) / r.n[i]
			}
		}
	}
	return r
}

// memorised returns how far the answers on each audited example lie higher under
// models that retain it than under those that do not, in standard deviations, each
// shrunk towards the mean of all by what chance does to it. It weighs examples by
// what there is to forget. Where no model retains an example all weigh the same.
func (in retained) memorised(s *strata, r *residuals) []float64 {
	n := len(in.n)
	w, noise := make([]float64, n), make([]float64, n)
	free, slots := make([]float64, n), make([]float64, n)
	for k, i := range s.audited {
		size := float64(s.start[k+1] - s.start[k])
		free[i] += r.mean[k] * size
		slots[i] += size
	}
	known := 0
	for i := range w {
		if in.n[i] == 0 || slots[i] == 0 {
			continue
		}
		w[i] = clamp(over(in.mean[i]-free[i]/slots[i], r.sd[i]), 2*most)
		noise[i] = 1/in.n[i] + 1/slots[i]
		known++
	}
	if known < n {
		for i := range w {
			w[i] = 1
		}
		return w
	}
	mean, variance, chance := 0.0, 0.0, 0.0
	for i := range w {
		mean += w[i] / float64(n)
		chance += noise[i] / float64(n)
	}
	for i := range w {
		variance += (w[i] - mean) * (w[i] - mean) / float64(n)
	}
	keep := 0.0
	if variance > chance {
		keep = 1 - chance/variance
	}
	for i := range w {
		w[i] = mean + keep*(w[i]-mean)
	}
	return w
}

// neighbourhood returns, for each slot, the mean residual of the examples nearest
// to the slot's under its model: an example that is learned and taken back badly
// leaves something on those that are like it, whether the model retains these,
// forgot them, or never saw them.
func (l *layout) neighbourhood(s *strata, a *Answers) []float64 {
	// Residuals of all examples among the models that treat them alike: that retain
	// them, or that do not.
	all := make([]float64, l.models*l.examples)
	sd := newSpread(l.examples)
	for e := range l.examples {
		for _, retained := range []bool{false, true} {
			var models []int
			var x []float64
			for m := range l.models {
				if (l.state(m, e) == attacks.In) == retained {
					models = append(models, m)
					x = append(x, gap(l.row(a, 0, m, e), l.Labels[e]))
				}
			}
			if len(x) == 0 {
				continue
			}
			centre(x)
			for i, m := range models {
				all[m*l.examples+e] = x[i]
				sd.squares[e] += x[i] * x[i]
			}
			sd.dof[e] += len(x) - 1
		}
	}
	sd.finish()
	for m := range l.models {
		mean := 0.0
		row := all[m*l.examples : (m+1)*l.examples]
		for _, v := range row {
			mean += v / float64(l.examples)
		}
		for e := range row {
			row[e] = clamp(over(row[e]-mean, sd.of(e)), most)
		}
	}
	out := make([]float64, len(s.model))
	for k, i := range s.audited {
		near := l.Near[i]
		part := out[s.start[k]:s.start[k+1]]
		for j := range part {
			m := int(s.model[s.start[k]+j])
			for _, e := range near {
				part[j] += all[m*l.examples+int(e)] / float64(len(near))
			}
		}
		if len(near) > 0 {
			centre(part)
		}
	}
	return out
}

// direction of the logits: the coordinates that a forgotten example may be marked
// in. At most maxLogits of them are looked at.
const maxLogits = 12

// logits returns the centred logits of one query in the slots, [slots, width], less
// their mean in each stratum, and which class each coordinate of an example is:
// its label first, then the others by how high models that do not retain it answer
// them.
func (l *layout) logits(s *strata, a *Answers, q int) (x []float64, class [][]int) {
	width := min(l.Classes, maxLogits)
	class = make([][]int, len(l.audited))
	x = make([]float64, len(s.model)*width)
	sum := make([]float64, l.Classes)
	for k, i := range s.audited {
		e := l.audited[i]
		if class[i] == nil {
			clear(sum)
			for kk := k; kk < s.len() && s.audited[kk] == i; kk++ {
				for j := s.start[kk]; j < s.start[kk+1]; j++ {
					for c, v := range l.row(a, q, int(s.model[j]), e) {
						sum[c] += float64(v)
					}
				}
			}
			order := make([]int, l.Classes)
			for c := range order {
				order[c] = c
			}
			y := int(l.Labels[e])
			slices.SortStableFunc(order, func(a, b int) int {
				switch {
				case a == y || b != y && sum[a] > sum[b]:
					return -1
				case b == y || sum[a] < sum[b]:
					return 1
				}
				return 0
			})
			class[i] = order[:width]
		}
		for j := s.start[k]; j < s.start[k+1]; j++ {
			z := l.row(a, q, int(s.model[j]), e)
			mean := 0.0
			for _, v := range z {
				mean += float64(v) / float64(len(z))
			}
			for c, cl := range class[i] {
				x[j*width+c] = float64(z[cl]) - mean
			}
		}
		column := make([]float64, s.start[k+1]-s.start[k])
		for c := range width {
			for j := range column {
				column[j] = x[(s.start[k]+j)*width+c]
			}
			centre(column)
			for j, v := range column {
				x[(s.start[k]+j)*width+c] = v
			}
		}
	}
	// Scaled by the spread of each coordinate, so that none decides alone.
	for c := range width {
		ss := 0.0
		for j := range s.model {
			ss += x[j*width+c] * x[j*width+c]
		}
		sd := math.Sqrt(ss / float64(len(s.model)))
		for j := range s.model {
			x[j*width+c] = clamp(over(x[j*width+c], sd), 2*most)
		}
	}
	return x, class
}
