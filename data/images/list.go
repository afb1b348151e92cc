package images

import (
	"archive/tar"
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/miniunlearn/miniunlearn/data/files"
)

// The parts that the first folder of a path can name.
const (
	Whole      = "" // the file names no part
	Train      = "train"
	Validation = "validation"
	Test       = "test"
)

// parts are the folders that name a part.
var parts = map[string]string{"train": Train, "training": Train, "validation": Validation, "valid": Validation, "val": Validation, "test": Test, "testing": Test}

// File is one image.
type File struct {
	Name  string // its path below the folder, with slashes
	Part  string
	Class string
	Size  int64 // bytes

	zip  *zip.File
	path string // of a file of its own
}

// Set is the images of a folder or an archive, sorted by part, class and name.
type Set struct {
	Name    string // of the folder or archive
	Files   []File
	Classes []string // sorted

	size  int64 // of an archive, in bytes; 0 for a folder
	tar   bool
	close func() error
}

// Bounds on what an archive may claim.
const (
	maxFile  = 64 << 20 // bytes of one image file
	maxFiles = 20_000_000
	minFile  = 57 // bytes of the smallest PNG there can be; a JPEG has more

	// Pixels may take this many times the bytes of an archive, and slack more.
	// Photographs grow fifteenfold, drawings thirtyfold.
	maxGrowth   = 40
	growthSlack = 64 << 20
)

// List finds the images of a directory, a zip or a tar, plain or compressed.
// Files whose names begin with a dot, and those above the class folders, are not
// looked at.
func List(ctx context.Context, name string) (*Set, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if info.IsDir() {
		return finish(listFolder(ctx, name))
	}
	f, err := files.Regular(name)
	if err != nil {
		return nil, err
	}
	magic := make([]byte, 4)
	if _, err := io.ReadFull(f, magic); err == nil && (string(magic) == "PK\x03\x04" || string(magic) == "PK\x05\x06") {
		s, err := ListZip(f, info.Size(), name)
		if err != nil {
			f.Close()
			return nil, err
		}
		s.close = f.Close
		return s, nil
	}
	f.Close()
	return finish(listTar(ctx, name))
}

// ListZip finds the images of a zip of so many bytes.
func ListZip(r io.ReaderAt, size int64, name string) (*Set, error) {
	zr, err := zip.NewReader(r, size)
	if err != nil {
		return nil, &files.Error{File: name, Offset: -1, Msg: "not a readable zip; fetch it again", Err: err}
	}
	s := &Set{Name: name, size: size}
	left := size
	for _, f := range zr.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		file := File{Name: f.Name, Size: int64(min(f.UncompressedSize64, 1<<62)), zip: f}
		if err := s.add(file); err != nil {
			return nil, err
		}
		if len(s.Files) == 0 || s.Files[len(s.Files)-1].zip != f {
			continue
		}
		// Entries that share bytes could stand for any number of images.
		if f.CompressedSize64 > uint64(left) {
			return nil, s.fail(f.Name, nil, "the entries are larger than the file; fetch it again")
		}
		left -= int64(f.CompressedSize64)
	}
	return finish(s, nil)
}

func listFolder(ctx context.Context, root string) (*Set, error) {
	s := &Set{Name: root}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("data: %w", err)
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("data: %s: %w", root, err)
		}
		if d.IsDir() {
			if p != root && strings.HasPrefix(d.Name(), ".") {
				return fs.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		info, err := os.Stat(p) // a link may lead to the image
		if err != nil {
			return fmt.Errorf("data: %w", err)
		}
		if info.IsDir() {
			return nil
		}
		return s.add(File{Name: filepath.ToSlash(rel), Size: info.Size(), path: p})
	})
	return s, err
}

func listTar(ctx context.Context, name string) (*Set, error) {
	s := &Set{Name: name, tar: true}
	size, err := eachEntry(ctx, name, func(h *tar.Header, _ io.Reader) error {
		return s.add(File{Name: path.Clean(h.Name), Size: h.Size})
	})
	s.size = size
	return s, err
}

// eachEntry calls f with the files of a tar, and returns its own size.
func eachEntry(ctx context.Context, name string, f func(h *tar.Header, r io.Reader) error) (size int64, err error) {
	r, err := files.Open(name, files.Growth{})
	if err != nil {
		return 0, err
	}
	defer r.Close()
	tr := tar.NewReader(r)
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return 0, fmt.Errorf("data: %s: %w", name, err)
		}
		h, err := tr.Next()
		switch {
		case err == io.EOF && n > 0:
			packed, _ := r.Progress()
			return packed, nil
		case errors.As(err, new(*files.Error)):
			return 0, err
		case err != nil:
			_, at := r.Progress()
			return 0, &files.Error{File: name, Offset: at, Msg: "not a readable zip or tar; fetch it again", Err: err}
		}
		if h.Typeflag != tar.TypeReg {
			continue // folders and links
		}
		if err := f(h, tr); err != nil {
			return 0, err
		}
	}
}

// add takes a file, if it is in the folder of a class.
func (s *Set) add(f File) error {
	elements := strings.Split(f.Name, "/")
	for _, e := range elements {
		if e == ".." || strings.ContainsRune(e, '\\') || e == "" {
			return s.fail(f.Name, nil, "a path that leads out of the archive, or is none")
		}
		if strings.HasPrefix(e, ".") && e != "." || e == "__MACOSX" {
			return nil
		}
	}
	if elements[0] == "." {
		elements = elements[1:]
	}
	if len(elements) > 1 {
		if part, ok := parts[strings.ToLower(elements[0])]; ok {
			f.Part = part
			elements = elements[1:]
		}
	}
	if len(elements) < 2 {
		return nil // a README, say
	}
	f.Class = elements[0]
	switch strings.ToLower(path.Ext(f.Name)) {
	case ".png", ".jpg", ".jpeg":
	default:
		return s.fail(f.Name, nil, "neither PNG nor JPEG; a class folder holds .png, .jpg and .jpeg files")
	}
	switch {
	case f.Size < minFile:
		return s.fail(f.Name, nil, "%d bytes are no image", f.Size)
	case f.Size > maxFile:
		return s.fail(f.Name, nil, "%d bytes; an image file may have %d MiB", f.Size, maxFile>>20)
	case len(s.Files) == maxFiles:
		return s.fail(f.Name, nil, "more than %d images", maxFiles)
	}
	s.Files = append(s.Files, f)
	return nil
}

// finish sorts the files and numbers the classes.
func finish(s *Set, err error) (*Set, error) {
	if err != nil {
		return nil, err
	}
	if len(s.Files) == 0 {
		return nil, fmt.Errorf("data: %s: no images; put .png or .jpg files into a folder for each class, as in cat/1.png, or train/cat/1.png", s.Name)
	}
	slices.SortFunc(s.Files, func(a, b File) int {
		if c := strings.Compare(a.Part, b.Part); c != 0 {
			return c
		}
		if c := strings.Compare(a.Class, b.Class); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	for i, f := range s.Files {
		if i > 0 && s.Files[i-1].Name == f.Name {
			return nil, s.fail(f.Name, nil, "the entry occurs twice")
		}
		s.Classes = append(s.Classes, f.Class)
	}
	slices.Sort(s.Classes)
	s.Classes = slices.Compact(s.Classes)
	return s, nil
}

// Close closes the archive.
func (s *Set) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}

func (s *Set) fail(name string, err error, format string, a ...any) error {
	return &files.Error{File: s.Name + "/" + name, Offset: -1, Msg: fmt.Sprintf(format, a...), Err: err}
}
