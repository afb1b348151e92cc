package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// gotchLibraries are the -l names in gotch v0.9.1's cgo flags that a CPU installation, or
// a machine without the CUDA toolkit, does not have. None of gotch's code calls into them.
var gotchLibraries = []string{
	"torch", "torch_cuda", "c10_cuda", nvrtcShim,
	"cuda", "cudart", "cublas", "cudnn", "nvrtc-builtins", "nvrtc", "nvToolsExt",
}

// nvrtcShim has a stub even where the real library is: libtorch_cuda.so opens that one by
// itself when it compiles a kernel, and to link to it takes the libcuda.so.1 of an NVIDIA
// driver, which a machine that only builds does not have.
const nvrtcShim = "caffe2_nvrtc"

// stub is a linker script: GNU ld and lld take a text file for a library, and one without
// commands adds nothing to the link and no dependency to the program.
const stub = "/* GNU ld script. Stands in for a library that gotch names and does not use. */\n"

// writeStubs writes a stub for every name that torch/lib does not serve, and drops what
// an earlier installation left.
func writeStubs(root *os.Root) ([]record, error) {
	if err := root.RemoveAll("stubs"); err != nil {
		return nil, fmt.Errorf("clearing the stub libraries: %w", err)
	}
	var files []record
	for _, lib := range gotchLibraries {
		base := "lib" + lib + ".so"
		_, err := root.Stat("torch/lib/" + base)
		if err == nil && lib != nvrtcShim {
			continue
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		rec, err := place(root, "stubs/"+base, strings.NewReader(stub))
		if err != nil {
			return nil, fmt.Errorf("writing the stub library %s: %w", base, err)
		}
		files = append(files, rec)
	}
	return files, nil
}
