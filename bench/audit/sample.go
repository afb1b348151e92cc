package audit

import (
	"math"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// picks says under which target model each example is scored in a report, and
// whether that model forgot it. An example counts once: a report's intervals
// take scores as independent.
type picked struct {
	target    []int // among all models
	forgotten []bool
}

// pick draws for each candidate one target among those that forgot it or never
// saw it.
func (p *plan) pick() *picked {
	d := p.pools[1]
	c := &picked{}
	for _, e := range p.audited {
		var fit []int
		for m := range d.models {
			if d.row(m)[e] != attacks.In {
				fit = append(fit, m)
			}
		}
		m := fit[purpose.Rand(p.Train.Seed, purpose.Pick, uint64(e)).IntN(len(fit))]
		c.target = append(c.target, p.Shadows+m)
		c.forgotten = append(c.forgotten, d.row(m)[e] == attacks.Forgotten)
	}
	return c
}

// sample returns the standardised signals of the picked targets.
func (c *picked) sample(name string, scale *calibration, models *attacks.Shadows) attacks.Sample {
	s := attacks.Sample{Name: name}
	for e, m := range c.target {
		z := scale.standardise(e, models.Signal[m*models.Examples+e])
		if c.forgotten[e] {
			s.Forgotten = append(s.Forgotten, z)
		} else {
			s.Unseen = append(s.Unseen, z)
		}
	}
	return s
}

// prior is the number of models that the pooled variance counts for.
const prior = 4

// calibration is what models that never saw an example answer on it: mean and
// variance, this one shrunk towards that of all examples.
type calibration struct{ mean, sd []float64 }

// calibrate fits the retrained shadow models.
func (a *analysis) calibrate() error {
	s := a.signals(a.retrained)
	s.Models = a.Shadows
	s.Signal, s.State = s.Signal[:s.Models*s.Examples], s.State[:s.Models*s.Examples]
	a.scale = calibrate(s)
	return nil
}

// calibrate fits the Out models of s.
func calibrate(s *attacks.Shadows) *calibration {
	n := s.Examples
	c := &calibration{make([]float64, n), make([]float64, n)}
	var pooled, dof float64
	squares, models := c.sd, make([]float64, n)
	for i, st := range s.State {
		if st != attacks.Out {
			continue
		}
		e := i % n
		models[e]++
		d := s.Signal[i] - c.mean[e]
		c.mean[e] += d / models[e]
		squares[e] += d * (s.Signal[i] - c.mean[e])
	}
	for e, q := range squares {
		pooled += q
		dof += models[e] - 1
	}
	pooled /= dof
	for e, q := range squares {
		c.sd[e] = math.Sqrt((prior*pooled + q) / (prior + models[e] - 1))
	}
	return c
}

// standardise returns (φ − mean)/sd; signals that never varied give 0 where
// nothing changed.
func (c *calibration) standardise(e int, phi float64) float64 {
	return (phi - c.mean[e]) / math.Max(c.sd[e], 1e-9)
}
