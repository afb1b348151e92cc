package verdict

import (
	"context"
	"fmt"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// privacy tests whether a method's answers know which examples it forgot and which
// were never there.
type privacy struct {
	*layout
	cfg      Config
	strata   *strata
	query    []*residuals
	retained retained
	mixed    []float64 // mean of the scaled residuals over queries, in each slot
	weight   []float64 // of audited examples, by what there is to forget

	direction, traces family
	directionEffects  []effect
}

// effect is what a linear statistic is in units that mean something.
type effect struct {
	value, mean, sd float64
}

// newPrivacy prepares what the tests share.
func newPrivacy(l *layout, cfg Config, method *Answers) (*privacy, error) {
	p := &privacy{layout: l, cfg: cfg, strata: l.newStrata(-1)}
	if p.strata.len() == 0 {
		return nil, fmt.Errorf("verdict: no example is forgotten by some models and unseen by others: %w", errNothingDealt)
	}
	p.mixed = make([]float64, len(p.strata.model))
	for q := range method.Logits {
		r := l.newResiduals(p.strata, method, q)
		p.query = append(p.query, r)
		for j, v := range r.scaled {
			p.mixed[j] += v / float64(len(method.Logits))
		}
	}
	p.retained = l.newRetained(method)
	p.weight = p.retained.memorised(p.strata, p.query[0])
	return p, nil
}

// linear is a statistic that sums a feature of the forgotten slots.
type linear struct {
	name    string
	feature []float64
}

// features lists the linear statistics: first those of direction, then the traces.
func (p *privacy) features(method *Answers) (direction, traces []linear) {
	weighted := func(x []float64) []float64 {
		out := make([]float64, len(x))
		for k, i := range p.strata.audited {
			for j := p.strata.start[k]; j < p.strata.start[k+1]; j++ {
				out[j] = p.weight[i] * x[j]
			}
		}
		return out
	}
	squared := func(x []float64) []float64 {
		out := make([]float64, len(x))
		for j, v := range x {
			out[j] = v * v
		}
		return out
	}
	direction = []linear{
		{"logit gap", ranks(p.strata, p.query[0].raw)},
		{"logit gap, by what there is to forget", weighted(p.query[0].scaled)},
	}
	if len(p.query) > 1 {
		direction = append(direction,
			linear{"logit gap, mean over queries", p.mixed},
			linear{"logit gap, mean over queries, by what there is to forget", weighted(p.mixed)})
	}
	direction = append(direction, linear{memorisedTenth, p.onlyTenth(direction[0].feature)})
	for q, r := range p.query {
		if q > 0 {
			traces = append(traces, linear{"logit gap" + at(q), ranks(p.strata, r.raw)})
		}
		traces = append(traces, linear{"spread" + at(q), squared(r.scaled)})
	}
	if p.Near != nil {
		traces = append(traces, linear{"neighbours", p.neighbourhood(p.strata, method)})
	}
	return direction, traces
}

const memorisedTenth = "logit gap, most memorised tenth"

// onlyTenth keeps a feature where there is most to forget.
func (p *privacy) onlyTenth(x []float64) []float64 {
	keep := tenth(p.weight)
	out := make([]float64, len(x))
	for k, i := range p.strata.audited {
		if keep[i] {
			copy(out[p.strata.start[k]:p.strata.start[k+1]], x[p.strata.start[k]:p.strata.start[k+1]])
		}
	}
	return out
}

// at names a query other than the example itself.
func at(q int) string {
	if q == 0 {
		return ""
	}
	return fmt.Sprintf(", copy %d", q)
}

// views are the ways in which the logits of different examples are aligned: by
// class, from the label on, and by rank.
const views = 3

var viewNames = [views]string{"logits by class", "logits from the label on", "logits by rank"}

// table holds what every deal sums: a row of features for each slot, those of
// linear statistics, then the residuals of each query and of their mean, then the
// logits of each query.
type table struct {
	*privacy
	dealer  *dealer
	lin     int // columns
	gaps    int
	queries int
	width   int // logits of one query
	row     []float32
	inverse []float64 // of the variance of an example's sums, [audited, gaps + queries·width]
	model   []float64 // of a model's sums, [models, gaps]
	class   []float64 // of a class's sums, [classes, gaps]
	to      []int32   // where an example's logits go, [audited, queries, views, width]
}

func (t *table) columns() int { return t.lin + t.gaps + t.queries*t.width }

func (p *privacy) newTable(method *Answers, lin []linear) *table {
	s := p.strata
	t := &table{privacy: p, dealer: newDealer(s, p.models, p.cfg.Seed), lin: len(lin), gaps: len(p.query) + 1, queries: len(p.query), width: min(p.Classes, maxLogits)}
	w := t.columns()
	t.row = make([]float32, len(s.model)*w)
	put := func(column int, x []float64) {
		for j, v := range x {
			t.row[j*w+column] = float32(v)
		}
	}
	for f, l := range lin {
		put(f, l.feature)
	}
	for q, r := range p.query {
		put(t.lin+q, r.scaled)
	}
	put(t.lin+t.queries, p.mixed)
	t.to = make([]int32, len(p.audited)*t.queries*views*t.width)
	for q := range t.queries {
		z, class := p.logits(s, method, q)
		for j := range s.model {
			for c, v := range z[j*t.width : (j+1)*t.width] {
				t.row[j*w+t.lin+t.gaps+q*t.width+c] = float32(v)
			}
		}
		for i, cls := range class {
			to := t.to[(i*t.queries+q)*views*t.width:]
			for c, k := range cls {
				to[c] = int32(k)
				to[t.width+c] = int32((k - int(p.Labels[p.audited[i]]) + p.Classes) % p.Classes)
				to[2*t.width+c] = int32(c)
			}
		}
	}
	t.scales()
	return t
}

// scales sets the variances of sums over the forgotten slots as the deals have
// them: of n slots of which f are drawn, f(n−f)/n times that of the slots for an
// example, the sum of its examples' for a class, and about as much for a model.
func (t *table) scales() {
	s, w := t.strata, t.columns()
	squared := t.columns() - t.lin
	t.inverse = make([]float64, len(t.audited)*squared)
	t.model, t.class = make([]float64, t.models*t.gaps), make([]float64, t.Classes*t.gaps)
	for k, i := range s.audited {
		from, to := s.start[k], s.start[k+1]
		n, f := float64(to-from), float64(s.forgotten[k])
		for j := from; j < to; j++ {
			for c, v := range t.row[j*w+t.lin : (j+1)*w] {
				v2 := float64(v) * float64(v)
				t.inverse[i*squared+c] += f * (n - f) / n / (n - 1) * v2
				if c < t.gaps {
					t.model[int(s.model[j])*t.gaps+c] += f * (n - f) / n / n * v2
					t.class[int(t.Labels[t.audited[i]])*t.gaps+c] += f * (n - f) / n / (n - 1) * v2
				}
			}
		}
	}
	for _, x := range [][]float64{t.inverse, t.model, t.class} {
		for i, v := range x {
			if v > 0 {
				x[i] = 1 / v
			}
		}
	}
}

// sums are what one deal adds up to.
type sums struct {
	lin       []float64
	byExample []float64 // of gaps
	worst     []float64
	byModel   []float64
	byClass   []float64 // of the labels
	worstOf   []float64 // classes
	logits    []float64 // by example, of queries
	vector    []float64 // [queries, views, classes]
}

// deal sums deal r.
func (t *table) deal(r int) *sums {
	w, classes := t.columns(), t.Classes
	squared := w - t.lin
	o := &sums{
		lin: make([]float64, t.lin), byExample: make([]float64, t.gaps), worst: make([]float64, t.gaps), byModel: make([]float64, t.gaps),
		byClass: make([]float64, t.gaps), worstOf: make([]float64, t.gaps),
		logits: make([]float64, t.queries), vector: make([]float64, t.queries*views*classes),
	}
	sum := make([]float64, w)              // of the current example
	model := make([]float64, len(t.model)) // of each model
	class := make([]float64, len(t.class))
	last := t.strata.audited[0]
	flush := func() {
		inverse := t.inverse[last*squared : (last+1)*squared]
		for c, v := range sum[:t.lin] {
			o.lin[c] += v
		}
		for c, v := range sum[t.lin : t.lin+t.gaps] {
			z2 := v * v * inverse[c]
			o.byExample[c] += z2
			o.worst[c] = max(o.worst[c], z2)
			class[int(t.Labels[t.audited[last]])*t.gaps+c] += v
		}
		for q := range t.queries {
			part := sum[t.lin+t.gaps+q*t.width:][:t.width]
			inv := inverse[t.gaps+q*t.width:][:t.width]
			to := t.to[(last*t.queries+q)*views*t.width:][:views*t.width]
			vector := o.vector[q*views*classes:][:views*classes]
			for c, v := range part {
				o.logits[q] += v * v * inv[c]
				vector[to[c]] += v
				vector[classes+int(to[t.width+c])] += v
				vector[2*classes+int(to[2*t.width+c])] += v
			}
		}
		clear(sum)
	}
	t.dealer.deal(r, func(k int, slots []int) {
		if i := t.strata.audited[k]; i != last {
			flush()
			last = i
		}
		for _, j := range slots {
			row := t.row[j*w : (j+1)*w]
			s := sum[:len(row)]
			for c, v := range row {
				s[c] += float64(v)
			}
			m := model[int(t.strata.model[j])*t.gaps:][:t.gaps]
			for c, v := range row[t.lin : t.lin+t.gaps] {
				m[c] += float64(v)
			}
		}
	})
	flush()
	for i, v := range model {
		o.byModel[i%t.gaps] += v * v * t.model[i]
	}
	for i, v := range class {
		z2 := v * v * t.class[i]
		o.byClass[i%t.gaps] += z2
		o.worstOf[i%t.gaps] = max(o.worstOf[i%t.gaps], z2)
	}
	return o
}

// run computes every statistic for every deal.
func (p *privacy) run(ctx context.Context, method *Answers) error {
	deals := p.cfg.deals()
	direction, traces := p.features(method)
	lin := append(append([]linear(nil), direction...), traces...)
	t := p.newTable(method, lin)
	all := make([]*sums, deals)
	if err := parallel(ctx, deals, func(r int) { all[r] = t.deal(r) }); err != nil {
		return err
	}
	over := func(f func(s *sums) float64) []float64 {
		x := make([]float64, deals)
		for r, s := range all {
			x[r] = f(s)
		}
		return x
	}
	for f := range lin {
		x := over(func(s *sums) float64 { return s.lin[f] })
		d, mean, sd := distances(x)
		if f < len(direction) {
			p.direction.add(lin[f].name, d)
			p.directionEffects = append(p.directionEffects, effect{x[0], mean, sd})
		} else {
			p.traces.add(lin[f].name, d)
		}
	}
	for q := range t.gaps {
		name := at(q)
		if q == t.queries {
			if t.queries == 1 {
				break // the mean is the only query
			}
			name = ", mean over queries"
		}
		p.traces.add("by example"+name, over(func(s *sums) float64 { return s.byExample[q] }))
		p.traces.add("worst example"+name, over(func(s *sums) float64 { return s.worst[q] }))
		p.traces.add("by model"+name, over(func(s *sums) float64 { return s.byModel[q] }))
		p.traces.add("by class"+name, over(func(s *sums) float64 { return s.byClass[q] }))
		p.traces.add("worst class"+name, over(func(s *sums) float64 { return s.worstOf[q] }))
	}
	for q := range t.queries {
		p.traces.add("logits by example"+at(q), over(func(s *sums) float64 { return s.logits[q] }))
		for v := range views {
			vectors := make([][]float64, deals)
			for r, s := range all {
				vectors[r] = s.vector[(q*views+v)*p.Classes:][:p.Classes]
			}
			p.traces.add(viewNames[v]+at(q), mahalanobis(vectors))
		}
	}
	return nil
}

// mahalanobis returns the squared distance of each deal's vector from their mean in
// units of their own covariance, in the directions that vary.
func mahalanobis(vectors [][]float64) []float64 {
	n, d := len(vectors), len(vectors[0])
	mean := make([]float64, d)
	for _, v := range vectors {
		for c, x := range v {
			mean[c] += x / float64(n)
		}
	}
	cov := mat.NewSymDense(d, nil)
	for _, v := range vectors {
		for a := range d {
			for b := a; b < d; b++ {
				cov.SetSym(a, b, cov.At(a, b)+(v[a]-mean[a])*(v[b]-mean[b])/float64(n))
			}
		}
	}
	out := make([]float64, n)
	var eigen mat.EigenSym
	if !eigen.Factorize(cov, true) {
		return out
	}
	values := eigen.Values(nil)
	var axes mat.Dense
	eigen.VectorsTo(&axes)
	largest := values[d-1]
	for a, v := range values {
		if !(v > 1e-9*largest) || v < 1e-20 {
			continue
		}
		for r, x := range vectors {
			dot := 0.0
			for c := range d {
				dot += axes.At(c, a) * (x[c] - mean[c])
			}
			out[r] += dot * dot / v
		}
	}
	return out
}

func matrix(rows, columns int) [][]float64 {
	all := make([]float64, rows*columns)
	m := make([][]float64, rows)
	for i := range m {
		m[i] = all[i*columns : (i+1)*columns : (i+1)*columns]
	}
	return m
}

// auc turns a sum of ranks over the forgotten slots into the share of pairs, a
// forgotten and a never-seen answer to one example, in which the forgotten one is
// higher. keep says of which audited examples; nil means all.
func (s *strata) auc(rankSum float64, keep []bool) float64 {
	pairs, least := 0.0, 0.0
	for k, f := range s.forgotten {
		if keep == nil || keep[s.audited[k]] {
			n := s.start[k+1] - s.start[k]
			pairs += float64(f * (n - f))
			least += float64(f*(f-1)) / 2
		}
	}
	return (rankSum - least) / pairs
}

// measure is the AUC of a statistic of direction, with the band in which the test
// would not have found it.
func (p *privacy) measure(name string, keep []bool, o outcome) Measure {
	e := p.directionEffects[slices.Index(p.direction.names, name)]
	half := o.beyond() * e.sd
	if e.sd == 0 {
		half = 0
	}
	auc := func(x float64) attacks.Float { return attacks.Float(p.strata.auc(x, keep)) }
	return Measure{auc(e.value), max(auc(e.mean-half), 0), min(auc(e.mean+half), 1)}
}
