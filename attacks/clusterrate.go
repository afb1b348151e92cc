package attacks

import "gonum.org/v1/gonum/mathext"

// clusteredRate is a proportion of trials that are dependent within clusters,
// such as how many of the scores of some models lie above a threshold.
//
// Its bounds are those of Korn & Graubard (Survey Methodology 24, 1998):
// Clopper–Pearson's with the number of independent trials that would have the
// variance of the clusters' totals, shrunk by the square of the ratio of
// Student's quantiles with n−1 and clusters−1 degrees of freedom. Where none or
// all of the trials succeed no variance can be estimated. Each cluster is then
// one trial, which is exact for clusters of one size: the rate is at most the
// probability that a cluster has any success, and none of the clusters had.
type clusteredRate struct {
	n, clusters int
	p           float64
	trials      float64 // equivalent independent ones; never more than n
}

func newClusteredRate(success []bool, cluster []int) clusteredRate {
	total, of := map[int]float64{}, map[int]float64{}
	r := clusteredRate{n: len(success)}
	for i, ok := range success {
		of[cluster[i]]++
		if ok {
			total[cluster[i]]++
			r.p++
		}
	}
	r.p /= float64(r.n)
	r.clusters = len(of)
	k := float64(r.clusters)
	if r.p == 0 || r.p == 1 || r.clusters < 2 {
		r.trials = k
		return r
	}
	// Sorted: the order of a map must not change a bit.
	squares := make([]float64, 0, len(of))
	for c, size := range of {
		d := total[c] - r.p*size
		squares = append(squares, d*d)
	}
	v := sum(sorted(squares)) * k / (k - 1) / float64(r.n) / float64(r.n)
	r.trials = min(r.p*(1-r.p)/v, float64(r.n))
	return r
}

// bounds returns the one-sided lower and upper bound, each missing the rate
// with probability at most alpha: both together are an interval of level
// 1 − 2·alpha. One cluster says nothing.
func (r clusteredRate) bounds(alpha float64) (low, high float64) {
	if r.clusters < 2 {
		return 0, 1
	}
	trials := r.trials
	if r.p > 0 && r.p < 1 {
		q := studentQuantile(1-alpha, float64(r.n-1)) / studentQuantile(1-alpha, float64(r.clusters-1))
		trials *= q * q
	}
	low, high = 0, 1
	if r.p > 0 {
		low = mathext.InvRegIncBeta(r.p*trials, (1-r.p)*trials+1, alpha)
	}
	if r.p < 1 {
		high = mathext.InvRegIncBeta(r.p*trials+1, (1-r.p)*trials, 1-alpha)
	}
	return low, high
}
