//go:build libtorch

#if !__has_include(<torch/csrc/api/include/torch/version.h>)
#error libtorch 2.1.0 is not in the include path. Run: eval "$(go run github.com/miniunlearn/miniunlearn/graph/libtorch/setup)"
#else
#include <torch/csrc/api/include/torch/version.h>
#if TORCH_VERSION_MAJOR != 2 || TORCH_VERSION_MINOR != 1 || TORCH_VERSION_PATCH != 0
#error this is another libtorch; gotch v0.9.1 needs 2.1.0. Run: eval "$(go run github.com/miniunlearn/miniunlearn/graph/libtorch/setup)"
#endif
#endif
