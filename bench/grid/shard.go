package grid

import (
	"fmt"
	"strconv"
	"strings"
)

// Shard is a part of a grid: the I-th of N, 1 ≤ I ≤ N. The zero value is all of it.
// Parts are cut between requests, a run with a forget set, so that the cells of one
// share what they need.
type Shard struct{ I, N int }

// ParseShard reads "i/n", such as "3/8", or "/8", which takes i from the
// environment of an array: from SLURM_ARRAY_TASK_ID or, as Kubernetes counts
// indexed jobs, from JOB_COMPLETION_INDEX. With "" it is the task of a Slurm array
// where there is one, and otherwise all.
func ParseShard(text string, getenv func(string) string) (Shard, error) {
	fail := func(format string, args ...any) (Shard, error) {
		return Shard{}, fmt.Errorf("shard %q: %s", text, fmt.Sprintf(format, args...))
	}
	slurm := getenv("SLURM_ARRAY_TASK_ID")
	if text == "" && slurm == "" {
		return Shard{}, nil
	}
	if text == "" {
		s, err := slurmShard(getenv)
		if err != nil {
			return Shard{}, fmt.Errorf("the Slurm array: %w; give -shard i/n", err)
		}
		return s, nil
	}
	i, n, ok := strings.Cut(text, "/")
	var s Shard
	var err error
	if s.N, err = strconv.Atoi(strings.TrimSpace(n)); !ok || err != nil || s.N < 1 {
		return fail("want i/n, such as 3/8, or /8 in an array")
	}
	switch i = strings.TrimSpace(i); {
	case i != "":
		if s.I, err = strconv.Atoi(i); err != nil {
			return fail("want i/n, such as 3/8")
		}
	case slurm != "":
		task, err := slurmShard(getenv)
		if err != nil {
			return fail("%v", err)
		}
		s.I = task.I
	case getenv("JOB_COMPLETION_INDEX") != "":
		index, err := strconv.Atoi(getenv("JOB_COMPLETION_INDEX"))
		if err != nil {
			return fail("JOB_COMPLETION_INDEX is %q, want a number", getenv("JOB_COMPLETION_INDEX"))
		}
		s.I = index + 1
	default:
		return fail("there is no i, and neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set")
	}
	if s.I < 1 || s.I > s.N {
		return fail("%d is outside 1 to %d", s.I, s.N)
	}
	return s, nil
}

// slurmShard returns the place of a task in its array. Arrays may begin anywhere
// and have steps; one with gaps has no places.
func slurmShard(getenv func(string) string) (Shard, error) {
	number := map[string]int{}
	for _, name := range []string{"ID", "MIN", "MAX", "COUNT"} {
		v, err := strconv.Atoi(getenv("SLURM_ARRAY_TASK_" + name))
		if err != nil {
			return Shard{}, fmt.Errorf("SLURM_ARRAY_TASK_%s is %q, want a number", name, getenv("SLURM_ARRAY_TASK_"+name))
		}
		number[name] = v
	}
	count, span := number["COUNT"], number["MAX"]-number["MIN"]
	step := 1
	if count > 1 {
		step = span / (count - 1)
	}
	if count < 1 || step < 1 || step*(count-1) != span || (number["ID"]-number["MIN"])%step != 0 {
		return Shard{}, fmt.Errorf("its %d tasks from %d to %d are not evenly spaced, so that a task has no place among them", count, number["MIN"], number["MAX"])
	}
	return Shard{(number["ID"]-number["MIN"])/step + 1, count}, nil
}

// In reports whether the cell at a place in the plan is in a shard.
func (p *Plan) In(i int, s Shard) bool { return s.has(p.Cells[i].request) }

// Requests returns the number of requests, a run with a forget set, in a shard.
func (p *Plan) Requests(s Shard) (n int) {
	for k := range p.requests {
		if s.has(k) {
			n++
		}
	}
	return n
}

// has reports whether the k-th request, counted from 0, is in the shard.
func (s Shard) has(k int) bool { return s.N == 0 || k%s.N == s.I-1 }

// String writes a shard as ParseShard reads it.
func (s Shard) String() string {
	if s.N == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.I, s.N)
}
