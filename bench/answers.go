package bench

import (
	"context"
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/data"
)

// answers are a model's logits on chosen examples, row-major.
type answers struct {
	z       []float64
	classes int
	labels  []int32
}

// predictor is a model, or several that answer together.
type predictor interface {
	// Logits returns those of n examples, [n, Classes], row-major.
	Logits(ctx context.Context, x []float32, n int) ([]float64, error)
}

// ask queries a predictor of so many classes on a whole data set, which may be empty.
func ask(ctx context.Context, c predictor, ds *data.Dataset, classes int) (answers, error) {
	z, err := c.Logits(ctx, ds.X, ds.Len())
	if err != nil {
		return answers{}, fmt.Errorf("bench: %s: %w", ds.Name, err)
	}
	return answers{z, classes, ds.Y}, nil
}

// at returns the answers on the examples idx.
func (a answers) at(idx []int) answers {
	s := answers{make([]float64, 0, len(idx)*a.classes), a.classes, make([]int32, 0, len(idx))}
	for _, i := range idx {
		s.z = append(s.z, a.row(i)...)
		s.labels = append(s.labels, a.labels[i])
	}
	return s
}

func (a answers) row(i int) []float64 { return a.z[i*a.classes : (i+1)*a.classes] }

// accuracy returns the percentage of examples whose first largest logit is the
// label's.
func (a answers) accuracy() (Float, error) {
	right, err := a.signal(attacks.SignalCorrectness)
	if err != nil {
		return attacks.Missing(), err
	}
	return Float(100 * mean(right)), nil
}

// signal returns a membership signal of each example, larger = member.
func (a answers) signal(s attacks.Signal) ([]float64, error) {
	return attacks.Scores(s, a.z, a.classes, a.labels)
}

// klFrom returns the mean over examples of KL(p_v ‖ p_a), in nats.
func (a answers) klFrom(v answers) Float {
	lp, lq := make([]float64, a.classes), make([]float64, a.classes)
	kls := make([]float64, len(a.labels))
	for i := range kls {
		logSoftmax(lp, v.row(i))
		logSoftmax(lq, a.row(i))
		for j, l := range lp {
			kls[i] += math.Exp(l) * (l - lq[j])
		}
		kls[i] = max(kls[i], 0) // rounding
	}
	return Float(mean(kls))
}

// logSoftmax sets out to log softmax(z).
func logSoftmax(out, z []float64) {
	top := math.Inf(-1)
	for _, v := range z {
		top = max(top, v)
	}
	sum := 0.0
	for _, v := range z {
		sum += math.Exp(v - top)
	}
	for j, v := range z {
		out[j] = v - top - math.Log(sum)
	}
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}
