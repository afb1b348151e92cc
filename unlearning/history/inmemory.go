package history

import "fmt"

// InMemory returns the record with all that it holds in memory, as a Recorder made
// by NewRecorder would have left it: what reads it then reads no file, which may be
// gone, and its size is that of its numbers. A record in memory is returned as it
// is. Files that changed wrap ErrDamaged.
func (r *Record) InMemory() (*Record, error) {
	if _, ok := r.store.(*memory); ok {
		return r, nil
	}
	m := &memory{}
	for i := range r.store.spans() {
		s, err := r.store.get(i)
		if err != nil {
			return nil, fmt.Errorf("history: in memory: %w", err)
		}
		m.segments = append(m.segments, s)
	}
	var err error
	if m.logits, err = r.store.getLogitGradients(); err != nil {
		return nil, fmt.Errorf("history: in memory: %w", err)
	}
	in := &Record{policy: r.policy, print: r.print, final: r.final, store: m}
	in.known.Store(r.known.Load())
	return in, nil
}
