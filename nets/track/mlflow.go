package track

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// MLflow is a tracking server of MLflow, which is spoken to by its REST interface.
type MLflow struct {
	URL        string // such as http://localhost:5000
	Experiment string // made if it is missing; "" means Default, which every server has
	Token      string // for a server that asks for one, such as $MLFLOW_TRACKING_TOKEN
	// Client sends the requests; nil means one that waits ten seconds for an answer.
	Client *http.Client
}

// What MLflow takes at once, and how long scalars wait for more.
const (
	mlflowBatch = 500 // metrics a request; a server refuses more than 1000
	mlflowWait  = 5 * time.Second
	mlflowEnd   = 20 * time.Second // for the last requests of a run
)

// Run begins a run of a name and returns its writer, whose Close finishes it. Steps
// of training wait for the server, a request for some hundred of them; ctx ends
// requests that are under way, but not the one that says how the run ended.
func (m MLflow) Run(ctx context.Context, name string) (Writer, error) {
	if u, err := url.Parse(m.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("track: MLflow: %q is no address of a server; write one such as http://localhost:5000", m.Place())
	}
	if m.Client == nil {
		m.Client = &http.Client{Timeout: 10 * time.Second}
	}
	id, err := m.experiment(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	var made struct {
		Run struct {
			Info struct {
				ID string `json:"run_id"`
			} `json:"info"`
		} `json:"run"`
	}
	err = m.call(ctx, http.MethodPost, "runs/create", map[string]any{"experiment_id": id, "run_name": name, "start_time": now.UnixMilli()}, &made)
	if err != nil {
		return nil, err
	}
	if made.Run.Info.ID == "" {
		return nil, fmt.Errorf("track: MLflow at %s: its answer to runs/create has no run_id", m.Place())
	}
	return &mlflowRun{server: m, ctx: ctx, id: made.Run.Info.ID, sent: now}, nil
}

// Place is the address without a password, to be shown.
func (m MLflow) Place() string {
	if u, err := url.Parse(m.URL); err == nil && u.Host != "" {
		return u.Redacted()
	}
	if i := strings.LastIndexByte(m.URL, '@'); i >= 0 {
		return "…" + m.URL[i:]
	}
	return m.URL
}

// experiment returns the id of the experiment, which it makes if it is missing.
func (m MLflow) experiment(ctx context.Context) (string, error) {
	if m.Experiment == "" {
		return "0", nil
	}
	var found struct {
		Experiment struct {
			ID string `json:"experiment_id"`
		} `json:"experiment"`
	}
	get := func() error {
		return m.call(ctx, http.MethodGet, "experiments/get-by-name?experiment_name="+url.QueryEscape(m.Experiment), nil, &found)
	}
	err := get()
	if refusedAs(err, "RESOURCE_DOES_NOT_EXIST") {
		err = m.call(ctx, http.MethodPost, "experiments/create", map[string]any{"name": m.Experiment}, &found.Experiment)
		if refusedAs(err, "RESOURCE_ALREADY_EXISTS") { // another run has made it meanwhile
			err = get()
		}
	}
	if err == nil && found.Experiment.ID == "" {
		err = fmt.Errorf("track: MLflow at %s: its answer about the experiment %q has no experiment_id", m.Place(), m.Experiment)
	}
	return found.Experiment.ID, err
}

// refusedAs reports whether a server has refused something by a code.
func refusedAs(err error, code string) bool {
	var refused *mlflowError
	return errors.As(err, &refused) && refused.Code == code
}

// mlflowError is the answer of a server that refuses something.
type mlflowError struct {
	Code    string `json:"error_code"`
	Message string `json:"message"`
}

func (e *mlflowError) Error() string { return e.Code + ": " + e.Message }

// call asks the server for something, and reads its answer into answer, which may be nil.
func (m MLflow) call(ctx context.Context, method, path string, body, answer any) error {
	fail := func(err error) error { return fmt.Errorf("track: MLflow at %s: %w", m.Place(), err) }
	text, err := json.Marshal(body)
	if err != nil {
		return fail(err)
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(m.URL, "/")+"/api/2.0/mlflow/"+path, bytes.NewReader(text))
	if err != nil {
		return fail(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if m.Token != "" {
		r.Header.Set("Authorization", "Bearer "+m.Token)
	}
	got, err := m.Client.Do(r)
	if err != nil {
		return fail(err)
	}
	defer got.Body.Close()
	const most = 1 << 20
	if text, err = io.ReadAll(io.LimitReader(got.Body, most)); err != nil {
		return fail(err)
	}
	if got.StatusCode != http.StatusOK {
		refused := &mlflowError{}
		if json.Unmarshal(text, refused) != nil || refused.Code == "" {
			return fail(fmt.Errorf("it answers %s", got.Status))
		}
		return fail(refused)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fail(fmt.Errorf("its answer to %s is none of MLflow's: %w", path, err))
	}
	return nil
}

// mlflowRun is a run on a server.
type mlflowRun struct {
	server  MLflow
	ctx     context.Context
	id      string
	metrics []mlflowMetric // that were not sent yet
	sent    time.Time
	failed  bool // something was not sent
}

type mlflowMetric struct {
	Key       string `json:"key"`
	Value     any    `json:"value"`
	Timestamp int64  `json:"timestamp"`
	Step      int    `json:"step"`
}

// Scalar implements Writer.
func (r *mlflowRun) Scalar(step int, tag string, value float64) error {
	now := time.Now()
	m := mlflowMetric{tag, value, now.UnixMilli(), step}
	switch { // JSON has no numbers for these, and protocol buffers have words
	case math.IsNaN(value):
		m.Value = "NaN"
	case math.IsInf(value, 1):
		m.Value = "Infinity"
	case math.IsInf(value, -1):
		m.Value = "-Infinity"
	}
	if r.metrics = append(r.metrics, m); len(r.metrics) < mlflowBatch && now.Sub(r.sent) < mlflowWait {
		return nil
	}
	return r.send()
}

func (r *mlflowRun) send() error {
	if len(r.metrics) == 0 {
		return nil
	}
	err := r.server.call(r.ctx, http.MethodPost, "runs/log-batch", map[string]any{"run_id": r.id, "metrics": r.metrics}, nil)
	r.metrics, r.sent, r.failed = r.metrics[:0], time.Now(), r.failed || err != nil
	return err
}

// Close implements Writer. A run of which something could not be sent is FAILED.
func (r *mlflowRun) Close() error { return r.end("FINISHED") }

// Abort implements Aborter.
func (r *mlflowRun) Abort() error { return r.end("FAILED") }

// end sends what waits, and how the run ended, also if it ended because its context did.
func (r *mlflowRun) end(status string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), mlflowEnd)
	defer cancel()
	r.ctx = ctx
	err := r.send()
	if r.failed {
		status = "FAILED"
	}
	return errors.Join(err, r.server.call(ctx, http.MethodPost, "runs/update", map[string]any{"run_id": r.id, "status": status, "end_time": time.Now().UnixMilli()}, nil))
}
