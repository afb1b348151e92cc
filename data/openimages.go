package data

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/data/images"
	"github.com/miniunlearn/miniunlearn/data/table"
)

func init() { Register("images", openImages) }

// ImagesConfig says how [OpenImages] reads and splits images.
type ImagesConfig struct {
	images.Shape // 0 means what the first image has

	// Test and Validation are shares of the images that are in no folder of a
	// part, stratified by class and chosen by Seed; see Split.
	Test, Validation float64
	Seed             uint64
	// Standardize brings every channel to mean 0 and deviation 1 over the
	// training part.
	Standardize bool
	// Memory is how many bytes the pixels may take in memory before they go to
	// a temporary file that is mapped; 0 means 1 GiB.
	Memory int64
}

// OpenImages opens PNG and JPEG files in class folders: a directory, a zip or a
// tar, as package images describes them. Where the first folders are train and
// test (and validation), these are the parts; classes alone are split. The id of
// an image is its path.
func OpenImages(ctx context.Context, path string, c ImagesConfig) (*Splits, error) {
	set, err := images.List(ctx, path)
	if err != nil {
		return nil, err
	}
	defer set.Close()
	if len(set.Classes) < 2 {
		return nil, fmt.Errorf("data: %s: one class, %q; there is nothing to learn: put the images into a folder for each class", path, set.Classes[0])
	}
	shape, err := set.Measure(ctx, c.Shape)
	if err != nil {
		return nil, err
	}
	e := &Encoding{Labels: set.Classes, Image: &shape}
	if countsUp(set.Classes) {
		e.Labels = nil
	}
	if e.Split, err = splitImages(set, c); err != nil {
		return nil, fmt.Errorf("data: %s: %w", path, err)
	}
	s := &Splits{Name: filepath.Base(path)}
	if err := s.takeImages(ctx, set, shape, e, e.Split, cmp.Or(c.Memory, imagesMemory)); err != nil {
		return nil, err
	}
	if c.Standardize {
		if s.Train.Len() == 0 {
			return nil, fmt.Errorf("data: %s: no training images", path)
		}
		st := ChannelStats(s.Train)
		e.Stats = &st
		for _, d := range []*Dataset{s.Train, s.Validation, s.Test} {
			st.apply(d.X, d.Features())
		}
	}
	return s, nil
}

// imagesMemory is the default of ImagesConfig.Memory.
const imagesMemory = 1 << 30

// openImages opens images like those that the encoding was made for. A class of which
// nothing is left may have no folder any more.
func (e *Encoding) openImages(ctx context.Context, path string) (*Splits, error) {
	if e.Image == nil {
		return nil, fmt.Errorf("data: %s: the data that it has to be like were no images", path)
	}
	set, err := images.List(ctx, path)
	if err != nil {
		return nil, err
	}
	defer set.Close()
	classes := len(e.Split.TestBelow)
	for _, name := range set.Classes {
		if _, ok := e.class(name, classes); !ok {
			return nil, fmt.Errorf("data: %s: no training image has the class %q", path, abridge(name))
		}
	}
	set.Classes = set.Classes[:0]
	for y := range classes {
		set.Classes = append(set.Classes, e.ClassName(y))
	}
	shape, err := set.Measure(ctx, *e.Image)
	if err != nil {
		return nil, err
	}
	s := &Splits{Name: filepath.Base(path)}
	if err := s.takeImages(ctx, set, shape, e, e.Split, imagesMemory); err != nil {
		return nil, err
	}
	if e.Stats != nil {
		for _, d := range []*Dataset{s.Train, s.Validation, s.Test} {
			e.Stats.apply(d.X, d.Features())
		}
	}
	return s, nil
}

// splitImages finds the limits for the images that are in no part's folder, and
// a part of the training images for validation where no folder has one.
func splitImages(set *images.Set, c ImagesConfig) (*Split, error) {
	var y []int32
	var keys []string
	named := map[string]int{}
	for _, f := range set.Files {
		named[f.Part]++
	}
	test, validation := c.Test, c.Validation
	if named[images.Test] > 0 {
		test = 0
	}
	if named[images.Validation] > 0 {
		validation = 0
	}
	class := classNumbers(set.Classes)
	for _, f := range set.Files {
		if f.Part == images.Whole || f.Part == images.Train {
			y, keys = append(y, class[f.Class]), append(keys, f.Name)
		}
	}
	switch {
	case len(y) == 0:
		return nil, fmt.Errorf("no training images; there are parts %s", partNames(named))
	case named[images.Whole] > 0 && named[images.Train]+named[images.Test] > 0:
		return nil, fmt.Errorf("some images are in a folder train or test, and %d are not; put all into one, or none", named[images.Whole])
	}
	return newSplit(c.Seed, test, validation, len(set.Classes), y, func(i int) int { return keyHash(keys[i]) })
}

func partNames(named map[string]int) string {
	var names []string
	for _, p := range []string{images.Train, images.Validation, images.Test} {
		if named[p] > 0 {
			names = append(names, p)
		}
	}
	return strings.Join(names, ", ")
}

func classNumbers(classes []string) map[string]int32 {
	class := map[string]int32{}
	for k, name := range classes {
		class[name] = int32(k)
	}
	return class
}

// takeImages makes the parts of a set of images. A split of nil leaves each in
// the part of its folder.
func (s *Splits) takeImages(ctx context.Context, set *images.Set, shape images.Shape, e *Encoding, split *Split, memory int64) error {
	class := classNumbers(set.Classes)
	part, place := make([]uint8, len(set.Files)), make([]int, len(set.Files))
	var sets [partNone]*Dataset
	for p, name := range []string{"train", "validation", "test"} {
		sets[p] = &Dataset{Name: s.Name + "/" + name, Shape: []int{shape.Channels, shape.Height, shape.Width}, Classes: len(set.Classes), Encoding: e}
	}
	for i, f := range set.Files {
		y := class[f.Class]
		switch f.Part {
		case images.Validation:
			part[i] = partValidation
		case images.Test:
			part[i] = partTest
		default:
			if split != nil {
				part[i] = split.part(keyHash(f.Name), y)
			}
		}
		d := sets[part[i]]
		place[i] = len(d.Y)
		d.Y, d.Keys = append(d.Y, y), append(d.Keys, f.Name)
	}
	features := shape.Features()
	for _, d := range sets {
		var err error
		if d.X, err = table.Floats(len(d.Y)*features, memory*int64(len(d.Y))/int64(len(set.Files))); err != nil {
			return err
		}
	}
	err := set.Decode(ctx, shape, func(i int) []float32 {
		return sets[part[i]].X[place[i]*features:][:features]
	})
	s.Train, s.Validation, s.Test = sets[partTrain], sets[partValidation], sets[partTest]
	return err
}

// openImages opens the images that a specification describes.
func openImages(ctx context.Context, s Spec) (*Splits, error) {
	c := ImagesConfig{}
	var err error
	fail := func(err2 error) {
		if err == nil {
			err = err2
		}
	}
	text := func(name string) string {
		v, err := s.Text(name)
		fail(err)
		return v
	}
	if s.Path == "" {
		return nil, s.fail("no folder or archive; say images:FOLDER")
	}
	c.Seed, err = s.Uint("seed", 1)
	if size := text("size"); size != "" {
		h, w, square := strings.Cut(size, "x")
		if !square {
			w = h
		}
		height, err1 := strconv.Atoi(h)
		width, err2 := strconv.Atoi(w)
		if err1 != nil || err2 != nil || height < 1 || width < 1 || height > 1<<14 || width > 1<<14 {
			fail(s.fail("size=%s; write HEIGHTxWIDTH, such as size=32x32", size))
		}
		c.Height, c.Width, c.Resize = height, width, true
	}
	channels, cerr := s.OneOf("channels", "auto", "1", "3")
	fail(cerr)
	if channels != "auto" {
		c.Channels = int(channels[0] - '0')
		c.ToGray = c.Channels == 1
	}
	standardize, serr := s.OneOf("standardize", "no", "yes")
	fail(serr)
	c.Standardize = standardize == "yes"
	var t TableConfig
	t.splitOptions(s, text("test"), text("validation"), fail)
	if t.TestFile != "" || t.TestLast != 0 {
		fail(s.fail("test is a share for images; put those to test with into a folder test"))
	}
	c.Test, c.Validation = t.Test, t.Validation
	fail(s.Done())
	if err != nil {
		return nil, err
	}
	if s.like != nil {
		return s.like.openImages(ctx, s.Path)
	}
	return OpenImages(ctx, s.Path, c)
}
