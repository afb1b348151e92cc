package grid

import "fmt"

// States of a cell, as List has them.
const (
	StateDone   = "done"
	StateFailed = "failed"
	StateToDo   = "to do"
)

// Line is a cell in words.
type Line struct {
	State, Address, Data, Net, Train, Forget, Method string
	Seed                                             uint64
}

// List describes the cells of the shard, and says what Run would do with each.
func (p *Plan) List(o Options) ([]Line, error) {
	r, todo, err := p.ahead(o)
	if err != nil {
		return nil, err
	}
	again := map[int]bool{}
	for _, w := range todo {
		for _, i := range w.cells {
			again[i] = true
		}
	}
	var lines []Line
	for i, c := range p.Cells {
		if !p.In(i, o.Shard) {
			continue
		}
		s := c.settings
		l := Line{State: StateDone, Address: c.Address, Data: s.Dataset, Net: s.Net, Forget: s.Forget, Method: c.Method, Seed: c.Seed}
		if s.N > 0 {
			l.Data += fmt.Sprintf(", %d examples", s.N)
		}
		if s.WrongLabels > 0 {
			l.Data += fmt.Sprintf(", %g%% of the labels wrong", 100*s.WrongLabels)
		}
		length := fmt.Sprintf("%d epochs", s.Epochs)
		if s.Steps > 0 {
			length = fmt.Sprintf("%d steps", s.Steps)
		}
		l.Train = fmt.Sprintf("%s, batch %d, %s, momentum %g, weight decay %g", length, s.Batch, s.LR, s.Momentum, s.WeightDecay)
		if s.Augment != "none" {
			l.Train += ", " + s.Augment
		}
		switch row := r.outcome.Rows[i]; {
		case again[i]:
			l.State = StateToDo
		case row.Error != "":
			l.State = StateFailed
		}
		lines = append(lines, l)
	}
	return lines, nil
}
