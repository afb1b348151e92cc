package attacks

import (
	"math/rand/v2"
	"testing"
)

func BenchmarkAUC(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	in, out := normals(rng, 1, 1, 10000), normals(rng, 0, 1, 10000)
	for b.Loop() {
		if _, err := AUC(in, out); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(20000*float64(b.N)/b.Elapsed().Seconds(), "examples/s")
}

func BenchmarkLogitGap(b *testing.B) {
	rng := rand.New(rand.NewPCG(2, 1))
	logits, labels := normals(rng, 0, 3, 100000), make([]int32, 10000)
	for b.Loop() {
		if _, err := LogitGap(logits, 10, labels); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(10000*float64(b.N)/b.Elapsed().Seconds(), "examples/s")
}

// The size of the audit in docs/performance.md: 64 models, 10 000 examples.
func BenchmarkULiRA(b *testing.B) {
	s, t, err := SplitModels(world{models: 64, examples: 10000, in: 2, forgotten: 0}.draw(1), 1)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := (ULiRA{Fit: StudentT}).Audit(b.Context(), s, t); err != nil {
			b.Fatal(err)
		}
	}
}

// The size of the competition's metric: 512 models of each kind.
func BenchmarkForgettingQuality(b *testing.B) {
	rng := rand.New(rand.NewPCG(3, 1))
	u, v := models(rng, 512, 200, 0), models(rng, 512, 200, 0)
	for b.Loop() {
		if _, err := (ForgettingQuality{}).Score(u, v, 200); err != nil {
			b.Fatal(err)
		}
	}
}
