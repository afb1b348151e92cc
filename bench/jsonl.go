package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
)

// WriteJSONL writes one JSON object a line, the fields in the order of Result.
// It refuses infinities before anything is written; a missing value is null.
func WriteJSONL(w io.Writer, results []Result) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	for i := range results {
		if err := results[i].check(); err != nil {
			return fmt.Errorf("bench: write: %w", err)
		}
		if err := enc.Encode(&results[i]); err != nil {
			return fmt.Errorf("bench: write: %w", err)
		}
	}
	_, err := w.Write(buf.Bytes())
	return err
}

// WriteFile writes results to a file that is whole under its name or not
// there, and leaves an older one as it was on any error. Symlinks are followed;
// a device or pipe is written to, not replaced.
func WriteFile(path string, results []Result) error {
	return atomicfile.Write(path, func(w io.Writer) error { return WriteJSONL(w, results) })
}

// maxLine bounds a line of JSON Lines, in bytes; a Result takes about 700.
const maxLine = 1 << 16

// ReadJSONL reads what WriteJSONL wrote; name stands for r in errors, which
// give the line. Every line must hold all fields of Result and no others, but for
// those that stand only where they say something: guards, routes, the error of a
// method that could not run, and the engine, which older files have not. Empty
// lines are skipped.
func ReadJSONL(r io.Reader, name string) ([]Result, error) {
	var results []Result
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, 1<<12), maxLine)
	line := 0
	for sc.Scan() {
		line++
		text := sc.Bytes()
		if line == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff")) // as some editors begin a file
		}
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		res, err := parseResult(text)
		if err != nil {
			return nil, fmt.Errorf("bench: %s: line %d: %w", name, line, err)
		}
		results = append(results, res)
	}
	if err := sc.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, fmt.Errorf("bench: %s: line %d is longer than %d bytes; want one result a line", name, line+1, maxLine)
	} else if err != nil {
		return nil, fmt.Errorf("bench: %s: after line %d: %w", name, line, err)
	}
	return results, nil
}

// ReadFile reads a file of JSON Lines.
func ReadFile(path string) ([]Result, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	defer f.Close()
	return ReadJSONL(f, path)
}

// optional fields may be missing from a line.
var optional = []string{"augment", "wrong_labels", "dtype", "engine", "use", "backdoor", "labels", "route", "route_reason", "tuning_evals", "guards", "error"}

func parseResult(line []byte) (Result, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		return Result{}, fmt.Errorf("want one JSON object: %w", err)
	}
	t := reflect.TypeFor[Result]()
	for i := range t.NumField() {
		v, ok := fields[fieldName(t, i)]
		if !ok && slices.Contains(optional, fieldName(t, i)) {
			continue
		}
		if !ok {
			return Result{}, fmt.Errorf("no field %q; want a line written by bench/sweep", fieldName(t, i))
		}
		if string(v) == "null" && t.Field(i).Type != reflect.TypeFor[Float]() {
			return Result{}, fmt.Errorf("field %q is null, which only a measure may be", fieldName(t, i))
		}
	}
	var res Result
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&res); err != nil && strings.Contains(err.Error(), "unknown field") {
		return Result{}, fmt.Errorf("%w; a result of another version? read it with the program that wrote it", err)
	} else if err != nil {
		return Result{}, err
	}
	return res, res.check()
}
