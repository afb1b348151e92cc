package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/miniunlearn/miniunlearn/bench/grid"
)

// terminal returns the two ends of a terminal of some columns: what a program writes
// to the second is read from the first.
func terminal(t *testing.T, columns uint16) (screen, program *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	t.Cleanup(func() { screen.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { program.Close() })
	require.NoError(t, unix.IoctlSetWinsize(int(program.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}))
	return screen, program
}

// TestBar: on a terminal there is one line, which fits, and nothing of it is left at
// the end.
func TestBar(t *testing.T) {
	for _, columns := range []uint16{40, 80, 200} {
		screen, program := terminal(t, columns)
		p := newProgress(program, false, false)
		p.start()
		for done := range 5 {
			p.event(grid.Event{Text: "mlp:784-200-10, random:0.2, seed 1: retraining with other seeds, 3 of 5", Done: done, Computed: done, Total: 4})
			time.Sleep(110 * time.Millisecond) // more often it does not draw
		}
		p.stop()
		require.NoError(t, program.Close())
		text, _ := io.ReadAll(screen) // it ends with an error: nobody is at the other end
		drawn := string(text)
		require.NotContains(t, drawn, "\n")
		require.Contains(t, drawn, " 25% |█████               |")
		var last string
		for line := range strings.SplitSeq(drawn, "\r") {
			require.LessOrEqual(t, utf8.RuneCountInString(line), int(columns), "%d columns: %q", columns, line)
			last = line
		}
		require.Empty(t, strings.TrimSpace(last), "it is cleared")
		if columns == 200 {
			require.Contains(t, drawn, "1 of 4 cells, about 1 s left: mlp:784-200-10, random:0.2, seed 1: retraining with other seeds, 3 of 5")
		}
	}
	// Where nobody looks there is none.
	for _, quiet := range []bool{true, false} {
		_, program := terminal(t, 80)
		require.Nil(t, newProgress(program, quiet, !quiet).width)
	}
	require.Nil(t, newProgress(&strings.Builder{}, false, false).width)
}
