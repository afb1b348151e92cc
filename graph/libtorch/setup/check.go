package main

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// systemLibraries come with the C and C++ runtimes, or with the NVIDIA driver; everything
// else that a library links to must be in the installation.
var systemLibraries = []string{
	"ld-linux-x86-64.so.2", "libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0",
	"libutil.so.1", "libgcc_s.so.1", "libstdc++.so.6", "libz.so.1", "libcuda.so.1",
}

// checkTorch verifies that what was installed is libtorch 2.1.0 and complete, and finds
// out which std::string it was compiled with.
func checkTorch(l layout, v variant) (newABI bool, err error) {
	if err := checkVersion(l); err != nil {
		return false, err
	}
	for _, lib := range v.roots {
		if _, err := os.Stat(filepath.Join(l.lib(), lib)); err != nil {
			return false, fmt.Errorf("%s has no %s: what it was installed from is not a libtorch for %s", l.lib(), lib, v.name)
		}
	}
	if err := checkLinks(l, v.roots); err != nil {
		return false, err
	}
	return stringABI(filepath.Join(l.lib(), "libc10.so"))
}

var versionLine = regexp.MustCompile(`TORCH_VERSION\s*\\?\s*"([^"]*)"`)

func checkVersion(l layout) error {
	name := filepath.Join(l.torch(), "include", "torch", "csrc", "api", "include", "torch", "version.h")
	header, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("the headers of libtorch are not there: %w", err)
	}
	match := versionLine.FindSubmatch(header)
	if match == nil {
		return fmt.Errorf("%s does not say a version", name)
	}
	if got := string(match[1]); got != version {
		return fmt.Errorf("this is libtorch %s; gotch v0.9.1 compiles against %s only: install from another folder or without -from", got, version)
	}
	return nil
}

// checkLinks follows the DT_NEEDED entries from the given libraries and reports the first
// that neither the installation nor the system has.
func checkLinks(l layout, libs []string) error {
	have := map[string]string{}
	for _, pattern := range []string{filepath.Join(l.lib(), "*.so*"), filepath.Join(l.root, "nvidia", "*", "lib", "*.so*")} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, f := range found {
			have[filepath.Base(f)] = f
		}
	}
	seen := map[string]bool{}
	for queue := libs; len(queue) > 0; queue = queue[1:] {
		name := queue[0]
		if seen[name] {
			continue
		}
		seen[name] = true
		needed, err := neededBy(have[name])
		if err != nil {
			return err
		}
		for _, n := range needed {
			switch {
			case have[n] != "":
				queue = append(queue, n)
			case !matches(systemLibraries, n):
				return fmt.Errorf("%s links to %s, which is neither in %s nor part of the system: what libtorch was installed from is incomplete", name, n, l.root)
			}
		}
	}
	return nil
}

func neededBy(name string) ([]string, error) {
	f, err := elf.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%s is no shared library: %w", name, err)
	}
	defer f.Close()
	if f.Machine != elf.EM_X86_64 {
		return nil, fmt.Errorf("%s is for %v, not x86-64", name, f.Machine)
	}
	return f.DynString(elf.DT_NEEDED)
}

// c10Error is the mangled name of c10::Error(SourceLocation, std::string) up to its
// string: Ss in the old ABI, St7__cxx11… in the new.
const c10Error = "_ZN3c105ErrorC1ENS_14SourceLocationE"

// stringABI reports whether a libc10 was compiled with the std::string of GCC 5 and later.
// A program compiled with the other one fails to link, with undefined references.
func stringABI(libc10 string) (newABI bool, err error) {
	f, err := elf.Open(libc10)
	if err != nil {
		return false, fmt.Errorf("%s is no shared library: %w", libc10, err)
	}
	defer f.Close()
	symbols, err := f.DynamicSymbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return false, fmt.Errorf("%s: %w", libc10, err)
	}
	for _, s := range symbols {
		if rest, ok := strings.CutPrefix(s.Name, c10Error); ok {
			return strings.Contains(rest, "__cxx11"), nil
		}
	}
	return false, fmt.Errorf("%s does not define c10::Error: it is not the libc10 of libtorch %s", libc10, version)
}
