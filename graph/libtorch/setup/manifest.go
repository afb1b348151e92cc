package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// record is one installed file.
type record struct {
	Name   string `json:"name"` // slash-separated, relative to the installation folder
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// manifest is the mark of a finished installation.
type manifest struct {
	Version string   `json:"version"`
	Variant string   `json:"variant"`
	Source  string   `json:"source"`
	NewABI  bool     `json:"cxx11_abi"` // the libraries' std::string is GCC 5's or newer
	Files   []record `json:"files"`
}

func readManifest(l layout, v variant) (manifest, error) {
	var m manifest
	data, err := os.ReadFile(l.manifest())
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fmt.Errorf("%s: %w", l.manifest(), err)
	}
	if m.Version != version || m.Variant != v.name {
		return m, fmt.Errorf("%s is of libtorch %s (%s), not %s (%s)", l.manifest(), m.Version, m.Variant, version, v.name)
	}
	if len(m.Files) == 0 {
		return m, fmt.Errorf("%s lists no files", l.manifest())
	}
	return m, nil
}

func (m manifest) write(root *os.Root) error {
	data, err := json.MarshalIndent(m, "", " ")
	if err == nil {
		err = root.WriteFile("manifest.json.part", data, 0o644)
	}
	if err == nil {
		err = root.Rename("manifest.json.part", "manifest.json")
	}
	if err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	return nil
}

// check compares the files with the manifest: by size, which takes milliseconds and finds
// what a full disk or a cleaner leaves, or by content.
func (m manifest) check(l layout, content bool) error {
	for _, r := range m.Files {
		name := filepath.Join(l.root, filepath.FromSlash(r.Name))
		info, err := os.Stat(name)
		if err != nil {
			return errors.New(name + " is gone")
		}
		if info.Size() != r.Size {
			return fmt.Errorf("%s has %d bytes, not %d", name, info.Size(), r.Size)
		}
		if !content {
			continue
		}
		sum, err := fileSHA256(name)
		if err != nil {
			return err
		}
		if hex.EncodeToString(sum) != r.SHA256 {
			return fmt.Errorf("%s has changed since it was installed", name)
		}
	}
	return nil
}

func (m manifest) bytes() int64 {
	var n int64
	for _, r := range m.Files {
		n += r.Size
	}
	return n
}
