package history

// SaveEvery makes recorders save states every so many steps, in place of now and
// then, until the returned function is called.
func SaveEvery(steps int) (restore func()) {
	stateEvery = steps
	return func() { stateEvery = 0 }
}
