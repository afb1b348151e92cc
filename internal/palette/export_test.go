package palette

// Known is for tests outside of the package, which may import what imports it.
var Known = known
