// Package charts draws results of package bench: columns against cost, against
// the share that is forgotten, or side by side, as PNG, PDF and SVG.
//
//	results, err := bench.ReadFile("results.jsonl")
//	table, err := bench.NewTable(results)
//	for _, study := range table.Studies() {
//		figures, err := charts.Of(study, "", nil)
//		err = figures[0].Write(w, "svg")
//	}
//
// A method looks the same in every figure, see internal/palette. Bars are 95%
// intervals over seeds; a grey stripe is the noise floor, see [bench.Floor]: what
// another retraining is away from retraining. Names stand in one legend beneath
// the panels, where they cover nothing. A value that is far beyond all others is an
// arrow at the edge of its panel.
package charts
