#!/usr/bin/env python3
"""Times PyTorch's training steps and Hessian-vector products on the CPU.

Prints one JSON object per line and measurement:

    {"what": "step", "net": "lenet5", "batch": 128, "threads": 1, "isa": "avx2",
     "median_ms": 9.1, "min_ms": 8.9, "examples_per_s": 14065.9, ...}

"what" is "step" (forward, softmax cross-entropy, backward, SGD with momentum 0.9 and
weight decay 5e-4), "grad" (forward, loss and backward alone), "hvp" (a Hessian-vector
product by double backward, its gradient pass included) or "gemm" (a product of square
matrices: "net" is then the case, NN to TT, and "batch" the side). Eager mode, float32, synthetic
data that stays in memory: what is timed is the arithmetic and the framework around it.
"""

import argparse
import json
import os
import statistics
import sys
import time

# Each library picks its kernels when it is loaded, so the limits must stand in the
# environment before Python starts: main re-executes the script with them.
AVX2 = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "DNNL_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}
NETS = ("mlp", "lenet5", "resnet8")
WHAT = ("step", "grad", "hvp", "gemm")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--avx2", action="store_true", help="limit every library to AVX2")
    parser.add_argument("--steps", type=int, default=0, help="timed repetitions; 0: as many as fit into --seconds")
    parser.add_argument("--seconds", type=float, default=2.0, help="time for each row")
    parser.add_argument("--size", type=int, default=512, help="side of the matrices of gemm")
    parser.add_argument("--nets", default=",".join(NETS), help="comma-separated, of " + ", ".join(NETS))
    parser.add_argument("--batches", default="32,128,512", help="comma-separated")
    parser.add_argument("--hvp-batches", default="", help="batches of grad and hvp; empty: those of --batches")
    parser.add_argument("--what", default="step,grad,hvp", help="comma-separated, of " + ", ".join(WHAT))
    return parser, parser.parse_args()


def limit(args):
    """Re-executes the script unless the environment already is the one asked for."""
    env = {k: v for k, v in os.environ.items() if k not in AVX2}
    env.update(OMP_NUM_THREADS=str(args.threads), MKL_NUM_THREADS=str(args.threads))
    if args.avx2:
        env.update(AVX2)
    if env != dict(os.environ):
        os.execve(sys.executable, [sys.executable] + sys.argv, env)


def nets(torch):
    """The three architectures, each a function without arguments, and their input shapes."""
    nn = torch.nn

    def mlp():
        return nn.Sequential(
            nn.Linear(784, 256), nn.ReLU(),
            nn.Linear(256, 128), nn.ReLU(),
            nn.Linear(128, 10),
        )

    def lenet5():
        return nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(400, 120), nn.ReLU(),
            nn.Linear(120, 84), nn.ReLU(),
            nn.Linear(84, 10),
        )

    class Block(nn.Module):
        """A basic residual block; the 1x1 projection stands where the shape changes."""

        def __init__(self, channels_in, channels, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
            self.norm1 = nn.GroupNorm(8, channels)
            self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
            self.norm2 = nn.GroupNorm(8, channels)
            self.shortcut = nn.Identity()
            if stride != 1 or channels_in != channels:
                self.shortcut = nn.Sequential(
                    nn.Conv2d(channels_in, channels, 1, stride, bias=False),
                    nn.GroupNorm(8, channels),
                )

        def forward(self, x):
            y = torch.relu(self.norm1(self.conv1(x)))
            return torch.relu(self.norm2(self.conv2(y)) + self.shortcut(x))

    def resnet8():
        return nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.GroupNorm(8, 16), nn.ReLU(),
            Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
        )

    return {
        "mlp": (mlp, (784,)),
        "lenet5": (lenet5, (1, 28, 28)),
        "resnet8": (resnet8, (3, 32, 32)),
    }


def measure(run, steps, seconds):
    """Milliseconds of each repetition, after a warm-up that no figure includes.

    The rule is that of bench/peers/timing: three warm-up runs, or as many as fit into
    half of the time; then as many as fit into it, 3 at least and 1000 at most.
    """
    start = time.perf_counter()
    for i in range(3):
        if i > 0 and time.perf_counter() - start >= seconds / 2:
            break
        before = time.perf_counter()
        run()
        one = time.perf_counter() - before
    if steps == 0:
        steps = min(1000, max(3, int(seconds / one)))
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def workloads(torch, build, shape, batch):
    """The things to time for one net and batch, by name."""
    torch.manual_seed(0)
    model = build()
    params = list(model.parameters())
    x = torch.randn(batch, *shape)
    y = torch.randint(0, 10, (batch,))
    direction = [torch.randn_like(p) for p in params]
    loss_of = torch.nn.CrossEntropyLoss()
    sgd = torch.optim.SGD(params, lr=1e-3, momentum=0.9, weight_decay=5e-4)

    def step():
        sgd.zero_grad(set_to_none=True)
        loss_of(model(x), y).backward()
        sgd.step()

    def grad():
        torch.autograd.grad(loss_of(model(x), y), params)

    def hvp():
        first = torch.autograd.grad(loss_of(model(x), y), params, create_graph=True)
        torch.autograd.grad(first, params, grad_outputs=direction)

    return {"step": step, "grad": grad, "hvp": hvp}


def products(torch, n):
    """C = op(A) op(B) in the four cases, T standing for a transposed operand."""
    a, b, c = torch.randn(n, n), torch.randn(n, n), torch.empty(n, n)

    def of(case):
        x = a.t() if case[0] == "T" else a
        y = b.t() if case[1] == "T" else b
        return lambda: torch.mm(x, y, out=c)

    return {case: of(case) for case in ("NN", "TN", "NT", "TT")}


def main():
    parser, args = arguments()
    known = {"--nets": NETS, "--what": WHAT}
    for option, value in (("--nets", args.nets), ("--what", args.what)):
        for name in value.split(","):
            if name not in known[option]:
                parser.error(f"{option} {name}: want some of {', '.join(known[option])}")
    limit(args)

    try:
        import torch
    except ImportError as err:
        sys.exit(f"torch_steps.py: {err}: run bench/peers/setup.sh, then bench/peers/.venv/bin/python torch_steps.py")

    torch.set_num_threads(args.threads)
    torch.set_num_interop_threads(1)
    # "isa" is the limit that was asked for, so that rows join on it; "kernels" is what
    # torch then chose, which on a CPU without AVX-512 is avx2 either way.
    isa = "avx2" if args.avx2 else "native"
    kernels = torch.backends.cpu.get_cpu_capability().lower()
    architectures = nets(torch)
    whats = args.what.split(",")

    def row(what, net, batch, run):
        times = measure(run, args.steps, args.seconds)
        median = statistics.median(times)
        result = {
            "what": what, "net": net, "batch": batch,
            "threads": args.threads, "isa": isa,
            "median_ms": round(median, 4), "min_ms": round(min(times), 4),
        }
        if what != "gemm":
            result["examples_per_s"] = round(batch / median * 1e3, 1)
        result.update(steps=len(times), peer="torch " + torch.__version__, kernels=kernels)
        print(json.dumps(result), flush=True)

    batches = {"step": args.batches.split(",")}
    batches["grad"] = batches["hvp"] = (args.hvp_batches or args.batches).split(",")
    for net in args.nets.split(","):
        build, shape = architectures[net]
        for batch in dict.fromkeys(batches["step"] + batches["hvp"]):
            work = workloads(torch, build, shape, int(batch))
            for what in whats:
                if batch in batches.get(what, ()):
                    row(what, net, int(batch), work[what])
    if "gemm" in whats:
        for case, run in products(torch, args.size).items():
            row("gemm", case, args.size, run)


if __name__ == "__main__":
    main()
