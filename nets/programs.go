package nets

import "github.com/miniunlearn/miniunlearn/graph"

// programs holds the programs of a model, the latest used of them. Retained
// batches come in dozens of sizes, each with a program of its own.
type programs struct {
	of    map[shapeKey]*batchProgram
	clock int64
}

// A program of a graph.Sharer takes from 30 kB (lenet5) to 700 kB (an HVP of
// resnet8), and 5 to 20 ms to compile; that of another engine holds all values of
// a batch.
const (
	mostSharing = 128
	mostApart   = 8
)

func (s *programs) get(key shapeKey) *batchProgram {
	p := s.of[key]
	if p != nil {
		s.clock++
		p.used = s.clock
	}
	return p
}

// put adds p and drops the one that was not used for longest if there are too
// many.
func (s *programs) put(key shapeKey, p *batchProgram, sharing bool) {
	most := mostApart
	if sharing {
		most = mostSharing
	}
	if s.of == nil {
		s.of = map[shapeKey]*batchProgram{}
	}
	if len(s.of) >= most {
		var oldest shapeKey
		at := s.clock + 1
		for k, q := range s.of {
			if q.used < at {
				oldest, at = k, q.used
			}
		}
		delete(s.of, oldest)
	}
	s.clock++
	p.used = s.clock
	s.of[key] = p
}

// partSize is the largest batch of one program of a model whose logits z, of n
// examples, were built once. Larger batches are computed in parts, so that
// memory stays bounded and parts stay in cache: powers of two up to 1024 with
// no more than 2²⁶ numbers in all layers. It decides where
// sums are cut, so it depends on the architecture alone.
func partSize(z *graph.Node, n int) int {
	const most, numbers = 1024, 1 << 26
	total, seen := 0, map[*graph.Node]bool{}
	var visit func(*graph.Node)
	visit = func(node *graph.Node) {
		if seen[node] || node.IsInput() {
			return
		}
		seen[node] = true
		if _, alias := node.Op().(graph.Aliaser); !alias {
			total += product(node.Shape())
		}
		for _, in := range node.Inputs() {
			visit(in)
		}
	}
	visit(z)
	size := most
	for size > 1 && size*total > n*numbers {
		size /= 2
	}
	return size
}
