// Setup puts libtorch 2.1.0, the release that gotch v0.9.1 binds, into the user's cache
// and prints the environment under which cgo compiles and links against it:
//
//	eval "$(go run ./graph/libtorch/setup)"
//	go test -tags libtorch ./...
//
// Standard output carries nothing but the exports; progress and errors go to standard
// error. A finished installation is recognised by its manifest, so the command may stand
// in a shell profile or a CI script: the second run only prints. A run that was killed
// goes on where it stopped.
//
// libtorch comes from one of three places:
//
//   - PyPI (the default): the wheel of torch 2.1.0 holds the libraries and headers, and
//     a few nvidia wheels hold what these libraries link to. pip fetches them, under the
//     user's own index settings; the checksums are pinned in plan.go.
//   - -source archive: the official libtorch archive. No checksum is pinned for it, so
//     -sha256 takes one; without it the build's git commit is what identifies it.
//   - -from: a folder with an unpacked libtorch (the torch folder of a Python
//     installation will do) or with the wheels themselves, for machines without a network.
//
// The CPU installation leaves out libtorch_cuda.so and everything that only it needs:
// about 500 MB instead of 4 GB. gotch's linker flags name CUDA libraries all the same;
// empty linker scripts of those names satisfy them. -cuda keeps the real ones.
//
// Nothing outside the installation folder is written, no root is needed, and the module
// cache is left alone.
package main
