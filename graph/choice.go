package graph

import "flag"

// Choice is an engine by name and device, as [Open] reads them. The zero value
// is the default engine.
type Choice struct{ Name, Device string }

// Flags adds the flags -engine and -device to fs; they set c. A command that
// is to offer libtorch in builds with its tag imports graph/libtorch.
func (c *Choice) Flags(fs *flag.FlagSet) {
	fs.StringVar(&c.Name, "engine", "gorgonia", "`engine` that computes: gorgonia or libtorch")
	fs.StringVar(&c.Device, "device", "cpu", "`device` of the engine: cpu, or with libtorch cuda or cuda:N")
}

// Open returns the engine.
func (c Choice) Open() (Engine, error) { return Open(c.Name, c.Device) }
