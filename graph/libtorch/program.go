//go:build libtorch

package libtorch

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/miniunlearn/miniunlearn/graph"
)

// program is a compiled graph.
type program struct {
	engine          *Engine
	inputs, outputs []*graph.Node
	arguments       []int // the value of each input, -1 if unused
	results         []int // the value of each output
	// own says of each output that its value has memory that is nothing else's
	// after the run, so that it can be handed out.
	own    []bool
	steps  []step
	values []tensor
	x      *exec
}

// Run implements graph.Program.
func (p *program) Run(out, in []*graph.Tensor) error {
	if err := p.check(out, in); err != nil {
		return err
	}
	err := p.run(out, in, nil)
	if isMemory(err) && p.engine.resident {
		// Tensors that nobody holds may still hold memory of the device, which
		// the collector does not count: let it find them, and try once more.
		runtime.GC()
		time.Sleep(50 * time.Millisecond)
		err = p.run(out, in, nil)
	}
	if isMemory(err) {
		err = fmt.Errorf("%w: %w; use smaller batches or a device with more", ErrMemory, err)
	}
	return err
}

// ErrMemory is wrapped by the error of a run that the device's memory did not
// suffice for.
var ErrMemory = fmt.Errorf("libtorch: %w", graph.ErrMemory)

func isMemory(err error) bool {
	if err == nil {
		return false
	}
	for _, text := range []string{
		"out of memory",            // CUDA's allocator
		"can't allocate memory",    // the CPU's
		"_STATUS_ALLOC_FAILED",     // cuBLAS and cuDNN, for their own needs
		"CUDA_ERROR_OUT_OF_MEMORY", // the driver
	} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

func (p *program) check(out, in []*graph.Tensor) error {
	if err := graph.CheckArgs(p.outputs, p.inputs, out, in); err != nil {
		return err
	}
	for i, t := range in {
		if b, ok := t.Buffer().(*buffer); ok && b.engine.device != p.engine.device {
			return fmt.Errorf("libtorch: run: input %d (%s) is on %s, the program on %s; use one engine for both, or bring the tensor to the host by Clone",
				i, p.inputs[i], b.engine.device, p.engine.device)
		}
	}
	return nil
}

// run computes on one of the package's threads. If stop is not nil it is
// called after each step and ends the run early by returning true.
func (p *program) run(out, in []*graph.Tensor, stop func(*graph.Node, tensor) bool) error {
	return onThread(func() error {
		var pins runtime.Pinner
		defer pins.Unpin()
		defer p.clear() // before the pins are taken out
		defer runtime.KeepAlive(in)
		x := p.x
		x.err = nil
		for i, v := range p.arguments {
			if v < 0 {
				continue
			}
			t := p.argument(&pins, in[i])
			p.values[v] = x.keep(x.view(t, 0, dims(p.inputs[i].Shape())))
			x.clean()
			if x.err != nil {
				return fmt.Errorf("libtorch: %s: input %s: %w", p.engine.device, p.inputs[i], x.err)
			}
			if stop != nil && stop(p.inputs[i], p.values[v]) {
				return nil
			}
		}
		for i := range p.steps {
			s := &p.steps[i]
			if err := p.step(s); err != nil {
				return err
			}
			if stop != nil && stop(s.node, p.values[s.out]) {
				return nil
			}
		}
		if stop != nil {
			return nil
		}
		for i, t := range out {
			if err := p.result(&pins, i, t); err != nil {
				return fmt.Errorf("libtorch: %s: output %d (%s): %w", p.engine.device, i, p.outputs[i], err)
			}
		}
		if x.wait(); x.err != nil {
			return fmt.Errorf("libtorch: %s: %w", p.engine.device, x.err)
		}
		return nil
	})
}

// argument returns the numbers of t where the program computes.
func (p *program) argument(pins *runtime.Pinner, t *graph.Tensor) tensor {
	x := p.x
	if !p.engine.resident {
		return x.hostVector(pins, t.ForReading())
	}
	if b, ok := t.Buffer().(*buffer); ok {
		if h := b.handle(x); h != nil || x.err != nil {
			return h
		}
	}
	up := x.spread(x.hostVector(pins, t.ForReading()), []int64{int64(t.Len())})
	if x.err != nil {
		return nil
	}
	p.engine.sent.Add(int64(t.Len()))
	// The buffer gets a handle of its own: should t not take it, this run's
	// goes on.
	own := x.keep(x.clone(up))
	if x.err != nil {
		return nil
	}
	if b := p.engine.newBuffer(own, t.Len()); !t.Keep(b) {
		b.Free()
	}
	return up
}

// step computes one value and frees those that it was the last to read.
func (p *program) step(s *step) error {
	x := p.x
	x.over = s.over
	in := make([]tensor, len(s.in))
	for i, v := range s.in {
		in[i] = p.values[v]
	}
	r := s.run(x, in)
	if x.err == nil && r != nil {
		for _, t := range in {
			if t == r { // an op that had nothing to do; values share no memory
				r = x.spread(t, dims(s.node.Shape()))
				break
			}
		}
		p.values[s.out] = x.keep(r)
	}
	x.clean()
	if x.err != nil {
		return fmt.Errorf("libtorch: %s: %s: %w", p.engine.device, s.node, x.err)
	}
	for _, v := range s.dead {
		free(p.values[v])
		p.values[v] = nil
	}
	return nil
}

// result gives output i to the caller.
func (p *program) result(pins *runtime.Pinner, i int, t *graph.Tensor) error {
	x, v := p.x, p.results[i]
	defer x.clean()
	n := []int64{int64(t.Len())}
	flat := x.view(p.values[v], 0, n)
	if !p.engine.resident {
		x.copy(x.hostVector(pins, t.ForWriting()), flat)
		return x.err
	}
	if !p.own[i] {
		flat = x.spread(flat, n)
	}
	own := x.keep(x.clone(flat))
	if x.err != nil {
		return x.err
	}
	b := p.engine.newBuffer(own, t.Len())
	kept, err := t.Replace(b)
	if !kept {
		b.Free()
	}
	return err
}

// clear frees what a run leaves.
func (p *program) clear() {
	p.x.clean()
	for i, t := range p.values {
		free(t)
		p.values[i] = nil
	}
	for i, t := range p.x.slots {
		free(t)
		p.x.slots[i] = nil
	}
}

// NonFinite runs the program and returns the first node, in order of
// execution, whose value holds a NaN or an infinity, or nil.
func (p *program) NonFinite(out, in []*graph.Tensor) (first *graph.Node, err error) {
	if err := p.check(out, in); err != nil {
		return nil, err
	}
	var failed error
	err = p.run(out, in, func(n *graph.Node, t tensor) bool {
		switch finite(t) {
		case 1:
			return false
		case 0:
			first = n
		default:
			failed = fmt.Errorf("libtorch: %s: looking for numbers that are not finite: %w", p.engine.device, gapsError())
		}
		return true
	})
	return first, errors.Join(err, failed)
}
