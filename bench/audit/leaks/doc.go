// Package leaks holds methods that fail on purpose: each leaves a model that is not
// what retraining leaves, in a way that is known. An audit is as good as what it
// finds of them.
//
//	go run ./bench/auditrun -methods leak:keeps-tenth,leak:marked-logits …
//
// [Leaks] lists them, each with what it does and the part of a verdict that should
// find it. They may do what no method may: retrain, for one.
package leaks
