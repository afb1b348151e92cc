//go:build libtorch

package libtorch

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// gpuModel returns the model of the machine's GPUs as NVIDIA's driver on Linux
// tells it, "gpu" if it does not: other models give other bits.
func gpuModel() string {
	files, _ := filepath.Glob("/proc/driver/nvidia/gpus/*/information") // fails on a bad pattern only
	var models []string
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if model, ok := strings.CutPrefix(line, "Model:"); ok {
				models = append(models, strings.ReplaceAll(strings.TrimSpace(model), " ", "-"))
			}
		}
	}
	if len(models) == 0 {
		return "gpu"
	}
	slices.Sort(models)
	return strings.Join(slices.Compact(models), "+")
}
