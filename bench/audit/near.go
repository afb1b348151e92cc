package audit

import (
	"cmp"
	"slices"
	"sync"

	"github.com/miniunlearn/miniunlearn/data"
)

// neighbours is the number of nearest examples of the same class that are taken
// for an example's neighbourhood.
const neighbours = 5

// nearest returns, for each of the audited examples, the positions of its nearest
// neighbours of the same class, in Euclidean distance of standardised features.
func nearest(ds *data.Dataset, audited []int, deviation []float32, workers int) [][]int32 {
	x := make([]float32, len(ds.X))
	f := ds.Features()
	for i, v := range ds.X {
		if sd := deviation[i%f]; sd > 0 {
			x[i] = v / sd
		}
	}
	byClass := make([][]int32, ds.Classes)
	for i, y := range ds.Y {
		byClass[y] = append(byClass[y], int32(i))
	}
	type candidate struct {
		distance float32
		at       int32
	}
	out := make([][]int32, len(audited))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			var found []candidate
			for k := w; k < len(audited); k += workers {
				e := audited[k]
				found = found[:0]
				for _, i := range byClass[ds.Y[e]] {
					if int(i) != e {
						found = append(found, candidate{squaredDistance(x[e*f:(e+1)*f], x[int(i)*f:(int(i)+1)*f]), i})
					}
				}
				slices.SortFunc(found, func(a, b candidate) int {
					return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.at, b.at))
				})
				for _, c := range found[:min(neighbours, len(found))] {
					out[k] = append(out[k], c.at)
				}
			}
		})
	}
	wg.Wait()
	return out
}

func squaredDistance(a, b []float32) float32 {
	var s float32
	for i, v := range a {
		d := v - b[i]
		s += d * d
	}
	return s
}
