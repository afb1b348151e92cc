package graph

import "github.com/miniunlearn/miniunlearn/internal/kernel"

// mostFused is the largest number of terms of a fused sum, leastFused the
// shortest run of numbers with one scale that is worth it.
const (
	mostFused  = 8
	leastFused = 16
)

// scaledSumOp is a LinOp together with those of its terms that are scaled row
// by row or channel by channel, or constant in each channel: one pass over
// memory in place of one for each. The Walker makes it of the nodes that it
// compiles; graphs do not hold it. Derivatives of normalisations are full of
// such sums.
//
// Its inputs are those of the terms, and then the scales. The bits are those of
// the ops in its place, up to the sign of zeros.
type scaledSumOp struct {
	LinOp
	terms []scaledTerm
	run   int // how many numbers in a row have one scale
}

// scaledTerm is c·s·x. The scale is s[i/per%of] for run i.
type scaledTerm struct {
	c       float64
	x, s    int // inputs; −1 for none
	per, of int
}

// InPlace implements InPlacer.
func (op scaledSumOp) InPlace() (r []int) {
	for _, t := range op.terms {
		if t.x >= 0 {
			r = append(r, t.x)
		}
	}
	return r
}

// Eval implements Op.
func (op scaledSumOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalScaledSum[float64](x, op, out, in)
	} else {
		evalScaledSum[float32](x, op, out, in)
	}
}

func evalScaledSum[T Float](x *Exec, op scaledSumOp, out *Tensor, in []*Tensor) {
	o, run := data[T](out), op.run
	x.Range(len(o)/run, max(1, chunk/run), func(lo, hi int) {
		var t [512]T
		for i := lo; i < hi; i++ {
			for from := i * run; from < (i+1)*run; from += len(t) {
				to := min(from+len(t), (i+1)*run)
				sumScaled(op.terms, o, t[:to-from], in, i, from)
			}
		}
	})
}

// sumScaled sets o from an element on, in run i, from the left. o may be any of
// the inputs, so it is written last.
func sumScaled[T Float](terms []scaledTerm, o, sum []T, in []*Tensor, i, from int) {
	to, last := from+len(sum), len(terms)-1
	at := func(t scaledTerm) (T, []T) {
		c := T(t.c)
		if t.s >= 0 {
			c *= data[T](in[t.s])[i/t.per%t.of]
		}
		if t.x < 0 {
			return c, nil
		}
		return c, data[T](in[t.x])[from:to]
	}
	dst := func(j int) []T {
		if j == last {
			return o[from:to]
		}
		return sum
	}
	c0, x0 := at(terms[0])
	for j := 1; j <= last; j++ {
		c, x := at(terms[j])
		switch {
		case x0 == nil && x == nil:
			d := dst(j)
			for k := range d {
				d[k] = c0 + c
			}
		case x0 == nil:
			kernel.Affine(dst(j), x, c, c0)
		case x == nil:
			kernel.Affine(dst(j), x0, c0, c)
		default:
			kernel.Lin2(dst(j), c0, x0, c, x)
		}
		c0, x0 = 1, sum
	}
}

// fused is nodes in order of execution with sums fused, and what a program
// needs to know of them. The nodes are copies: graphs stay as they are.
type fused struct {
	order, inputs, outputs []*Node
	origin                 map[*Node]*Node // the node of the graph that a copy stands for
}

// fuse fuses the sums of a program whose nodes are order.
func fuse(order, inputs, outputs []*Node) fused {
	uses := map[*Node]int{}
	for _, n := range outputs {
		uses[n]++
	}
	for _, n := range order {
		if _, ok := n.op.(FillOp); ok {
			continue
		}
		for _, c := range n.in {
			uses[c]++
		}
	}
	op, in, gone := map[*Node]Op{}, map[*Node][]*Node{}, map[*Node]bool{}
	for _, n := range order {
		if sum, ok := scaledSum(n, uses); ok {
			op[n], in[n] = sum.op, sum.in
			for _, t := range sum.gone {
				gone[t] = true
			}
		}
	}
	f := fused{origin: map[*Node]*Node{}}
	copies := map[*Node]*Node{}
	copyOf := func(n *Node) *Node {
		if c := copies[n]; c != nil {
			return c
		}
		c := *n
		copies[n], f.origin[&c] = &c, n
		return &c
	}
	for _, n := range inputs {
		f.inputs = append(f.inputs, copyOf(n))
	}
	for _, n := range order {
		if gone[n] {
			continue
		}
		c, from := copyOf(n), n.in
		if op[n] != nil {
			c.op, from = op[n], in[n]
		}
		c.in = make([]*Node, len(from))
		for i, m := range from {
			c.in[i] = copyOf(m)
		}
		f.order = append(f.order, c)
	}
	for _, n := range outputs {
		f.outputs = append(f.outputs, copyOf(n))
	}
	return f
}

// sumOf is a fused sum: its op and inputs, and the nodes that it replaces
// besides the LinOp.
type sumOf struct {
	op       scaledSumOp
	in, gone []*Node
}

// scaledSum returns the fused form of n, if n is a sum that has one.
func scaledSum(n *Node, uses map[*Node]int) (s sumOf, ok bool) {
	lin, ok := n.op.(LinOp)
	if !ok || len(n.in) < 2 || len(n.in) > mostFused || len(n.shape) < 2 {
		return s, false
	}
	row := size(n.shape) / n.shape[0]
	channel := row / n.shape[1]
	s.op = scaledSumOp{LinOp: lin, run: row}
	var scales []*Node
	for i, t := range n.in {
		// The product of ±1 and a scale is exact.
		term, x, scale := scaledTerm{c: lin.C[i], x: -1, s: -1}, t, (*Node)(nil)
		if uses[t] == 1 && (lin.C[i] == 1 || lin.C[i] == -1) {
			switch t.op.(type) {
			case RowScaleOp:
				scale, x = t.in[0], t.in[1]
				term.per, term.of = row, n.shape[0]
			case ChannelScaleOp:
				x, scale = t.in[0], t.in[1]
				term.per, term.of = channel, n.shape[1]
			case ChannelFillOp:
				x, scale = nil, t.in[0]
				term.per, term.of = channel, n.shape[1]
			}
		}
		if x != nil {
			term.x = len(s.in)
			s.in = append(s.in, x)
		}
		if scale != nil {
			term.s = len(scales)
			scales, s.gone = append(scales, scale), append(s.gone, t)
			s.op.run = min(s.op.run, term.per)
		}
		s.op.terms = append(s.op.terms, term)
	}
	if len(scales) == 0 || s.op.run < leastFused {
		return s, false
	}
	for i := range s.op.terms {
		if t := &s.op.terms[i]; t.s >= 0 {
			t.s += len(s.in)
			t.per /= s.op.run
		}
	}
	s.in = append(s.in, scales...)
	return s, true
}
