package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

const (
	// version is the libtorch that gotch v0.9.1's C++ file was generated for; its
	// functions changed signature in the releases before and after.
	version = "2.1.0"

	// commit is the pytorch commit of release 2.1.0, as the wheel's version.py has it.
	// The official archive carries the same string in its build-hash file.
	commit = "7bcf7da3a268b435777fe87c7794c382f444e86d"
)

// wheel is one file of PyPI, pinned.
type wheel struct {
	project string
	version string
	file    string
	sha256  string
}

// cpuWheels hold libtorch and what libtorch_cpu.so itself links to (readelf -d): the PyPI
// build is a CUDA build even where no CUDA is used. Versions are those that the metadata
// of torch 2.1.0 pins.
var cpuWheels = []wheel{
	{"nvidia-cuda-runtime-cu12", "12.1.105", "nvidia_cuda_runtime_cu12-12.1.105-py3-none-manylinux1_x86_64.whl", "6e258468ddf5796e25f1dc591a31029fa317d97a0a94ed93468fc86301d61e40"},
	{"nvidia-cuda-cupti-cu12", "12.1.105", "nvidia_cuda_cupti_cu12-12.1.105-py3-none-manylinux1_x86_64.whl", "e54fde3983165c624cb79254ae9818a456eb6e87a7fd4d56a2352c24ee542d7e"},
	{"torch", version, "torch-2.1.0-cp311-cp311-manylinux1_x86_64.whl", "2224622407ca52611cbc5b628106fde22ed8e679031f5a99ce286629fc696128"},
}

// cudaWheels are what libtorch_cuda.so links to besides. torch's metadata leaves
// nvidia-nvjitlink-cu12 to cuSPARSE without a version; CUDA 12.1's own is taken.
var cudaWheels = []wheel{
	{"nvidia-cuda-nvrtc-cu12", "12.1.105", "nvidia_cuda_nvrtc_cu12-12.1.105-py3-none-manylinux1_x86_64.whl", "339b385f50c309763ca65456ec75e17bbefcbbf2893f462cb8b90584cd27a1c2"},
	{"nvidia-cudnn-cu12", "8.9.2.26", "nvidia_cudnn_cu12-8.9.2.26-py3-none-manylinux1_x86_64.whl", "5ccb288774fdfb07a7e7025ffec286971c06d8d7b4fb162525334616d7629ff9"},
	{"nvidia-cublas-cu12", "12.1.3.1", "nvidia_cublas_cu12-12.1.3.1-py3-none-manylinux1_x86_64.whl", "ee53ccca76a6fc08fb9701aa95b6ceb242cdaab118c3bb152af4e579af792728"},
	{"nvidia-cufft-cu12", "11.0.2.54", "nvidia_cufft_cu12-11.0.2.54-py3-none-manylinux1_x86_64.whl", "794e3948a1aa71fd817c3775866943936774d1c14e7628c74f6f7417224cdf56"},
	{"nvidia-curand-cu12", "10.3.2.106", "nvidia_curand_cu12-10.3.2.106-py3-none-manylinux1_x86_64.whl", "9d264c5036dde4e64f1de8c50ae753237c12e0b1348738169cd0f8a536c0e1e0"},
	{"nvidia-cusolver-cu12", "11.4.5.107", "nvidia_cusolver_cu12-11.4.5.107-py3-none-manylinux1_x86_64.whl", "8a7ec542f0412294b15072fa7dab71d31334014a69f953004ea7a118206fe0dd"},
	{"nvidia-cusparse-cu12", "12.1.0.106", "nvidia_cusparse_cu12-12.1.0.106-py3-none-manylinux1_x86_64.whl", "f3b50f42cf363f86ab21f720998517a659a48131e8d538dc02f8768237bd884c"},
	{"nvidia-nccl-cu12", "2.18.1", "nvidia_nccl_cu12-2.18.1-py3-none-manylinux1_x86_64.whl", "1a6c4acefcbebfa6de320f412bf7866de856e786e0462326ba1bac40de0b5e71"},
	{"nvidia-nvtx-cu12", "12.1.105", "nvidia_nvtx_cu12-12.1.105-py3-none-manylinux1_x86_64.whl", "dc21cf308ca5691e7c04d962e213f8a4aa9bbfa23d95412f452254c2caeb09e5"},
	{"nvidia-nvjitlink-cu12", "12.1.105", "nvidia_nvjitlink_cu12-12.1.105-py3-none-manylinux1_x86_64.whl", "015fed699b390ce3b8a8578d822d501a4194d0a341d3859554067c1ab291cb85"},
}

// variant is a way to install libtorch: what to fetch and what to keep of it.
type variant struct {
	name    string
	wheels  []wheel
	archive string
	libs    []string // patterns of the files kept of torch/lib and nvidia/*/lib
	roots   []string // libraries whose dependencies must all be there
}

var cpu = variant{
	name:    "cpu",
	wheels:  cpuWheels,
	archive: "https://download.pytorch.org/libtorch/cpu/libtorch-shared-with-deps-2.1.0%2Bcpu.zip",
	// libtorch.so is left out on purpose: it holds no code, and it would pull in
	// libtorch_cuda.so. libgomp, libcudart and libcupti carry a hash in some builds.
	libs:  []string{"libc10.so", "libtorch_cpu.so", "libgomp*.so*", "libcudart*.so*", "libcupti*.so*"},
	roots: []string{"libtorch_cpu.so"},
}

var cu121 = variant{
	name:    "cu121",
	wheels:  append(append([]wheel{}, cpuWheels...), cudaWheels...),
	archive: "https://download.pytorch.org/libtorch/cu121/libtorch-shared-with-deps-2.1.0%2Bcu121.zip",
	libs:    []string{"*.so", "*.so.*"},
	roots:   []string{"libtorch.so", "libtorch_cpu.so", "libtorch_cuda.so", "libc10_cuda.so", "libtorch_cuda_linalg.so"},
}

// pythonOnly are libraries of the wheel that serve Python or its fuser alone.
var pythonOnly = []string{"libtorch_python.so", "libshm.so", "libnvfuser_codegen.so", "libtorch_global_deps.so"}

// keeps reports whether a file is wanted, by its slash-separated name in the layout of a
// Python installation: torch/lib/…, torch/include/…, nvidia/<part>/lib/….
func (v variant) keeps(name string) bool {
	dir, base := path.Split(name)
	switch {
	case strings.HasPrefix(name, "torch/include/"):
		return true
	case dir == "torch/lib/":
		return matches(v.libs, base) && !matches(pythonOnly, base)
	case strings.HasPrefix(name, "nvidia/"):
		ok, _ := path.Match("nvidia/*/lib/", dir)
		return ok && matches(v.libs, base)
	}
	// The licences ask to go along with the binaries.
	parent := path.Dir(name)
	return path.Dir(parent) == "." && strings.HasSuffix(parent, ".dist-info") && matches([]string{"LICENSE*", "License*"}, base)
}

func matches(patterns []string, name string) bool {
	for _, p := range patterns {
		if ok, _ := path.Match(p, name); ok {
			return true
		}
	}
	return false
}

// layout names the places inside an installation folder. The torch and nvidia folders
// stand side by side as in a Python installation because the libraries' own search paths
// ($ORIGIN/../../nvidia/…) expect it; that makes LD_LIBRARY_PATH needless.
type layout struct{ root string }

func (l layout) torch() string     { return filepath.Join(l.root, "torch") }
func (l layout) lib() string       { return filepath.Join(l.root, "torch", "lib") }
func (l layout) stubs() string     { return filepath.Join(l.root, "stubs") }
func (l layout) downloads() string { return filepath.Join(l.root, "downloads") }
func (l layout) manifest() string  { return filepath.Join(l.root, "manifest.json") }

// newLayout places the installation: dir if given, else in the user's cache.
func newLayout(dir string, v variant) (layout, error) {
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return layout{}, fmt.Errorf("no cache folder for this user (%w): set HOME or name a folder with -dir", err)
		}
		dir = filepath.Join(cache, "miniunlearn", "libtorch-"+version+"-"+v.name)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return layout{}, err
	}
	// Such a name can not be passed through CGO_LDFLAGS and the linker's -Wl, list.
	if strings.ContainsAny(abs, "\"',\n\t") {
		return layout{}, fmt.Errorf("folder %q holds a quote, comma or tab, which linker flags can not carry: name another with -dir", abs)
	}
	return layout{abs}, nil
}
