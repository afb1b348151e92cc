package main

import "fmt"

// asked is one line of what the project asks of its speed.
type asked struct {
	what    string
	most    bool // at most, not at least
	limit   float64
	measure func(f *run, threads int, isa string) ratio
	// The largest number of threads only; the AVX2 row only.
	wide, once bool
}

// peer is how many times as fast as PyTorch side takes a step at batch 128.
func peer(side, net string) func(*run, int, string) ratio {
	return func(f *run, threads int, isa string) ratio {
		return over(f.find("torch", "step", net, 128, threads, isa), f.find(side, "step", net, 128, threads, isa))
	}
}

func stock(side, net string) func(*run, int, string) ratio {
	return func(f *run, threads int, isa string) ratio {
		return over(f.find("stock", "step", net, 128, threads, isa), f.find(side, "step", net, 128, threads, isa))
	}
}

func hvp(net string) func(*run, int, string) ratio {
	return func(f *run, threads int, isa string) ratio {
		return over(f.find("default", "hvp", net, 128, threads, isa), f.find("default", "grad", net, 128, threads, isa))
	}
}

func many(net string) func(*run, int, string) ratio {
	return func(f *run, threads int, isa string) ratio {
		return over(f.find("default", "many-one-worker", net, 128, threads, isa), f.find("default", "many", net, 128, threads, isa))
	}
}

// product is the rate of the default build's 512³ products, in GFLOP/s.
func product(trans string) func(*run, int, string) ratio {
	return func(f *run, threads int, isa string) ratio {
		r := f.find("default", "gemm", trans, 512, threads, isa)
		if r == nil {
			return ratio{}
		}
		return rates(r, 2*512*512*512)
	}
}

var wanted = []asked{
	{what: "`openblas`, mlp step, times as fast as PyTorch", limit: 1, measure: peer("openblas", "mlp")},
	{what: "`openblas`, lenet5 step, times as fast as PyTorch", limit: 1, measure: peer("openblas", "lenet5")},
	{what: "`openblas`, resnet8 step, times as fast as PyTorch", limit: 0.7, measure: peer("openblas", "resnet8")},
	{what: "default, mlp step, times as fast as PyTorch", limit: 0.5, measure: peer("default", "mlp")},
	{what: "default, lenet5 step, times as fast as PyTorch", limit: 0.6, measure: peer("default", "lenet5")},
	{what: "default, lenet5 step, times as fast as stock Gorgonia", limit: 8, measure: stock("default", "lenet5"), once: true},
	{what: "`openblas`, lenet5 step, times as fast as stock Gorgonia", limit: 8, measure: stock("openblas", "lenet5")},
	{what: "mlp, Hessian-vector product in gradients", most: true, limit: 2.5, measure: hvp("mlp"), once: true},
	{what: "lenet5, Hessian-vector product in gradients", most: true, limit: 2.8, measure: hvp("lenet5"), once: true},
	{what: "resnet8, Hessian-vector product in gradients", most: true, limit: 3.0, measure: hvp("resnet8"), once: true},
	{what: "mlp, `TrainMany`'s throughput over one worker's", limit: 1.8, measure: many("mlp"), wide: true, once: true},
	{what: "lenet5, `TrainMany`'s throughput over one worker's", limit: 1.8, measure: many("lenet5"), wide: true, once: true},
	{what: "resnet8, `TrainMany`'s throughput over one worker's", limit: 1.8, measure: many("resnet8"), wide: true, once: true},
	{what: "default, 512³ NN in float32, GFLOP/s", limit: 70, measure: product("NN"), wide: true, once: true},
	{what: "default, 512³ TN in float32, GFLOP/s", limit: 70, measure: product("TN"), wide: true, once: true},
	{what: "default, 512³ NT in float32, GFLOP/s", limit: 70, measure: product("NT"), wide: true, once: true},
	{what: "default, 512³ TT in float32, GFLOP/s", limit: 70, measure: product("TT"), wide: true, once: true},
}

// askedTable sets what was asked for beside what was measured. The rows with
// both sides limited to AVX2 decide, on an idle machine; the unrestricted ones
// stand beside them.
func askedTable(f *run) table {
	t := table{head: []string{"at batch 128", "threads", "asked", "AVX2", "met", "unrestricted"}, left: 1}
	threads := f.threads()
	for _, a := range wanted {
		for i, n := range threads {
			if a.wide && i < len(threads)-1 {
				continue
			}
			r := a.measure(f, n, "avx2")
			sign, unrestricted := "≥", ""
			if a.most {
				sign = "≤"
			}
			if !a.once {
				unrestricted = a.measure(f, n, "native").String()
			}
			met := r.at(a.limit, a.most)
			if r.ok && !f.Machine.idle() {
				met = "not decided"
			}
			t.add(a.what, fmt.Sprint(n), fmt.Sprintf("%s %g", sign, a.limit), r.String(), met, unrestricted)
		}
	}
	return t
}
