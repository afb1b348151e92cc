package verdict

import (
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// utility tests whether a method's models are worse than retrained ones, on what
// they retain and on what none of them has seen, as a whole and in any class. The
// pairs are those of closeness.
type utility struct {
	family   family
	accuracy []accuracy // unseen, retained
}

// accuracy is that of a method and of retraining, and the deviation of their
// difference over swaps.
type accuracy struct {
	name              string
	method, reference float64
	sd                float64
}

func (l *layout) newUtility(cfg Config, method, reference *Answers) *utility {
	u := &utility{}
	swaps := signs(l.models, cfg.deals(), cfg.Seed)
	for _, st := range []attacks.State{attacks.Out, attacks.In} {
		// [class, and all][model]
		n, a, b := matrix(l.Classes+1, l.models), matrix(l.Classes+1, l.models), matrix(l.Classes+1, l.models)
		for m := range l.models {
			for e, y := range l.Labels {
				if l.state(m, e) != st {
					continue
				}
				ra, rb := right(l.row(method, 0, m, e), y), right(l.row(reference, 0, m, e), y)
				for _, k := range []int{int(y), l.Classes} {
					n[k][m]++
					if ra {
						a[k][m]++
					}
					if rb {
						b[k][m]++
					}
				}
			}
		}
		for k := range n {
			loss, total := make([]float64, l.models), accuracy{name: stateNames[st]}
			models := 0.0
			for m := range loss {
				if n[k][m] == 0 {
					continue
				}
				models++
				loss[m] = (b[k][m] - a[k][m]) / n[k][m]
				total.method += a[k][m] / n[k][m]
				total.reference += b[k][m] / n[k][m]
				total.sd += loss[m] * loss[m]
			}
			if models == 0 {
				continue
			}
			total.method, total.reference = total.method/models, total.reference/models
			total.sd = math.Sqrt(total.sd) / models
			if k == l.Classes {
				u.accuracy = append(u.accuracy, total)
				u.family.add("accuracy, "+total.name, swapped(swaps, loss))
			} else {
				u.family.add(fmt.Sprintf("accuracy, %s of class %d", total.name, k), swapped(swaps, loss))
			}
		}
	}
	return u
}
