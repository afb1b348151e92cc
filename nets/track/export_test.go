package track

// Record is record, for tests.
var Record = record
