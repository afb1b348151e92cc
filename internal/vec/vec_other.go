//go:build !amd64

package vec

// The functions below return how many elements they have done.

func axpy32(float32, []float32, []float32) int        { return 0 }
func scale32(float32, []float32) int                  { return 0 }
func add32(_, _, _ []float32) int                     { return 0 }
func sub32(_, _, _ []float32) int                     { return 0 }
func mul32(_, _, _ []float32) int                     { return 0 }
func exp32(_, _ []float32) int                        { return 0 }
func tanh32(_, _ []float32) int                       { return 0 }
func dot32(*[lanes]float64, []float32, []float32) int { return 0 }

func momentum32(_, _, _ float32, _, _, _ []float32) int { return 0 }
