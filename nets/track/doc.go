// Package track writes what a training run does to where people look at such things:
// CSV files, event files that TensorBoard opens, and servers of MLflow.
//
//	csv, err := track.CSV("run.csv")
//	tb, err := track.TensorBoard("runs/one")
//	cfg.Hooks = append(cfg.Hooks, &track.Hook{To: []track.Writer{csv, tb}})
//
// A [Hook] is thin: it hands loss and learning rate of the steps to any number of a
// [Writer], of which others can be made, and closes them when the run ends, however it
// does.
package track
