package main

import (
	"io"
	"path/filepath"
	"strings"
)

// writeExports prints the environment for cgo in shell form. The flags must stay the same
// from run to run: a change of one makes Go compile gotch's C++ file again, for minutes.
func writeExports(w io.Writer, l layout, v variant, m manifest) error {
	_, err := io.WriteString(w, export("CGO_CXXFLAGS", cxxFlags(l, m))+export("CGO_LDFLAGS", ldFlags(l, v)))
	return err
}

func cxxFlags(l layout, m manifest) []string {
	// gotch sets the ABI for its C files only, and the one file that matters is C++.
	abi := "-D_GLIBCXX_USE_CXX11_ABI=0"
	if m.NewABI {
		abi = "-D_GLIBCXX_USE_CXX11_ABI=1"
	}
	include := filepath.Join(l.torch(), "include")
	return []string{
		"-O2", "-g0", abi,
		"-I" + include,
		"-I" + filepath.Join(include, "torch", "csrc", "api", "include"),
	}
}

func ldFlags(l layout, v variant) []string {
	// The stubs come first, for the one that hides a real library (nvrtcShim).
	flags := []string{"-L" + l.stubs(), "-L" + l.lib(), "-Wl,-rpath," + l.lib()}
	if v.name == cu121.name {
		// libtorch_cuda.so registers its kernels when it is loaded and exports nothing
		// that gotch calls, so a linker left to itself may drop it.
		flags = append(flags, "-Wl,--no-as-needed", "-ltorch_cuda", "-ltorch")
	}
	return flags
}

// export joins flags in the form that the go command splits again, quoted for the shell.
func export(name string, flags []string) string {
	quoted := make([]string, len(flags))
	for i, f := range flags {
		if strings.Contains(f, " ") {
			f = `"` + f + `"`
		}
		quoted[i] = f
	}
	value := strings.ReplaceAll(strings.Join(quoted, " "), "'", `'\''`)
	return "export " + name + "='" + value + "'\n"
}
