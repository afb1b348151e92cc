//go:build libtorch

#if !__has_include(<torch/csrc/api/include/torch/version.h>)
#error libtorch 2.1.0 is not in the include path. Run: eval "$(go run github.com/miniunlearn/miniunlearn/graph/libtorch/setup)"
#else
#include <torch/csrc/api/include/torch/version.h>
#if TORCH_VERSION_MAJOR != 2 || TORCH_VERSION_MINOR != 1 || TORCH_VERSION_PATCH != 0
#error this is another libtorch; gotch v0.9.1 needs 2.1.0. Run: eval "$(go run github.com/miniunlearn/miniunlearn/graph/libtorch/setup)"
#else
#include <c10/util/Exception.h>

// A constructor that takes a std::string, so that the linker misses it in a
// libtorch of the other C++ ABI. It says in which function: the name is the
// message.
extern "C" void this_libtorch_has_another_string_ABI__run_graph_libtorch_setup_again() {
  throw c10::Error({"", "", 0}, std::string());
}
#endif
#endif
