package bench

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
)

// WriteCSV writes the table as comma-separated values: one line for each method
// of each section, with what the section's results agree in, and for every column
// three fields: mean, half of the 95% interval, and the number of seeds with a
// value. Numbers have all their digits; what does not exist is empty.
func (t *Table) WriteCSV(w io.Writer) error {
	head := []string{"dataset", "net", "n", "forget", "forgotten", "epochs", "batch", "schedule", "lr", "momentum", "weight_decay", "augment", "wrong_labels", "dtype", "engine", "use", "method", "seeds"}
	for _, c := range t.Shown() {
		head = append(head, c.Head, c.Head+" ±", c.Head+" seeds")
	}
	out := csv.NewWriter(w)
	if err := out.Write(append(head, "guards", "error")); err != nil {
		return fmt.Errorf("bench: CSV: %w", err)
	}
	for _, g := range t.Groups() {
		k := g.key
		for _, m := range g.Methods {
			row := []string{k.dataset, k.net, strconv.Itoa(k.n), k.forget, plain(g.Share), plain(k.epochs), strconv.Itoa(k.batch), k.schedule, k.lr,
				plain(k.momentum), plain(k.decay), k.augment, plain(k.wrong), k.dtype, k.engine, g.Use, m, strconv.Itoa(len(g.of[m]))}
			for _, c := range t.Shown() {
				if s := c.Summary(g.of[m]); s.Exists() {
					row = append(row, plain(s.Mean), plain(s.Half), strconv.Itoa(s.N))
				} else {
					row = append(row, "", "", "0")
				}
			}
			if err := out.Write(append(row, g.Guards(m), g.Failures(m))); err != nil {
				return fmt.Errorf("bench: CSV: %w", err)
			}
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("bench: CSV: %w", err)
	}
	return nil
}

func plain(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
