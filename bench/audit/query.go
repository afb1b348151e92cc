package audit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// Query is another way to ask about an example than to show it: by a copy that
// somebody has who does not have the example itself. What a method hides at the
// example it may show beside it.
type Query struct {
	// Name says what is done, all of it: an audit's folder knows a query by its name.
	Name string
	// Copy writes the copy of src to dst. Shape is that of the example, deviation the
	// standard deviation of each feature over the data, and rng belongs to the example.
	Copy func(dst, src []float32, shape []int, deviation []float32, rng *rand.Rand)

	images bool // of [channels, height, width] only
}

// Noise adds Gaussian noise of scale standard deviations to each feature.
func Noise(scale float64) Query {
	return Query{Name: fmt.Sprintf("noise:%g", scale), Copy: func(dst, src []float32, _ []int, deviation []float32, rng *rand.Rand) {
		for i, v := range src {
			dst[i] = v + float32(scale*rng.NormFloat64())*deviation[i]
		}
	}}
}

// Shift moves an image [channels, height, width] by that many pixels up, down, left
// or right, drawn for each example, and fills what comes in with the edge.
func Shift(pixels int) Query {
	return Query{images: true, Name: fmt.Sprintf("shift:%d", pixels), Copy: func(dst, src []float32, shape []int, _ []float32, rng *rand.Rand) {
		step := [4][2]int{{pixels, 0}, {-pixels, 0}, {0, pixels}, {0, -pixels}}[rng.IntN(4)]
		h, w := shape[1], shape[2]
		for c := range shape[0] {
			for y := range h {
				for x := range w {
					fromY, fromX := min(max(y+step[0], 0), h-1), min(max(x+step[1], 0), w-1)
					dst[(c*h+y)*w+x] = src[(c*h+fromY)*w+fromX]
				}
			}
		}
	}}
}

// Mirror turns an image left to right.
func Mirror() Query {
	return Query{images: true, Name: "mirror", Copy: func(dst, src []float32, shape []int, _ []float32, _ *rand.Rand) {
		w := shape[2]
		for i := range src {
			dst[i] = src[i-i%w+w-1-i%w]
		}
	}}
}

// Queries returns the copies that an audit asks about by default: of images one
// moved by a pixel, one mirrored, and one with noise; of other data two with noise,
// little and much.
func Queries(shape []int) []Query {
	if len(shape) == 3 && shape[1] > 2 && shape[2] > 2 {
		return []Query{Shift(1), Mirror(), Noise(0.25)}
	}
	return []Query{Noise(0.25), Noise(1)}
}

// ParseQueries reads a list such as "shift:1,mirror,noise:0.25", or "none".
func ParseQueries(list string) ([]Query, error) {
	queries := []Query{}
	if list == "none" {
		return queries, nil
	}
	for notation := range strings.SplitSeq(list, ",") {
		name, arg, _ := strings.Cut(strings.TrimSpace(notation), ":")
		number, err := strconv.ParseFloat(arg, 64)
		switch {
		case name == "mirror" && arg == "":
			queries = append(queries, Mirror())
		case name == "noise" && err == nil && number > 0 && !math.IsInf(number, 0):
			queries = append(queries, Noise(number))
		case name == "shift" && err == nil && number >= 1 && number == math.Trunc(number) && number < 1e6:
			queries = append(queries, Shift(int(number)))
		default:
			return nil, fmt.Errorf("audit: unknown query %q; known are noise:SCALE, shift:PIXELS and mirror, or none", notation)
		}
	}
	return queries, nil
}

// fits reports a query that the data's shape does not allow.
func (q Query) fits(shape []int) error {
	if q.images && len(shape) != 3 {
		return bad("query %s needs images of [C, H, W], not examples of %v", q.Name, shape)
	}
	return nil
}

// copies returns a data set of copies for each query.
func copies(ds *data.Dataset, queries []Query, deviation []float32, seed uint64) ([]*data.Dataset, error) {
	var out []*data.Dataset
	for q, query := range queries {
		c := *ds
		c.X = make([]float32, len(ds.X))
		f := ds.Features()
		own := purpose.Seed(seed, purpose.Query, uint64(q))
		for i := range ds.Len() {
			dst := c.X[i*f : (i+1)*f]
			query.Copy(dst, ds.Row(i), ds.Shape, deviation, purpose.Rand(own, purpose.Copy, uint64(ds.ID(i))))
			for _, v := range dst {
				if v-v != 0 {
					return nil, bad("query %s makes %v of example %d", query.Name, v, ds.ID(i))
				}
			}
		}
		out = append(out, &c)
	}
	return out, nil
}

// deviations returns the standard deviation of each feature.
func deviations(ds *data.Dataset) []float32 {
	f, n := ds.Features(), float64(ds.Len())
	mean, square := make([]float64, f), make([]float64, f)
	for i := range ds.Len() {
		for j, v := range ds.Row(i) {
			mean[j] += float64(v) / n
		}
	}
	for i := range ds.Len() {
		for j, v := range ds.Row(i) {
			square[j] += (float64(v) - mean[j]) * (float64(v) - mean[j]) / n
		}
	}
	out := make([]float32, f)
	for j, s := range square {
		out[j] = float32(math.Sqrt(s))
	}
	return out
}
