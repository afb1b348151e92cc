package table

import (
	"bytes"
	"errors"
)

// records takes the records of a piece of a CSV file apart, as RFC 4180 has
// them and encoding/csv reads them: fields may be quoted, a quoted one may hold
// separators, line breaks and doubled quotes; \r\n is \n; empty lines are no
// records.
type records struct {
	text  []byte
	comma byte
	skip  byte // lines that begin with it are no records; 0 for none
	line  int  // of the next byte of text, from 1

	fields  [][]byte // of the last record: views of text, or of scratch
	scratch []byte   // unquoted fields that had quotes in them
	at      int      // line that the last record began on
	column  int      // field that an error is about, from 0
}

var (
	errBareQuote = errors.New(`a quote within a field that does not begin with one; put the field into quotes and double those in it ("5"" pipe")`)
	errAfter     = errors.New("something follows the closing quote of a field; double quotes within quotes")
	errOpen      = errors.New("a quoted field is not closed")
)

// next takes the next record apart; false at the end of the text.
func (r *records) next() (bool, error) {
	for len(r.text) > 0 {
		line := r.text
		if end := bytes.IndexByte(line, '\n'); end >= 0 {
			line = line[:end]
		}
		rest := r.text[min(len(line)+1, len(r.text)):]
		trimmed := line
		if n := len(line); n > 0 && line[n-1] == '\r' {
			trimmed = line[:n-1]
		}
		r.at = r.line
		if len(trimmed) == 0 || r.skip != 0 && trimmed[0] == r.skip {
			r.text = rest
			r.line++
			continue
		}
		if bytes.IndexByte(trimmed, '"') >= 0 {
			return true, r.quoted()
		}
		r.text = rest
		r.line++
		r.fields = r.fields[:0]
		for {
			end := bytes.IndexByte(trimmed, r.comma)
			if end < 0 {
				break
			}
			r.fields = append(r.fields, trimmed[:end:end])
			trimmed = trimmed[end+1:]
		}
		r.fields = append(r.fields, trimmed)
		return true, nil
	}
	return false, nil
}

// quoted is next for a record whose first line has a quote.
func (r *records) quoted() error {
	r.fields, r.scratch = r.fields[:0], r.scratch[:0]
	// scratch may move while it grows, so fields in it are noted as offsets
	// first: from < 0 is a view of text that is there already.
	for {
		r.column = len(r.fields)
		if len(r.text) > 0 && r.text[0] == '"' {
			field, err := r.quotedField()
			if err != nil {
				return err
			}
			r.fields = append(r.fields, field)
		} else {
			end := 0
			for end < len(r.text) && r.text[end] != r.comma && r.text[end] != '\n' {
				if r.text[end] == '"' {
					return errBareQuote
				}
				end++
			}
			field := r.text[:end:end]
			r.text = r.text[end:]
			if (len(r.text) == 0 || r.text[0] == '\n') && end > 0 && field[end-1] == '\r' {
				field = field[:end-1]
			}
			r.fields = append(r.fields, field)
		}
		if len(r.text) == 0 {
			r.line++
			return nil
		}
		end := r.text[0] == '\n'
		r.text = r.text[1:]
		if end {
			r.line++
			return nil
		}
	}
}

// quotedField takes a quoted field off the text, up to its separator or line
// break.
func (r *records) quotedField() ([]byte, error) {
	r.text = r.text[1:]
	from := len(r.scratch)
	for {
		end := bytes.IndexByte(r.text, '"')
		if end < 0 {
			return nil, errOpen
		}
		part := r.text[:end]
		r.line += bytes.Count(part, []byte{'\n'})
		after := r.text[end+1:]
		if len(after) > 0 && after[0] == '"' {
			r.scratch = append(appendLines(r.scratch, part), '"')
			r.text = after[1:]
			continue
		}
		switch {
		case len(after) == 0, after[0] == r.comma, after[0] == '\n':
		case after[0] == '\r' && (len(after) == 1 || after[1] == '\n'):
			after = after[1:]
		default:
			return nil, errAfter
		}
		r.text = after
		if from == len(r.scratch) && bytes.IndexByte(part, '\r') < 0 {
			return part[:end:end], nil
		}
		r.scratch = appendLines(r.scratch, part)
		// A field in an older array of scratch stays whole there.
		return r.scratch[from:len(r.scratch):len(r.scratch)], nil
	}
}

// appendLines appends text with \n for \r\n.
func appendLines(to, text []byte) []byte {
	for {
		i := bytes.Index(text, []byte("\r\n"))
		if i < 0 {
			return append(to, text...)
		}
		to = append(to, text[:i]...)
		text = text[i+1:]
	}
}
