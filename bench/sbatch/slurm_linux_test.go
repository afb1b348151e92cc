package sbatch

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// cluster is a Slurm of one machine, with two nodes that are daemons of it.
type cluster struct {
	t    *testing.T
	dir  string
	env  []string
	node map[string]*exec.Cmd
	// daemons are the processes that end with the test.
	daemons []int
}

// slurmConf is for clusters of root without systemd and cgroups.
const slurmConf = `ClusterName=test
SlurmctldHost=%[1]s(127.0.0.1)
SlurmctldPort=%[2]d
AuthType=auth/munge
AuthInfo=socket=%[3]s/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=%[3]s/state
SlurmdSpoolDir=%[3]s/spool-%%n
SlurmctldPidFile=%[3]s/slurmctld.pid
SlurmdPidFile=%[3]s/slurmd-%%n.pid
SlurmctldLogFile=%[3]s/slurmctld.log
SlurmdLogFile=%[3]s/slurmd-%%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=bf_interval=1,sched_interval=1
ReturnToService=2
KillWait=2
NodeName=n1 NodeHostname=%[1]s NodeAddr=127.0.0.1 Port=%[4]d CPUs=2 RealMemory=5000
NodeName=n2 NodeHostname=%[1]s NodeAddr=127.0.0.1 Port=%[5]d CPUs=2 RealMemory=5000
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
`

// start starts the cluster, or skips the test where that cannot be.
func start(t *testing.T) *cluster {
	t.Helper()
	if os.Getenv("MINIUNLEARN_LONG") == "" {
		t.Skip("starts a Slurm and runs arrays on it; set MINIUNLEARN_LONG=1")
	}
	if os.Getuid() != 0 {
		t.Skip("the daemons of Slurm need root")
	}
	for _, name := range []string{"munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("no %s; in Debian: apt-get install slurmctld slurmd slurm-client munge", name)
		}
	}
	dir, err := os.MkdirTemp("", "slurm") // short: sockets have short paths
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	c := &cluster{t: t, dir: dir, node: map[string]*exec.Cmd{}}
	require.NoError(t, os.Mkdir(c.path("state"), 0o700))
	for _, n := range []string{"n1", "n2"} {
		require.NoError(t, os.Mkdir(c.path("spool-"+n), 0o700))
	}
	host, err := os.Hostname()
	require.NoError(t, err)
	host, _, _ = strings.Cut(host, ".")
	conf := fmt.Sprintf(slurmConf, host, freePort(t), dir, freePort(t), freePort(t))
	require.NoError(t, os.WriteFile(c.path("slurm.conf"), []byte(conf), 0o600))
	require.NoError(t, os.WriteFile(c.path("munge.key"), bytes.Repeat([]byte("not secret: test"), 8), 0o600))
	c.env = append(os.Environ(), "SLURM_CONF="+c.path("slurm.conf"), "SWEEP="+c.path("sweep"))

	c.daemon("munged", "--foreground", "--force", "--socket="+c.path("munge.socket"), "--key-file="+c.path("munge.key"),
		"--pid-file="+c.path("munged.pid"), "--log-file="+c.path("munged.log"), "--seed-file="+c.path("munge.seed"))
	c.until("munged is there", func() bool { _, err := os.Stat(c.path("munge.socket")); return err == nil })
	c.daemon("slurmctld", "-D")
	t.Cleanup(c.end) // before the daemons end
	for _, n := range []string{"n1", "n2"} {
		c.node[n] = c.daemon("slurmd", "-D", "-N", n)
	}
	c.until("the nodes are idle", func() bool {
		text, err := c.try("sinfo", "--noheader", "--Node", "--format=%N %T")
		return err == nil && strings.Count(text, " idle") == 2
	})
	return c
}

// path returns the path of a file of the cluster; that of "" is what all of them
// begin with.
func (c *cluster) path(name string) string { return c.dir + "/" + name }

// daemon starts a program that stays until the end of the test.
func (c *cluster) daemon(name string, args ...string) *exec.Cmd {
	c.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = c.env
	log, err := os.OpenFile(c.path(name+".out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(c.t, err)
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	require.NoError(c.t, cmd.Start())
	c.daemons = append(c.daemons, cmd.Process.Pid)
	c.t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	return cmd
}

// end ends what jobs have left, also those of a node that is down.
func (c *cluster) end() {
	if c.t.Failed() {
		logs, _ := filepath.Glob(c.path("*.log"))
		for _, l := range logs {
			text, _ := os.ReadFile(l)
			c.t.Logf("%s:\n%s", l, text[max(0, len(text)-2000):])
		}
	}
	_, _ = c.try("scancel", "--full", "--signal=KILL", "--user=root")
	for range 50 {
		left := c.processes("")
		if len(left) == 0 {
			return
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(100 * time.Millisecond)
	}
	c.t.Errorf("processes %v are left", c.processes(""))
}

// processes returns those of the cluster's jobs whose program's path ends so: jobs
// have the cluster in their environment, and the programs that watch over them
// have its files open.
func (c *cluster) processes(program string) (pids []int) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || slices.Contains(c.daemons, pid) || pid == os.Getpid() {
			continue
		}
		proc := filepath.Join("/proc", e.Name())
		exe, err := os.Readlink(filepath.Join(proc, "exe"))
		if err != nil || !strings.HasSuffix(exe, program) {
			continue // it has ended, or is another
		}
		env, _ := os.ReadFile(filepath.Join(proc, "environ"))
		ours := bytes.Contains(env, []byte("SLURM_CONF="+c.path(""))) && bytes.Contains(env, []byte("SLURM_JOB_ID="))
		fds, _ := os.ReadDir(filepath.Join(proc, "fd"))
		for _, fd := range fds {
			file, _ := os.Readlink(filepath.Join(proc, "fd", fd.Name()))
			ours = ours || strings.Contains(exe, "slurmstepd") && strings.HasPrefix(file, c.path(""))
		}
		if ours {
			pids = append(pids, pid)
		}
	}
	return pids
}

// try runs a command in the folder of the cluster.
func (c *cluster) try(name string, args ...string) (string, error) {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = c.dir, c.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// do is try of what has to work.
func (c *cluster) do(name string, args ...string) string {
	c.t.Helper()
	out, err := c.try(name, args...)
	require.NoError(c.t, err, "%s %v: %s", name, args, out)
	return strings.TrimSpace(out)
}

func (c *cluster) until(what string, is func() bool) {
	c.t.Helper()
	require.Eventually(c.t, is, 5*time.Minute, 50*time.Millisecond, what)
}

// cells returns the number of finished cells.
func (c *cluster) cells() int {
	cells, _ := filepath.Glob(c.path("experiment.cells/*-*.json"))
	return len(cells)
}

// freePort returns a port that nobody listens at.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

var times = regexp.MustCompile(`,"seconds":[^}]*}`)

// TestSlurm: an array of six on two nodes, of which one task is killed halfway, one is
// requeued and one node goes down, and then the same array again with its
// report: the results are those of one process, times apart.
func TestSlurm(t *testing.T) {
	c := start(t)
	scripts, err := filepath.Abs(".")
	require.NoError(t, err)
	build := exec.CommandContext(t.Context(), "go", "build", "-o", c.path("sweep"), "../sweep")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	experiment := func(name string) {
		require.NoError(t, os.WriteFile(c.path(name+".json"), []byte(`{
			"net": "mlp:64-128-10", "train": {"epochs": 40}, "forget": ["random:0.2", "class:3"], "seeds": "1-6",
			"methods": ["before", "mini", "retrain", "retrain-other-seed", "fast-retrain"],
		}`), 0o600))
	}
	experiment("experiment")

	array := c.do("sbatch", "--parsable", "--array=1-6", filepath.Join(scripts, "array.sh"), "experiment.json", "-cache", c.path("cache"))
	t.Logf("array %s", array)
	c.until("a task has done something", func() bool { return c.cells() >= 3 && len(c.processes("/sweep")) > 0 })
	require.NoError(t, syscall.Kill(c.processes("/sweep")[0], syscall.SIGKILL))
	t.Logf("killed a task at %d cells", c.cells())

	// on returns the job that runs on a node, "" if none does.
	on := func(node string) string {
		job, _ := c.try("squeue", "--noheader", "--states=running", "--nodelist="+node, "--format=%A")
		return strings.TrimSpace(job)
	}
	c.until("more is done", func() bool { return c.cells() >= 13 && on("n1") != "" })
	job := on("n1")
	c.do("scontrol", "requeue", job)
	t.Logf("requeued job %s at %d cells", job, c.cells())

	c.until("still more is done", func() bool { return c.cells() >= 18 && on("n2") != "" })
	require.NoError(t, c.node["n2"].Process.Kill())
	c.do("scontrol", "update", "NodeName=n2", "State=DOWN", "Reason=test")
	t.Logf("n2 is down at %d cells", c.cells())
	require.Less(t, c.cells(), 60)
	c.until("the array has ended", func() bool {
		left, err := c.try("squeue", "--noheader")
		return err == nil && strings.TrimSpace(left) == ""
	})
	t.Logf("the array has ended with %d cells", c.cells())

	c.do(filepath.Join(scripts, "report.sh"), "6", "experiment.json", "-cache", c.path("cache"))
	c.until("the report is there", func() bool { _, err := os.Stat(c.path("experiment.html")); return err == nil })
	require.Equal(t, 60, c.cells())

	experiment("alone")
	cmd := exec.CommandContext(t.Context(), c.path("sweep"), c.path("alone.json"), "-cache", "")
	out, err = cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	want, err := os.ReadFile(c.path("alone.jsonl"))
	require.NoError(t, err)
	got, err := os.ReadFile(c.path("experiment.jsonl"))
	require.NoError(t, err)
	require.Equal(t, 60, bytes.Count(got, []byte("\n")))
	require.Equal(t, times.ReplaceAllString(string(want), "}"), times.ReplaceAllString(string(got), "}"))
}
