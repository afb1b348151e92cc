package parquet

import (
	"io"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// maxPageHeader is more than the header of a page has: statistics are in it.
const maxPageHeader = 1 << 20

// checkPages compares what the pages of a column claim with what the footer says
// of the column, before the library sets memory aside for it.
func checkPages(r io.ReaderAt, size int64, name string, m *format.ColumnMetaData) error {
	at := m.DataPageOffset
	if d := m.DictionaryPageOffset; d > 0 && d < at {
		at = d
	}
	end := at + m.TotalCompressedSize
	if at < 0 || m.TotalCompressedSize < 0 || end < at || end > size || m.NumValues < 0 {
		return bad(name, nil, "a column of the bytes %d to %d in a file of %d", at, end, size)
	}
	protocol := thrift.CompactProtocol{}
	buf := make([]byte, 0, 1<<12)
	for at < end {
		var h format.PageHeader
		header := 0
		for try := int64(1 << 12); ; try = maxPageHeader {
			n := min(try, end-at)
			if int64(cap(buf)) < n {
				buf = make([]byte, n)
			}
			buf = buf[:n]
			if _, err := r.ReadAt(buf, at); err != nil {
				return bad(name, err, "cannot read on")
			}
			h = format.PageHeader{}
			pr := protocol.NewReaderFromBytes(buf)
			err := thrift.NewDecoder(pr).Decode(&h)
			if err == nil {
				header = pr.BytesRead()
				break
			}
			if try == maxPageHeader || n == end-at {
				return bad(name, err, "a damaged page header at byte %d", at)
			}
		}
		values := int64(0)
		switch {
		case h.DataPageHeader.Valid:
			values = int64(h.DataPageHeader.V.NumValues)
		case h.DataPageHeaderV2.Valid:
			values = int64(h.DataPageHeaderV2.V.NumValues)
		case h.DictionaryPageHeader.Valid:
			values = int64(h.DictionaryPageHeader.V.NumValues)
		}
		packed, unpacked := int64(h.CompressedPageSize), int64(h.UncompressedPageSize)
		if packed < 0 || unpacked < 0 || packed > end-at-int64(header) || unpacked > m.TotalUncompressedSize || values < 0 || values > m.NumValues {
			return bad(name, nil, "a page at byte %d claims %d values in %d bytes, %d unpacked; its column has %d values in %d bytes, %d unpacked", at, values, packed, unpacked, m.NumValues, m.TotalCompressedSize, m.TotalUncompressedSize)
		}
		at += int64(header) + packed
	}
	return nil
}
