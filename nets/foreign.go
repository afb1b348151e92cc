package nets

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"
)

// toSafetensors is how PyTorch's own files become safetensors.
const toSafetensors = `python -c "import torch, safetensors.torch as s; s.save_file(torch.load('IN', map_location='cpu', weights_only=True), 'OUT.safetensors')"`

const pickle = "it is a pickle, as older versions of PyTorch and pickle.dump save; convert it with " + toSafetensors

// foreignFormat says what the file at path is and how to convert it, if it
// begins as no safetensors file does, and "" if it may be one.
func foreignFormat(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if info.IsDir() {
		return "it is a folder; name the file in it", nil
	}
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", err
	}
	head = head[:n]
	// First what may be one: the length of a header can begin as other files do.
	if n > 8 && head[8] == '{' && binary.LittleEndian.Uint64(head) <= uint64(info.Size())-8 {
		return "", nil
	}
	for _, k := range []struct{ begins, is string }{
		{"PK\x03\x04", archive(head)},
		{"\x80\x02", pickle}, {"\x80\x03", pickle}, {"\x80\x04", pickle}, {"\x80\x05", pickle}, // its protocols
		{"\x93NUMPY", `it is a NumPy array; convert a dict of arrays, by the names of the parameters, with python -c "import safetensors.numpy as s; s.save_file({...}, 'OUT.safetensors')"`},
		{"\x89HDF\r\n\x1a\n", "it is an HDF5 file, as Keras saves; load it there and save a dict of the weights, by the names of the parameters, with safetensors.numpy.save_file"},
		{"GGUF", "it is a GGUF file; convert it to safetensors with the tool that made it"},
		{"\x1f\x8b", "it is compressed with gzip; decompress it with gunzip"},
		{"\x28\xb5\x2f\xfd", "it is compressed with zstd; decompress it with unzstd"},
		{"version https://git-lfs", "it is a pointer of Git LFS, not the file itself; fetch it with git lfs pull"},
	} {
		if bytes.HasPrefix(head, []byte(k.begins)) {
			return k.is, nil
		}
	}
	switch {
	case n == 0:
		return "it is empty", nil
	case n < 8:
		return fmt.Sprintf("it has %d bytes, less than a header", n), nil
	case isText(head):
		return `it is a text, such as CSV or JSON; convert the numbers with python -c "import safetensors.numpy as s; s.save_file({'NAME': array, ...}, 'OUT.safetensors')", one array of its shape for the name of each parameter`, nil
	}
	return "it is no safetensors file, or it is cut", nil
}

// archive says what a file that begins as a ZIP archive is.
func archive(head []byte) string {
	if bytes.Contains(head, []byte(".npy")) {
		return `it is a NumPy archive; convert it with python -c "import numpy, safetensors.numpy as s; s.save_file(dict(numpy.load('IN')), 'OUT.safetensors')"`
	}
	if bytes.Contains(head, []byte("data.pkl")) {
		return "it is a file of PyTorch's torch.save; convert it with " + toSafetensors
	}
	return "it is a ZIP archive; if torch.save made it, convert it with " + toSafetensors
}

// isText reports whether a file begins with printable characters only.
func isText(head []byte) bool {
	for len(head) > 0 {
		r, size := utf8.DecodeRune(head)
		switch {
		case r == utf8.RuneError && size == 1:
			return len(head) < utf8.UTFMax // a character that the head has cut
		case r < ' ' && r != '\t' && r != '\n' && r != '\r':
			return false
		}
		head = head[size:]
	}
	return true
}
