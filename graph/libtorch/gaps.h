//go:build libtorch

// What gotch leaves out of libtorch, for gaps.go. Tensors are owned by the
// caller. A function that makes one returns NULL, one that returns an int
// returns -1, if libtorch threw; gaps_error then has the text.

#include <stdint.h>

#ifdef __cplusplus
#include <ATen/core/Tensor.h>
typedef at::Tensor *gaps_tensor;
extern "C" {
#else
typedef void *gaps_tensor;
#endif

const char *gaps_error(void); // of this thread, until its next call
const char *gaps_version(void);
const char *gaps_cpu(void);

void gaps_configure(void);
void gaps_keep_memory(void);
void gaps_set_threads(int n);
int gaps_threads(void);

gaps_tensor gaps_wrap(void *data, int64_t n, int kind);
gaps_tensor gaps_view(gaps_tensor t, int64_t off, const int64_t *dims, int ndims);
gaps_tensor gaps_add(gaps_tensor a, gaps_tensor b, double alpha);
gaps_tensor gaps_add_(gaps_tensor a, gaps_tensor b, double alpha);
gaps_tensor gaps_gelu(gaps_tensor x);
gaps_tensor gaps_gelu_slope(gaps_tensor x);
gaps_tensor gaps_conv(gaps_tensor x, gaps_tensor k, int64_t stride, int64_t pad);
gaps_tensor gaps_conv_input_grad(gaps_tensor k, gaps_tensor g, const int64_t *x_dims, int64_t stride, int64_t pad);
gaps_tensor gaps_conv_kernel_grad(gaps_tensor x, gaps_tensor g, const int64_t *k_dims, int64_t stride, int64_t pad, int64_t groups);
gaps_tensor gaps_norm_grad(gaps_tensor xhat, gaps_tensor g);
gaps_tensor gaps_rows(gaps_tensor table, gaps_tensor index);
gaps_tensor gaps_add_rows(gaps_tensor rows, gaps_tensor index, int64_t n, int ordered);
int gaps_finite(gaps_tensor t);

#ifdef __cplusplus
}
#endif
