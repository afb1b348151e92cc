//go:build !openblas && !amd64

package gemm

func pick() string { return "portable" }

func pick32() *kernel[float32] { return portable[float32]() }

func pick64() *kernel[float64] { return portable[float64]() }
