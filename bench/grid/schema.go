package grid

import _ "embed"

//go:embed experiment.schema.json
var schema string

// Schema returns the JSON Schema of an experiment's file, for editors, which then
// complete and check it: name a file with it in the field "$schema".
func Schema() string { return schema }
