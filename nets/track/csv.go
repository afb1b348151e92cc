package track

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// CSV returns a writer into a file of the lines step, tag, value; it replaces the
// file, and makes missing folders. Values have all their digits.
func CSV(path string) (Writer, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, fmt.Errorf("track: %w", err)
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("track: %w", err)
	}
	w := &csvFile{f, csv.NewWriter(f)}
	return w, w.write("step", "tag", "value")
}

type csvFile struct {
	f *os.File
	w *csv.Writer
}

func (c *csvFile) write(fields ...string) error {
	if err := c.w.Write(fields); err != nil {
		return fmt.Errorf("track: %w", err)
	}
	return nil
}

// Scalar implements Writer.
func (c *csvFile) Scalar(step int, tag string, value float64) error {
	return c.write(strconv.Itoa(step), tag, strconv.FormatFloat(value, 'g', -1, 64))
}

// Close implements Writer.
func (c *csvFile) Close() error {
	c.w.Flush()
	if err := errors.Join(c.w.Error(), c.f.Close()); err != nil {
		return fmt.Errorf("track: %w", err)
	}
	return nil
}
