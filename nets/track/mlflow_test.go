package track_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/nets/track"
)

// server is a tracking server as far as a run needs one.
type server struct {
	sync.Mutex
	experiments map[string]string
	name        string
	status      string
	metrics     []scalar
	words       []any // values that are no numbers
	requests    int
	token       string
	race        string // an experiment that another run makes just before this one would
	refuse      bool   // metrics
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.Lock()
	defer s.Unlock()
	s.requests++
	var in struct {
		Name       string `json:"name"`
		Experiment string `json:"experiment_id"`
		Run        string `json:"run_id"`
		RunName    string `json:"run_name"`
		Status     string `json:"status"`
		Metrics    []struct {
			Key   string
			Value any
			Step  int
		}
	}
	if r.Header.Get("Authorization") != s.token || r.Method == http.MethodPost && json.NewDecoder(r.Body).Decode(&in) != nil {
		http.Error(w, "no", http.StatusForbidden)
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /api/2.0/mlflow/experiments/get-by-name":
		id, ok := s.experiments[r.URL.Query().Get("experiment_name")]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Could not find it"}`)
			return
		}
		fmt.Fprintf(w, `{"experiment": {"experiment_id": %q}}`, id)
	case "POST /api/2.0/mlflow/experiments/create":
		if in.Name == s.race {
			s.experiments[in.Name] = "18"
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error_code": "RESOURCE_ALREADY_EXISTS", "message": "Experiment already exists"}`)
			return
		}
		s.experiments[in.Name] = "17"
		fmt.Fprint(w, `{"experiment_id": "17"}`)
	case "POST /api/2.0/mlflow/runs/create":
		s.name = in.Experiment + "/" + in.RunName
		fmt.Fprint(w, `{"run": {"info": {"run_id": "abc"}}}`)
	case "POST /api/2.0/mlflow/runs/log-batch":
		if in.Run != "abc" || len(in.Metrics) > 1000 || s.refuse {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error_code": "INVALID_PARAMETER_VALUE", "message": "too many"}`)
			return
		}
		for _, m := range in.Metrics {
			if v, ok := m.Value.(float64); ok {
				s.metrics = append(s.metrics, scalar{m.Step, m.Key, v})
			} else {
				s.words = append(s.words, m.Value)
			}
		}
		fmt.Fprint(w, `{}`)
	case "POST /api/2.0/mlflow/runs/update":
		s.status = in.Status
		fmt.Fprint(w, `{}`)
	default:
		http.NotFound(w, r)
	}
}

// TestMLflow: a server gets what a file gets, in a few requests; the second run finds
// the experiment that the first has made.
func TestMLflow(t *testing.T) {
	s := &server{experiments: map[string]string{}, token: "Bearer secret"}
	h := httptest.NewServer(s)
	defer h.Close()
	m := track.MLflow{URL: h.URL + "/", Experiment: "my study", Token: "secret"}
	for range 2 {
		s.metrics, s.requests = nil, 0
		w, err := m.Run(t.Context(), "seed 1")
		require.NoError(t, err)
		run, err := nets.Train(t.Context(), nets.MLP(64, 8, 10), data.Digits().Train, nets.Config{Epochs: 20, Batch: 100, LR: nets.Cosine(0.1), Hooks: []nets.Hook{&track.Hook{To: []track.Writer{w}}}})
		require.NoError(t, err)
		require.Equal(t, "17/seed 1", s.name)
		require.Equal(t, "FINISHED", s.status)
		require.Len(t, s.metrics, 2*run.Steps+20)
		require.Equal(t, scalar{0, track.TagRate, 0.1}, s.metrics[1])
		require.Equal(t, run.Losses[19], s.metrics[len(s.metrics)-1].value)
		require.Less(t, s.requests, 10)
	}
	w, err := track.MLflow{URL: h.URL, Token: "secret"}.Run(t.Context(), "words")
	require.NoError(t, err)
	require.Equal(t, "0/words", s.name)
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		require.NoError(t, w.Scalar(1, "loss", v))
	}
	require.NoError(t, w.Close())
	require.Equal(t, []any{"NaN", "Infinity", "-Infinity"}, s.words)
}

// TestMLflowRace: an experiment that another run has made meanwhile is taken.
func TestMLflowRace(t *testing.T) {
	s := &server{experiments: map[string]string{}, race: "study"}
	h := httptest.NewServer(s)
	defer h.Close()
	_, err := track.MLflow{URL: h.URL, Experiment: "study"}.Run(t.Context(), "seed 1")
	require.NoError(t, err)
	require.Equal(t, "18/seed 1", s.name)
}

// TestMLflowFailed: a run that diverged, was interrupted, or is not all on the server is
// FAILED there, and the server has the steps before that.
func TestMLflowFailed(t *testing.T) {
	s := &server{experiments: map[string]string{}}
	h := httptest.NewServer(s)
	defer h.Close()
	begin := func(ctx context.Context) track.Writer {
		w, err := track.MLflow{URL: h.URL}.Run(ctx, "run")
		require.NoError(t, err)
		s.status, s.metrics = "", nil
		return w
	}
	cfg := nets.Config{Epochs: 3, Batch: 100, LR: nets.ConstantRate(1e30), Hooks: []nets.Hook{&track.Hook{To: []track.Writer{begin(t.Context())}}}}
	_, err := nets.Train(t.Context(), nets.MLP(64, 8, 10), data.Digits().Train, cfg)
	var diverged *nets.DivergedError
	require.ErrorAs(t, err, &diverged)
	require.Equal(t, "FAILED", s.status)
	require.NotEmpty(t, s.metrics)

	ctx, interrupt := context.WithCancel(t.Context())
	cfg.LR, cfg.Hooks = nets.ConstantRate(0.1), []nets.Hook{&track.Hook{To: []track.Writer{begin(ctx)}}, nets.StepFunc(func(s nets.Step) error {
		if s.T == 4 {
			interrupt()
		}
		return nil
	})}
	_, err = nets.Train(ctx, nets.MLP(64, 8, 10), data.Digits().Train, cfg)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, "FAILED", s.status)
	require.Len(t, s.metrics, 2*5)

	w := begin(t.Context())
	s.refuse = true
	for step := range 499 {
		require.NoError(t, w.Scalar(step, "loss", 1))
	}
	require.ErrorContains(t, w.Scalar(499, "loss", 1), "INVALID_PARAMETER_VALUE")
	s.refuse = false
	require.NoError(t, w.Scalar(500, "loss", 1))
	require.NoError(t, w.Close())
	require.Equal(t, "FAILED", s.status)
	require.Len(t, s.metrics, 1)
}

func TestMLflowRefuses(t *testing.T) {
	s := &server{experiments: map[string]string{}}
	h := httptest.NewServer(s)
	defer h.Close()
	for _, c := range []struct {
		m    track.MLflow
		want string
	}{
		{track.MLflow{URL: "localhost:5000"}, `"localhost:5000" is no address of a server; write one such as http://localhost:5000`},
		{track.MLflow{URL: "me:hidden@localhost:5000"}, `"…@localhost:5000" is no address`},
		{track.MLflow{URL: strings.Replace(h.URL, "//", "//me:hidden@", 1) + "/elsewhere"}, "track: MLflow at http://me:xxxxx@127.0.0.1"},
		{track.MLflow{URL: "http://me:hidden@127.0.0.1:1"}, "refused"},
		{track.MLflow{URL: h.URL, Token: "wrong"}, "it answers 403 Forbidden"},
		{track.MLflow{URL: h.URL + "/elsewhere"}, "it answers 404 Not Found"},
		{track.MLflow{URL: "http://127.0.0.1:1"}, "refused"},
	} {
		_, err := c.m.Run(t.Context(), "run")
		require.ErrorContains(t, err, c.want)
		require.NotContains(t, err.Error(), "hidden")
	}
	empty := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }))
	defer empty.Close()
	_, err := track.MLflow{URL: empty.URL}.Run(t.Context(), "run")
	require.ErrorContains(t, err, "its answer to runs/create has no run_id")
	_, err = track.MLflow{URL: empty.URL, Experiment: "study"}.Run(t.Context(), "run")
	require.ErrorContains(t, err, `its answer about the experiment "study" has no experiment_id`)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>hello</html>") }))
	defer page.Close()
	_, err = track.MLflow{URL: page.URL}.Run(t.Context(), "run")
	require.ErrorContains(t, err, "its answer to runs/create is none of MLflow's")

	w, err := track.MLflow{URL: h.URL}.Run(t.Context(), "run")
	require.NoError(t, err)
	require.NoError(t, w.Scalar(0, "loss", 1))
	h.Close()
	require.ErrorContains(t, w.Close(), "track: MLflow at "+h.URL)
}

// TestMLflowServer speaks to a real server, at the address in MINIUNLEARN_MLFLOW: one of
// `mlflow server`.
func TestMLflowServer(t *testing.T) {
	at := os.Getenv("MINIUNLEARN_MLFLOW")
	if at == "" {
		t.Skip("MINIUNLEARN_MLFLOW names no tracking server")
	}
	for range 2 {
		w, err := track.MLflow{URL: at, Experiment: "miniunlearn's test"}.Run(t.Context(), "seed 1")
		require.NoError(t, err)
		for step := range 1200 {
			require.NoError(t, w.Scalar(step, "loss", 1/float64(step+1)))
		}
		for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			require.NoError(t, w.Scalar(1200, "odd", v))
		}
		require.NoError(t, w.Close())
	}
}
