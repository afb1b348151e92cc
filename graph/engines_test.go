package graph_test

import (
	"testing"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/graph/enginetest"
)

func TestWalker(t *testing.T) {
	enginetest.Run(t, func(*testing.T) graph.Engine { return &graph.Walker{} }, enginetest.Options{Frugal: true})
}

func TestWalkerParallel(t *testing.T) {
	enginetest.Run(t, func(*testing.T) graph.Engine { return graph.NewWalker(3) }, enginetest.Options{Frugal: true, Runs: 1000})
}

// TestWalkerSharing: programs that live in one block of memory.
func TestWalkerSharing(t *testing.T) {
	shared := graph.NewWalker(2).Sharing()
	enginetest.Run(t, func(*testing.T) graph.Engine { return shared }, enginetest.Options{Frugal: true})
}

func TestTape(t *testing.T) {
	enginetest.Run(t, func(*testing.T) graph.Engine { return graph.Tape{} }, enginetest.Options{Runs: 1000})
}
