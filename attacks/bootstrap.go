package attacks

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"gonum.org/v1/gonum/mathext"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// Statistic is a number computed from two samples. It must not keep or change
// its arguments and must be safe for concurrent calls; both arrive sorted.
type Statistic func(members, nonMembers []float64) (float64, error)

// Bootstrap configures BCa intervals. The zero value is usable: 2000
// resamples, level 0.95, seed 0, two workers.
type Bootstrap struct {
	Resamples int     // 0 means 2000
	Level     float64 // 0 means 0.95
	Seed      uint64
	Workers   int // 0 means 2; the result does not depend on it
}

// jackknifeGroups bounds the cost of the acceleration: samples above it are
// deleted in interleaved groups instead of one by one.
const jackknifeGroups = 256

// BCa returns the bias-corrected and accelerated interval of Efron (JASA 82,
// 1987) for a statistic of two independent samples, which are resampled
// separately. The acceleration is the two-sample jackknife's (Efron &
// Tibshirani, An Introduction to the Bootstrap, ch. 14), with groups of
// examples deleted above 256 examples per sample.
//
// Resample i uses a generator seeded by (Seed, i) and the samples are sorted
// first: neither workers nor the order of examples change a bit. A statistic
// without spread returns [v, v] with Degenerate set.
func (b Bootstrap) BCa(stat Statistic, members, nonMembers []float64) (Interval, error) {
	const op = "BCa"
	if err := checkPair(op, members, nonMembers); err != nil {
		return Interval{}, err
	}
	n, level := orDefault(b.Resamples, 2000), orDefault(b.Level, 0.95)
	if err := checkOpen(op, "Level", level); err != nil {
		return Interval{}, err
	}
	if n < 100 {
		return Interval{}, failf(op, ErrRange, "%d resamples, want at least 100", n)
	}
	in, out := sorted(members), sorted(nonMembers)
	est, err := stat(slices.Clone(in), slices.Clone(out))
	if err != nil {
		return Interval{}, fmt.Errorf("attacks: %s: statistic: %w", op, err)
	}
	reps, err := b.replicates(stat, in, out, n)
	if err != nil {
		return Interval{}, err
	}
	iv := Interval{Estimate: est, Level: level, Method: "bca"}
	if reps[0] == reps[n-1] {
		iv.Low, iv.High, iv.Degenerate = reps[0], reps[n-1], true
		return iv, nil
	}
	accel, err := acceleration(stat, in, out)
	if err != nil {
		return Interval{}, err
	}
	// Ties with the estimate count half: discrete statistics (KS, TPR) would
	// otherwise be pushed to one side.
	below := 0.0
	for _, r := range reps {
		if r < est {
			below++
		} else if r == est {
			below += 0.5
		}
	}
	z0 := mathext.NormalQuantile(min(max(below, 0.5), float64(n)-0.5) / float64(n))
	end := func(p float64) float64 {
		z := z0 + mathext.NormalQuantile(p)
		den := 1 - accel*z
		if den <= 0 { // outside BCa's domain: the extreme replicate
			return quantile(reps, math.Round(p))
		}
		return quantile(reps, normalCDF(z0+z/den))
	}
	iv.Low, iv.High = end((1-level)/2), end((1+level)/2)
	return iv, nil
}

// AUCInterval returns the BCa interval of the Mann–Whitney AUC.
func (b Bootstrap) AUCInterval(members, nonMembers []float64) (Interval, error) {
	return b.BCa(AUC, members, nonMembers)
}

// replicates returns the sorted bootstrap distribution.
func (b Bootstrap) replicates(stat Statistic, in, out []float64, n int) ([]float64, error) {
	reps, errs := make([]float64, n), make([]error, n)
	workers := min(orDefault(b.Workers, 2), n)
	var wg sync.WaitGroup
	for w := range max(workers, 1) {
		wg.Go(func() {
			bi, bo := resampler{src: in}, resampler{src: out}
			for i := w; i < n; i += max(workers, 1) {
				rng := purpose.Rand(b.Seed, purpose.Bootstrap, uint64(i))
				reps[i], errs[i] = stat(bi.draw(rng), bo.draw(rng))
			}
		})
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("attacks: BCa: statistic on resample %d: %w", i, err)
		}
		if math.IsNaN(reps[i]) {
			return nil, &ValueError{Op: "BCa", Arg: "statistic on resample", Index: i, Value: reps[i], Err: ErrNotFinite}
		}
	}
	slices.Sort(reps)
	return reps, nil
}

// resampler draws with replacement and keeps the order: counting how often
// each element of a sorted sample occurs makes the resample sorted for free.
type resampler struct {
	src, buf []float64
	count    []int32
}

func (r *resampler) draw(rng *rand.Rand) []float64 {
	if r.count == nil {
		r.count, r.buf = make([]int32, len(r.src)), make([]float64, len(r.src))
	}
	clear(r.count)
	for range r.src {
		r.count[rng.IntN(len(r.src))]++
	}
	k := 0
	for i, c := range r.count {
		for ; c > 0; c-- {
			r.buf[k] = r.src[i]
			k++
		}
	}
	return r.buf
}

// acceleration is Σ U³ / (6 (Σ U²)^{3/2}) over both samples' jackknife
// influences U, each scaled by its own sample's number of groups.
func acceleration(stat Statistic, in, out []float64) (float64, error) {
	var s2, s3 float64
	for side, sample := range [][]float64{in, out} {
		g := min(len(sample), jackknifeGroups)
		if g < 2 {
			continue
		}
		theta, mean := make([]float64, g), 0.0
		for k := range g {
			kept := make([]float64, 0, len(sample))
			for i, v := range sample {
				if i%g != k { // interleaved, so that every group spans the range
					kept = append(kept, v)
				}
			}
			var err error
			if side == 0 {
				theta[k], err = stat(kept, slices.Clone(out))
			} else {
				theta[k], err = stat(slices.Clone(in), kept)
			}
			if err != nil {
				return 0, fmt.Errorf("attacks: BCa: statistic without group %d: %w", k, err)
			}
			mean += theta[k] / float64(g)
		}
		for _, t := range theta {
			u := (float64(g) - 1) * (mean - t) / float64(g)
			s2 += u * u
			s3 += u * u * u
		}
	}
	if s2 == 0 {
		return 0, nil
	}
	return s3 / (6 * s2 * math.Sqrt(s2)), nil
}
