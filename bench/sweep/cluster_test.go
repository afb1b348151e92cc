package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/bench/grid"
)

// TestKubernetes: the flags of the indexed job are the program's, and say as many
// parts as there are pods. That is all that is known of it.
func TestKubernetes(t *testing.T) {
	text, err := os.ReadFile("../sbatch/kubernetes.json")
	require.NoError(t, err)
	var job struct {
		Spec struct {
			CompletionMode string
			Completions    int
			Template       struct {
				Spec struct {
					Containers []struct{ Command []string }
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &job))
	require.Equal(t, "Indexed", job.Spec.CompletionMode)
	o, err := parse(job.Spec.Template.Spec.Containers[0].Command[1:], io.Discard)
	require.NoError(t, err)
	for i := range job.Spec.Completions {
		shard, err := grid.ParseShard(o.shard, func(name string) string {
			return map[string]string{"JOB_COMPLETION_INDEX": fmt.Sprint(i)}[name]
		})
		require.NoError(t, err)
		require.Equal(t, grid.Shard{I: i + 1, N: job.Spec.Completions}, shard)
	}
}
