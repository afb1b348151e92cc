// Package arrays reads arrays by name: npy files, npz archives of them as
// numpy.savez writes, and safetensors. An [Array] is a view of a file's bytes; it
// becomes numbers element by element, whatever its type and order.
//
// A file is mapped, not read, where it is not compressed, and what its header
// claims is compared with its bytes before anything is set aside. Objects, which
// numpy pickles, are refused. Most users read arrays by data.Open.
package arrays
