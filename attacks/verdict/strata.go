package verdict

import "github.com/miniunlearn/miniunlearn/attacks"

// strata are the examples, in each pool of models, with the models that do not
// retain them. Which of these forgot the example and which never saw it was dealt
// at random; see dealer for the deals that would have been as likely.
type strata struct {
	start     []int   // of each stratum among the slots; one more at the end
	audited   []int   // of each stratum, ascending: two strata of one example follow each other
	forgotten []int   // number of forgotten slots
	pool      []int   // whose models these are
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
			s.start, s.audited = append(s.start, at), append(s.audited, i)
			s.forgotten, s.pool = append(s.forgotten, forgotten), append(s.pool, p)
		}
	}
	s.start = append(s.start, len(s.model))
	return s
}

func (s *strata) len() int { return len(s.audited) }
