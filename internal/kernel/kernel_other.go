//go:build !amd64

package kernel

var fast = false

func add(_, _ []float32) int                    { return 0 }
func addReLU(_, _ []float32, _ float32) int     { return 0 }
func addRowReLU(_, _, _ []float32) int          { return 0 }
func reluGrad(_, _, _ []float32) int            { return 0 }
func maxPairs(_, _ []float32, _ int) int        { return 0 }
func gatherPairs(_, _, _ []float32, _ int) int  { return 0 }
func scatterPairs(_, _, _ []float32, _ int) int { return 0 }

func affine(_, _ []float32, _, _ float32) int         { return 0 }
func lin2(_, _, _ []float32, _, _ float32) int        { return 0 }
func evens(_, _ []float32) int                        { return 0 }
func sumDot(_, _ []float32) (sum, dot float64, n int) { return 0, 0, 0 }
func dot(_, _ []float32) (float64, int)               { return 0, 0 }
func squaredDistance(_, _ []float32) (float64, int)   { return 0, 0 }

func slide([]float32, int, []float32, int, []float32, []int32, int, int) {
	panic("kernel: no assembly")
}

func correlate([]float32, int, []float32, int, []float32, []int32, int, int, Images) {
	panic("kernel: no assembly")
}
