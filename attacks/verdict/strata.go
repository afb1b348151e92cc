package verdict

import (
	"math/rand/v2"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// strata are the examples, in each pool of models, with the models that do not
// retain them. Which of these forgot the example and which never saw it was dealt
// at random: if a method leaves what retraining leaves, its answers know nothing of
// that deal, and any other would have been as likely.
type strata struct {
	start     []int   // of each stratum among the slots; one more at the end
	audited   []int   // of each stratum, ascending: two strata of one example follow each other
	forgotten []int   // number of forgotten slots
	model     []int32 // of each slot
	isForgot  []bool  // of each slot, as it was
}

// newStrata collects those in which a deal was made, of one pool, or of both if
// pool is negative.
func (l *layout) newStrata(pool int) *strata {
	s := &strata{}
	for i, e := range l.audited {
		for p := range 2 {
			if pool >= 0 && p != pool {
				continue
			}
			at, forgotten := len(s.model), 0
			for m := range l.models {
				st := l.state(m, e)
				if l.pool(m) != p || st == attacks.In {
					continue
				}
				s.model = append(s.model, int32(m))
				s.isForgot = append(s.isForgot, st == attacks.Forgotten)
				if st == attacks.Forgotten {
					forgotten++
				}
			}
			if n := len(s.model) - at; forgotten == 0 || forgotten == n {
				s.model, s.isForgot = s.model[:at], s.isForgot[:at]
				continue
			}
			s.start, s.audited, s.forgotten = append(s.start, at), append(s.audited, i), append(s.forgotten, forgotten)
		}
	}
	s.start = append(s.start, len(s.model))
	return s
}

func (s *strata) len() int { return len(s.audited) }

// deals calls visit with the slots that are forgotten in deal r, stratum by
// stratum; deal 0 is the one that was made. The order of calls is the same for
// every r, and the deal depends on nothing but seed, r and the strata.
func (s *strata) deal(seed uint64, r int, visit func(stratum int, slots []int)) {
	stream := purpose.Stream(seed, purpose.Redeal, uint64(r))
	rng := &stream
	var chosen, order []int
	for k := range s.len() {
		from, to := s.start[k], s.start[k+1]
		chosen = chosen[:0]
		if r == 0 {
			for i := from; i < to; i++ {
				if s.isForgot[i] {
					chosen = append(chosen, i)
				}
			}
			visit(k, chosen)
			continue
		}
		// The head of a shuffle.
		n := to - from
		order = order[:0]
		for i := from; i < to; i++ {
			order = append(order, i)
		}
		for i := range s.forgotten[k] {
			j := i + int(uniform(rng, uint64(n-i)))
			order[i], order[j] = order[j], order[i]
			chosen = append(chosen, order[i])
		}
		visit(k, chosen)
	}
}

// uniform draws from 0 … n−1, n < 2³²; its bias is below 2⁻³².
func uniform(rng *rand.PCG, n uint64) uint64 { return (rng.Uint64() >> 32) * n >> 32 }
