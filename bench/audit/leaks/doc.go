// Package leaks holds methods that fail on purpose: each leaves a model that is not
// what retraining leaves, in a way that is known. An audit is as good as what it
// finds of them.
//
//	go run ./bench/auditrun -methods leak:keeps-tenth,leak:marked-logits …
//
// [Leaks] lists them, each with what it does; the package's test says which parts of a
// verdict find it, and logs the table of all leaks against every test:
//
//	go test ./bench/audit/leaks -run 'TestLeaks$' -v
//
// Some leak less than an audit of some dozens of models finds, which then says that it is
// undecided; what they keep beside replayed retraining shows most of these. One,
// hidden-bits, answers as retraining does and lists in its parameters what it forgot:
// an audit asks for answers, and cannot find it.
//
// Leaks may do what no method may: retrain, for one.
package leaks
