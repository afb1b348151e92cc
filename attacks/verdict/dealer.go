package verdict

import (
	"math/bits"
	"math/rand/v2"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// dealer makes the deals that what was forgotten is compared with. In each of them
// every example is forgotten by as many models as it was, and every model forgets as
// many examples as it did, of those that it does not retain.
//
// The second number has to stay because retraining may depend on it. A model that
// forgets more was trained on more: replayed without what it forgets, its training
// takes more steps, of smaller batches, and ends surer of everything. Whoever sees that
// knows how many examples were forgotten, and not which. Were the numbers dealt anew, models
// that are surer and forgot more would pass for models that know what they forgot.
// Retraining depends on nothing else that was dealt, since every order of the examples of a
// run is as likely. So, given what each model retains and how much it forgot, all such deals
// are as likely as the one that was made, if a method leaves what retraining leaves.
//
// A deal comes from trades: two examples, drawn at random, deal those models anew
// that forgot one of the two and retain neither. In a round every example trades
// once. Trades are symmetric, so that all deals stay as likely; a number of rounds from the deal
// that was made leads to a hub, and as many from the hub to each other deal. Seen
// from the hub the deal that was made is one like the others, exactly, however few the
// rounds are (Besag and Clifford, "Generalized Monte Carlo Significance Tests", 1989);
// more of them make the deals less alike, which gives power.
type dealer struct {
	*strata
	seed  uint64
	words int      // of a set of models
	free  []uint64 // the models of each stratum, [strata, words]
	made  []uint64 // those that forgot it, as it was
	hub   []uint64
	group [][]int // the strata of each pool
}

// rounds is how often each example trades on the way to the hub, and from it. About
// a quarter of what is forgotten changes hands in a round.
const rounds = 7

func newDealer(s *strata, models int, seed uint64) *dealer {
	d := &dealer{strata: s, seed: seed, words: (models + 63) / 64, group: make([][]int, 2)}
	d.free, d.made = make([]uint64, s.len()*d.words), make([]uint64, s.len()*d.words)
	for k := range s.len() {
		d.group[s.pool[k]] = append(d.group[s.pool[k]], k)
		for j := s.start[k]; j < s.start[k+1]; j++ {
			at, bit := k*d.words+int(s.model[j]/64), uint64(1)<<(s.model[j]%64)
			d.free[at] |= bit
			if s.isForgot[j] {
				d.made[at] |= bit
			}
		}
	}
	d.hub = d.trade(d.made, 0)
	return d
}

// deal calls visit with the slots that are forgotten in deal r, stratum by stratum;
// deal 0 is the one that was made. The deal depends on nothing but seed, r and the
// strata.
func (d *dealer) deal(r int, visit func(stratum int, slots []int)) {
	forgotten := d.made
	if r > 0 {
		forgotten = d.trade(d.hub, r)
	}
	var slots []int
	for k := range d.len() {
		slots = slots[:0]
		for j := d.start[k]; j < d.start[k+1]; j++ {
			if m := d.model[j]; forgotten[k*d.words+int(m/64)]>>(m%64)&1 == 1 {
				slots = append(slots, j)
			}
		}
		visit(k, slots)
	}
}

// trade returns what a deal becomes after so many rounds.
func (d *dealer) trade(from []uint64, r int) []uint64 {
	rng := draws{pcg: purpose.Stream(d.seed, purpose.Redeal, uint64(r))}
	now := append([]uint64(nil), from...)
	for _, group := range d.group {
		order := append([]int(nil), group...)
		for range rounds {
			for i := len(order) - 1; i > 0; i-- {
				j := rng.below(i + 1)
				order[i], order[j] = order[j], order[i]
			}
			for i := 1; i < len(order); i += 2 {
				d.between(&rng, now, order[i-1]*d.words, order[i]*d.words)
			}
		}
	}
	return now
}

// between deals anew who forgot which of two examples, whose sets of models begin at
// a and b, among the models that forgot one of them and retain neither.
func (d *dealer) between(rng *draws, now []uint64, a, b int) {
	all, first := 0, 0 // models that trade, and those of them that forget a
	for w := range d.words {
		may := (now[a+w] ^ now[b+w]) & d.free[a+w] & d.free[b+w]
		all += bits.OnesCount64(may)
		first += bits.OnesCount64(may & now[a+w])
	}
	if first == 0 || first == all {
		return
	}
	for w := range d.words {
		may := (now[a+w] ^ now[b+w]) & d.free[a+w] & d.free[b+w]
		take := uint64(0)
		for left := may; left != 0; left &= left - 1 {
			if rng.below(all) < first {
				take |= left & -left
				first--
			}
			all--
		}
		now[a+w] = now[a+w]&^may | take
		now[b+w] = now[b+w]&^may | may&^take
	}
}

// draws gives two numbers for each of a generator's.
type draws struct {
	pcg  rand.PCG
	left uint64
	half bool
}

// below draws from 0 … n−1, n < 2³²; its bias is below n·2⁻³².
func (d *draws) below(n int) int {
	if d.half = !d.half; d.half {
		d.left = d.pcg.Uint64()
	} else {
		d.left >>= 32
	}
	return int(d.left & 0xffffffff * uint64(n) >> 32)
}
