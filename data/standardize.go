package data

import (
	"fmt"
	"math"
	"slices"
)

// Stats holds the mean and the standard deviation of every channel of a data
// set. An image, of three dimensions, has Shape[0] channels. In any other shape
// each value is a channel of its own: the columns of a table have units of
// their own, and share nothing.
type Stats struct {
	Mean []float64 `json:"mean"`
	Std  []float64 `json:"std"`
}

// ChannelStats measures ds, which must have at least one example. The standard
// deviation is that of the population. A channel whose values are all the same
// gets the deviation 1: it becomes 0 everywhere, and what another set has in it
// keeps its unit. The mean of such a channel is that very value.
func ChannelStats(ds *Dataset) Stats {
	if ds.Len() == 0 {
		panic(fmt.Sprintf("data: %q: statistics of no examples", ds.Name))
	}
	c := channels(ds)
	st := Stats{Mean: make([]float64, c), Std: make([]float64, c)}
	first, constant := make([]float32, c), make([]bool, c)
	size := ds.Features() / c
	for k := range c {
		first[k], constant[k] = ds.X[k*size], true
	}
	count := float64(len(ds.X) / c)
	eachChannel(ds, func(k int, x []float32) {
		for _, v := range x {
			st.Mean[k] += float64(v)
			constant[k] = constant[k] && v == first[k]
		}
	})
	for k := range st.Mean {
		st.Mean[k] /= count
	}
	// A second pass: sums of squares less squares of sums cancel.
	eachChannel(ds, func(k int, x []float32) {
		for _, v := range x {
			d := float64(v) - st.Mean[k]
			st.Std[k] += d * d
		}
	})
	for k, s := range st.Std {
		st.Std[k] = math.Sqrt(s / count)
		if constant[k] { // which rounding would hide from both sums
			st.Mean[k], st.Std[k] = float64(first[k]), 1
		}
	}
	return st
}

// Apply returns a copy of ds with (x − mean)/std in every channel. Labels and
// ids are shared with ds. It panics if the number of channels differs.
func (st Stats) Apply(ds *Dataset) *Dataset {
	if c := channels(ds); c != len(st.Mean) {
		panic(fmt.Sprintf("data: %q has %d channels, the statistics %d", ds.Name, c, len(st.Mean)))
	}
	out := *ds
	out.X = slices.Clone(ds.X)
	st.apply(out.X, ds.Features())
	return &out
}

// apply standardises examples of so many features where they stand.
func (st Stats) apply(x []float32, features int) {
	inv := make([]float64, len(st.Std))
	for k, s := range st.Std {
		inv[k] = 1 / s
	}
	size := features / len(st.Mean)
	for k := 0; len(x) > 0; k++ {
		if k == len(inv) {
			k = 0
		}
		mean, inv := st.Mean[k], inv[k]
		for i, v := range x[:size] {
			x[i] = float32((float64(v) - mean) * inv)
		}
		x = x[size:]
	}
}

// Standardize returns train and the others, in that order, with every channel
// brought to mean 0 and standard deviation 1 over train. The statistics come
// from train alone: those of a test set would leak into training. They become a
// part of the sets' Encoding.
func Standardize(train *Dataset, others ...*Dataset) []*Dataset {
	st := ChannelStats(train)
	var e Encoding
	if train.Encoding != nil {
		e = *train.Encoding
	}
	e.Stats = &st
	var out []*Dataset
	for _, d := range append([]*Dataset{train}, others...) {
		d = st.Apply(d)
		d.Encoding = &e
		out = append(out, d)
	}
	return out
}

// channels returns the number of channels of one example, see Stats.
func channels(ds *Dataset) int {
	if len(ds.Shape) == 3 {
		return ds.Shape[0]
	}
	return ds.Features()
}

// eachChannel calls f with every channel of every example, in order.
func eachChannel(ds *Dataset, f func(channel int, x []float32)) {
	c := channels(ds)
	size := ds.Features() / c
	for i := 0; i < len(ds.X); i += size {
		f(i/size%c, ds.X[i:i+size])
	}
}
