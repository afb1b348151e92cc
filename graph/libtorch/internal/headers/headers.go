//go:build libtorch

package headers

import "C" // for the C++ file
