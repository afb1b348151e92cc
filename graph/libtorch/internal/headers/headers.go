//go:build libtorch

package headers

// #cgo CXXFLAGS: -std=c++17
// #cgo LDFLAGS: -lstdc++ -lc10
import "C" // for the C++ file
