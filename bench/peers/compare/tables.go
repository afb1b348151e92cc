package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/miniunlearn/miniunlearn/bench/peers/timing"
)

// table is a Markdown table; the first left columns are aligned to the left.
type table struct {
	head []string
	left int
	rows [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// String returns the Markdown.
func (t table) String() string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(t.head)
	b.WriteString("|" + strings.Repeat("---|", t.left) + strings.Repeat("---:|", len(t.head)-t.left) + "\n")
	for _, r := range t.rows {
		line(r)
	}
	return b.String()
}

// threads returns the numbers of threads that were measured.
func (f *run) threads() (n []int) {
	for _, r := range f.Rows {
		n = append(n, r.Threads)
	}
	slices.Sort(n)
	return slices.Compact(n)
}

// batches returns the batches at which what was measured.
func (f *run) batches(what string) (n []int) {
	for _, r := range f.Rows {
		if r.What == what {
			n = append(n, r.Batch)
		}
	}
	slices.Sort(n)
	return slices.Compact(n)
}

// rates returns operations per second of r's rounds in 10⁹, with their range.
func rates(r *row, flops float64) ratio {
	var x []float64
	for _, ms := range r.RoundsMS {
		x = append(x, flops/ms/1e6)
	}
	return ratio{timing.Median(x), slices.Min(x), slices.Max(x), true}
}

// cube is the number of operations of a row of matrix products.
func cube(r *row) float64 { return 2 * float64(r.Batch) * float64(r.Batch) * float64(r.Batch) }

// peak is the best rate of any side's matrix products, the machine's GEMM peak.
func (f *run) peak(threads int, isa string) (best float64) {
	for _, r := range f.Rows {
		if r.What == "gemm" && r.Threads == threads && (r.ISA == isa || isa == "native") {
			best = max(best, rates(r, cube(r)).median)
		}
	}
	return best
}

func ms(r *row) string {
	switch {
	case r == nil:
		return "—"
	case r.MedianMS < 10:
		return fmt.Sprintf("%.2f", r.MedianMS)
	}
	return fmt.Sprintf("%.1f", r.MedianMS)
}

// stepTable is the training steps with one number of threads under one limit.
func stepTable(f *run, threads int, isa string) table {
	t := table{left: 1, head: []string{
		"step", "batch", "default, ms", "`openblas`, ms", "PyTorch, ms",
		"default, times as fast", "`openblas`, times as fast", "default, GFLOP/s", "of the GEMM peak",
	}}
	peak := f.peak(threads, isa)
	for _, n := range timing.Nets() {
		for _, batch := range f.batches("step") {
			own := f.find("default", "step", n.Name, batch, threads, isa)
			blas := f.find("openblas", "step", n.Name, batch, threads, isa)
			torch := f.find("torch", "step", n.Name, batch, threads, isa)
			if own == nil {
				continue
			}
			rate := rates(own, n.StepFLOPs(batch)).median
			t.add(n.Name, fmt.Sprint(batch), ms(own), ms(blas), ms(torch),
				over(torch, own).String(), over(torch, blas).String(), fmt.Sprintf("%.0f", rate), share(rate, peak))
		}
	}
	return t
}

func share(rate, peak float64) string {
	if peak == 0 {
		return "—"
	}
	return fmt.Sprintf("%.0f%%", 100*rate/peak)
}

// stockTable is stock Gorgonia against both builds.
func stockTable(f *run) table {
	t := table{left: 1, head: []string{"step, batch 128", "threads", "stock Gorgonia, ms", "default, times as fast", "`openblas`, times as fast"}}
	for _, n := range timing.Nets() {
		for _, threads := range f.threads() {
			if s := f.find("stock", "step", n.Name, 128, threads, ""); s != nil {
				t.add(n.Name, fmt.Sprint(threads), ms(s), stock("default", n.Name)(f, threads, "avx2").String(), stock("openblas", n.Name)(f, threads, "avx2").String())
			}
		}
	}
	return t
}

// hvpTable is Hessian-vector products in units of a gradient of the same side.
func hvpTable(f *run) table {
	t := table{left: 1, head: []string{"batch 128, AVX2", "threads", "gradient, ms", "HVP, ms", "default, gradients", "`openblas`, gradients", "PyTorch, gradients", "HVP, times as fast as PyTorch"}}
	for _, n := range timing.Nets() {
		for _, threads := range f.threads() {
			of := func(side, what string) *row { return f.find(side, what, n.Name, 128, threads, "avx2") }
			units := func(side string) string { return over(of(side, "hvp"), of(side, "grad")).String() }
			if of("default", "hvp") != nil {
				t.add(n.Name, fmt.Sprint(threads), ms(of("default", "grad")), ms(of("default", "hvp")),
					units("default"), units("openblas"), units("torch"), over(of("torch", "hvp"), of("default", "hvp")).String())
			}
		}
	}
	return t
}

// manyTable is the training of eight models.
func manyTable(f *run) table {
	t := table{left: 1, head: []string{"8 models, batch 128", "cores", "one worker, examples/s", "one by one on all cores", "`TrainMany`", "over one worker", "over one by one"}}
	for _, n := range timing.Nets() {
		for _, threads := range f.threads() {
			of := func(what string) *row { return f.find("default", what, n.Name, 128, threads, "avx2") }
			all, one, by := of("many"), of("many-one-worker"), of("one-by-one")
			if all == nil || one == nil || by == nil {
				continue
			}
			rate := func(r *row) string { return fmt.Sprintf("%.0f", r.PerS) }
			t.add(n.Name, fmt.Sprint(threads), rate(one), rate(by), rate(all), over(one, all).String(), over(by, all).String())
		}
	}
	return t
}

// gemmTable is the rates of matrix products.
func gemmTable(f *run) table {
	cases := []string{"NN", "TN", "NT", "TT"}
	t := table{left: 2, head: append([]string{"512³, float32", "kernels", "threads"}, cases...)}
	for _, threads := range f.threads() {
		peak := f.peak(threads, "native")
		for _, side := range []struct{ name, title, isa string }{
			{"default", "default", "avx2"},
			{"openblas", "`openblas`, AVX2", "avx2"}, {"openblas", "`openblas`, unrestricted", "native"},
			{"torch", "PyTorch, AVX2", "avx2"}, {"torch", "PyTorch, unrestricted", "native"},
		} {
			line, kernels := []string{}, ""
			for _, c := range cases {
				r := f.find(side.name, "gemm", c, 512, threads, side.isa)
				if r == nil {
					continue
				}
				rate := rates(r, cube(r)).median
				line, kernels = append(line, fmt.Sprintf("%.0f (%s)", rate, share(rate, peak))), r.Kernels
			}
			if len(line) == len(cases) {
				t.add(append([]string{side.title, kernels, fmt.Sprint(threads)}, line...)...)
			}
		}
	}
	return t
}

// allocTable is the heap objects that a step allocates.
func allocTable(f *run) table {
	threads := f.threads()
	batches := f.batches("step")
	t := table{left: 1, head: []string{"heap objects a step, default build"}}
	for _, b := range batches {
		t.head = append(t.head, fmt.Sprintf("batch %d", b))
	}
	for _, n := range timing.Nets() {
		line := []string{n.Name}
		for _, b := range batches {
			if r := f.find("default", "step", n.Name, b, threads[len(threads)-1], "avx2"); r != nil {
				line = append(line, fmt.Sprintf("%.0f", r.Allocs))
			}
		}
		if len(line) == len(t.head) {
			t.rows = append(t.rows, line)
		}
	}
	return t
}
