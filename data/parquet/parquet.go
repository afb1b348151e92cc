// Package parquet makes the kind parquet known to data.Open: tables in Apache
// Parquet, with the options of CSV tables.
//
//	import _ "github.com/miniunlearn/miniunlearn/data/parquet"
//
//	s, err := data.Open(ctx, "parquet:patients.parquet?label=outcome&id=patient")
//
// It is a package of its own because its library makes programs 15 MB larger; the
// commands of this module have it. Columns are numbers, booleans (0 and 1) and
// text, not nested and not repeated; text is categories, also where it looks like
// numbers, and null is a missing value. Where errors give a line, the first row
// is on line 2, as in a CSV file with a header.
package parquet

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime/debug"
	"slices"
	"strconv"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/data/files"
	"github.com/miniunlearn/miniunlearn/data/table"
)

func init() {
	data.Register("parquet", func(ctx context.Context, s data.Spec) (*data.Splits, error) {
		c, err := s.TableConfig()
		if err != nil {
			return nil, err
		}
		if err := s.Done(); err != nil {
			return nil, err
		}
		return data.OpenTableAs(ctx, s.Path, c, Read)
	})
}

// Read reads a table in Parquet, as table.Read does one in CSV.
func Read(ctx context.Context, path string, o table.Options) (*table.Table, error) {
	f, err := files.Regular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	return read(ctx, f, info.Size(), path, o)
}

// read has the rows written as CSV in one goroutine and read in others.
func read(ctx context.Context, r io.ReaderAt, size int64, name string, o table.Options) (*table.Table, error) {
	c, err := open(r, size, name)
	if err != nil {
		return nil, err
	}
	for _, col := range c.columns {
		if col.text && o.Like == nil && !slices.Contains([]string{o.Label, o.ID}, col.name) && !slices.Contains(o.Drop, col.name) && !slices.Contains(o.Categorical, col.name) {
			o.Categorical = append(slices.Clone(o.Categorical), col.name)
		}
	}
	o.Header, o.Separator, o.Names, o.Comment = table.WithHeader, ',', nil, 0
	return table.ReadText(ctx, name, o, func() (io.ReadCloser, error) {
		pr, pw := io.Pipe()
		go func() { pw.CloseWithError(c.write(pw)) }()
		return pr, nil
	})
}

// content is a file whose footer has been read.
type content struct {
	name    string
	file    *parquet.File
	columns []column
}

type column struct {
	name  string
	text  bool
	float int     // bits of a floating-point number, 0 for others
	scale float64 // a decimal is divided by it; 0 for others
}

func bad(name string, err error, format string, a ...any) error {
	return &files.Error{File: name, Offset: -1, Msg: fmt.Sprintf(format, a...), Err: err}
}

// guard makes an error of a panic: the library trusts what it reads.
func guard(name string, err *error) {
	if r := recover(); r != nil {
		if os.Getenv("MINIUNLEARN_DEBUG") != "" {
			debug.PrintStack()
		}
		*err = bad(name, nil, "a damaged Parquet file (%v)", r)
	}
}

// open reads the footer, and refuses what would grow out of proportion.
func open(r io.ReaderAt, size int64, name string) (c *content, err error) {
	defer guard(name, &err)
	var tail [8]byte // length of the footer, and the format's name
	if size < 12 {
		return nil, bad(name, nil, "no Parquet file: %d bytes", size)
	}
	if _, err := r.ReadAt(tail[:], size-8); err != nil {
		return nil, bad(name, err, "cannot read on")
	}
	if n := int64(binary.LittleEndian.Uint32(tail[:])); n > size-12 {
		return nil, bad(name, nil, "no Parquet file, or a damaged one: a footer of %d bytes in a file of %d", n, size)
	}
	f, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, bad(name, err, "no Parquet file, or a damaged one")
	}
	limit := 200*size + 64<<20
	var rows, values int64
	for _, g := range f.Metadata().RowGroups {
		for _, col := range g.Columns {
			n := col.MetaData.TotalUncompressedSize
			if n < 0 || n > limit {
				return nil, bad(name, nil, "a column of %d bytes in a file of %d; if it is right, write it uncompressed", n, size)
			}
			limit -= n
			if col.MetaData.NumValues != g.NumRows {
				return nil, bad(name, nil, "a column of %d values in a part of %d rows", col.MetaData.NumValues, g.NumRows)
			}
			if err := checkPages(r, size, name, &col.MetaData); err != nil {
				return nil, err
			}
		}
		// One value repeated takes no bytes in the file, and eight here.
		if values = int64(len(g.Columns)); g.NumRows < 0 || g.NumRows > (200*size+64<<20)/8/max(1, values) {
			return nil, bad(name, nil, "%d rows of %d columns in a file of %d bytes", g.NumRows, values, size)
		}
		rows += g.NumRows
	}
	if rows <= 0 || rows != f.NumRows() {
		return nil, bad(name, nil, "%d rows in its parts, %d in all", rows, f.NumRows())
	}
	c = &content{name: name, file: f}
	for _, field := range f.Schema().Fields() {
		if !field.Leaf() || field.Repeated() {
			return nil, bad(name, nil, "column %q is nested or repeated; a table has one value in each place", field.Name())
		}
		col := column{name: field.Name()}
		t := field.Type()
		switch t.Kind() {
		case parquet.Boolean, parquet.Int32, parquet.Int64:
		case parquet.Float:
			col.float = 32
		case parquet.Double:
			col.float = 64
		case parquet.ByteArray, parquet.FixedLenByteArray:
			col.text = true
		default:
			return nil, bad(name, nil, "column %q is of type %v; numbers, booleans and text are read", col.name, t)
		}
		if decimal, ok := decimalOf(t); ok {
			if col.text {
				return nil, bad(name, nil, "column %q holds decimals in bytes; write it as floating-point numbers", col.name)
			}
			col.scale = math.Pow(10, float64(decimal.Scale))
		}
		c.columns = append(c.columns, col)
	}
	return c, nil
}

func decimalOf(t parquet.Type) (*format.DecimalType, bool) {
	l := t.LogicalType()
	if l == nil {
		return nil, false
	}
	decimal, ok := l.Value.(*format.DecimalType)
	return decimal, ok
}

// write writes the rows as CSV.
func (c *content) write(to io.Writer) (err error) {
	defer guard(c.name, &err)
	w := bufio.NewWriterSize(to, 1<<18)
	var line []byte
	for i, col := range c.columns {
		if i > 0 {
			line = append(line, ',')
		}
		line = quote(line, []byte(col.name))
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		return err
	}
	batch := make([]parquet.Row, 256)
	written := int64(0)
	for _, g := range c.file.RowGroups() {
		rows := g.Rows()
		for {
			n, err := rows.ReadRows(batch)
			for _, row := range batch[:n] {
				if line, err = c.line(line[:0], row); err != nil {
					rows.Close()
					return err
				}
				if _, err := w.Write(line); err != nil {
					rows.Close()
					return err
				}
			}
			if written += int64(n); written > c.file.NumRows() {
				rows.Close()
				return bad(c.name, nil, "more rows than the %d that its footer says", c.file.NumRows())
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil || n == 0 {
				rows.Close()
				return bad(c.name, err, "damaged after row %d", written)
			}
		}
		if err := rows.Close(); err != nil {
			return bad(c.name, err, "damaged after row %d", written)
		}
	}
	if written != c.file.NumRows() {
		return bad(c.name, nil, "%d rows, where its footer says %d", written, c.file.NumRows())
	}
	return w.Flush()
}

// line appends a row.
func (c *content) line(b []byte, row parquet.Row) ([]byte, error) {
	if len(row) != len(c.columns) {
		return nil, bad(c.name, nil, "a row of %d values in a table of %d columns", len(row), len(c.columns))
	}
	for i, v := range row {
		if i > 0 {
			b = append(b, ',')
		}
		col := &c.columns[i]
		switch {
		case v.IsNull():
		case col.text:
			b = quote(b, v.ByteArray())
		case col.float == 32:
			b = strconv.AppendFloat(b, float64(v.Float()), 'g', -1, 32)
		case col.float == 64:
			b = strconv.AppendFloat(b, v.Double(), 'g', -1, 64)
		case v.Kind() == parquet.Boolean:
			if v.Boolean() {
				b = append(b, '1')
			} else {
				b = append(b, '0')
			}
		case col.scale != 0:
			b = strconv.AppendFloat(b, float64(v.Int64())/col.scale, 'g', -1, 64)
		case v.Kind() == parquet.Int32:
			b = strconv.AppendInt(b, int64(v.Int32()), 10)
		default:
			b = strconv.AppendInt(b, v.Int64(), 10)
		}
	}
	return append(b, '\n'), nil
}

// quote appends a field in quotes.
func quote(b, text []byte) []byte {
	b = append(b, '"')
	for _, c := range text {
		if c == '"' {
			b = append(b, '"')
		}
		b = append(b, c)
	}
	return append(b, '"')
}
