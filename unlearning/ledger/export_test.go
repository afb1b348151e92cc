package ledger

// AtStage has f called where a change has reached a stage, until the returned
// function is called.
func AtStage(f func(stage string)) (restore func()) {
	at = f
	return func() { at = func(string) {} }
}

// Abandon frees the folder of a ledger whose process is said to have died.
func Abandon(l *Ledger) { l.lock.Release() }
