#!/usr/bin/env python3
"""Takes the steps of unlearning methods by other implementations than this toolkit's.

    torch_methods.py FOLDER

bench/peers/methods wrote FOLDER: cases.json and files of parameters. Every case is answered by each of its peers: a
package from PyPI where that has the published method, and a few lines of PyTorch after the
paper's equations, "equations", in any case. Answers are NAME.PEER.safetensors, and
answers.json says which there are and why others are missing. All is in float64.

Packages are asked by their own functions. What they import for logging, for several GPUs or
for data sets, and is not installed, is replaced by a stand-in that does nothing.
"""

import importlib
import importlib.abc
import importlib.machinery
import itertools
import json
import os
import sys
import types

import torch
import torch._dynamo  # before there are stand-ins, which it would take for real
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

from torch_tensors import load, save

PEERS = ("erasus", "supreme")


# Stand-ins for what peers import and do not need.


class Anything(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return nothing(name)


def nothing(name):
    return Anything(name, (), {"__init__": lambda self, *a, **k: None, "__getattr__": lambda self, n: lambda *a, **k: None})


class StandIn(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        value = nothing(name)
        setattr(self, name, value)
        return value


class Missing(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] not in PEERS:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return StandIn(spec.name)

    def exec_module(self, module):
        pass


def peer(name):
    """A module of a peer, with stand-ins for what it imports in vain."""
    missing = Missing()
    sys.meta_path.append(missing)
    try:
        return importlib.import_module(name)
    finally:
        sys.meta_path.remove(missing)


class Fabric:
    """What remains of Lightning's Fabric with one process on one CPU."""

    global_rank, device = 0, "cpu"

    def setup(self, model, optimizer=None):
        return model if optimizer is None else (model, optimizer)

    def backward(self, loss):
        loss.backward()

    def print(self, *a, **k):
        pass

    barrier = all_reduce = print


# The problem.


class Case:
    def __init__(self, folder, spec):
        self.__dict__.update(spec)
        self.x = torch.tensor(self.x, dtype=torch.float64).reshape(-1, *self.input)
        self.y = torch.tensor(self.y)
        self.start = load(os.path.join(folder, self.start))
        self.other = load(os.path.join(folder, self.other)) if self.other else None
        self.forgotten = torch.zeros(len(self.y), dtype=torch.bool)
        self.forgotten[self.forget] = True
        if self.unseen_x:
            self.unseen_x = torch.tensor(self.unseen_x, dtype=torch.float64).reshape(-1, *self.input)
            self.unseen_y = torch.tensor(self.unseen_y)

    def net(self, params=None):
        """The architecture, under the names of the parameters."""
        layers = {"mlp": mlp, "cnn": cnn}[self.arch]()
        net = nn.Sequential()
        for name, layer in layers:
            net.add_module(name, layer)
        net.double().load_state_dict(self.start if params is None else params)
        return net

    def sgd(self, net, rate=None, decay=None):
        return torch.optim.SGD(net.parameters(), lr=rate or self.rate, momentum=self.momentum, weight_decay=self.decay if decay is None else decay)

    def batches(self):
        """The examples of each step: those forgotten, and the others."""
        for ids in self.batch:
            ids = torch.tensor(ids)
            yield ids[self.forgotten[ids]], ids[~self.forgotten[ids]]

    def descend(self, net, loss, adjust=None, after=None):
        """Steps along a loss of (forgotten, others); adjust may change gradients, after parameters."""
        sgd = self.sgd(net)
        for t, (gone, kept) in enumerate(self.batches()):
            sgd.zero_grad()
            loss(net, gone, kept).backward()
            if adjust:
                adjust(net, t)
            sgd.step()
            if after:
                after(net, sgd)
        return net

    def ce(self, net, ids, labels=None):
        return F.cross_entropy(net(self.x[ids]), (self.y if labels is None else labels)[ids])

    def relabelled(self):
        """All labels, where those of U were drawn."""
        y = self.y.clone()
        for ids, labels in zip(self.batch, self.labels):
            y[torch.tensor(ids)] = torch.tensor(labels)
        assert (y[~self.forgotten] == self.y[~self.forgotten]).all(), "labels of retained examples are wrong"
        seen = torch.tensor(sorted(set(itertools.chain(*self.batch))))
        seen = seen[self.forgotten[seen]]
        assert (y[seen] != self.y[seen]).all(), "a label of U is its own"
        return y


def mlp():
    return [("flat", nn.Flatten()), ("fc1", nn.Linear(64, 32)), ("r1", nn.ReLU()), ("fc2", nn.Linear(32, 10))]


def cnn():
    return [
        ("conv1", nn.Conv2d(1, 4, 3, padding=1)), ("r1", nn.ReLU()), ("pool1", nn.MaxPool2d(2)),
        ("conv2", nn.Conv2d(4, 8, 3, padding=1)), ("r2", nn.ReLU()), ("pool2", nn.MaxPool2d(2)),
        ("flat", nn.Flatten()), ("fc1", nn.Linear(32, 16)), ("r3", nn.ReLU()), ("fc2", nn.Linear(16, 10)),
    ]


def kl(student, teacher, temperature):
    """Mean over examples of KL(teacher ‖ student) of softened outputs."""
    return F.kl_div(F.log_softmax(student / temperature, 1), F.softmax(teacher / temperature, 1), reduction="batchmean")


# The published equations.


def neggrad(c):
    """−ℓ over U."""
    return c.descend(c.net(), lambda net, gone, kept: -c.ce(net, gone))


def neggradplus(c):
    """α ℓ over R − (1−α) ℓ over U (Kurmanji et al., section 4)."""
    return c.descend(c.net(), lambda net, gone, kept: c.alpha * c.ce(net, kept) - (1 - c.alpha) * c.ce(net, gone))


def random_labels(c, after=None):
    y = c.relabelled()
    return c.descend(c.net(), lambda net, gone, kept: c.ce(net, torch.cat([gone, kept]), y), after=after)


def salun(c):
    """Relabelling in the half of the parameters of which U's loss depends most (Fan et al., equations 3 to 5)."""
    net = c.net()
    c.ce(net, torch.tensor(c.forget)).backward()
    size = torch.cat([p.grad.flatten() for p in net.parameters()]).abs()
    still = torch.ones_like(size, dtype=torch.bool)  # of equal gradients, as of dead units, the first move
    still[torch.sort(size, descending=True, stable=True).indices[: int(c.share * size.numel())]] = False
    still = torch.split(still, [p.numel() for p in net.parameters()])

    def hold(moved, sgd):
        with torch.no_grad():
            for old, p, rest in zip(net.parameters(), moved.parameters(), still):
                rest = rest.view(p.shape)
                p[rest] = old[rest]
                sgd.state[p]["momentum_buffer"][rest] = 0

    return random_labels(c, hold)


def scrub(c):
    """Rounds that climb T² KL from w_T on U, and then descend α T² KL + γ ℓ on R (equation 3)."""
    teacher = c.net()

    def loss(net, gone, kept):
        assert not (len(gone) and len(kept)), "a batch of SCRUB has both"
        ids = torch.cat([gone, kept])
        z = teacher(c.x[ids]).detach()
        distance = c.temperature**2 * kl(net(c.x[ids]), z, c.temperature)
        return -distance if len(gone) else c.alpha * distance + c.gamma * c.ce(net, ids)

    return c.descend(c.net(), loss)


def scrub_rewind(c):
    """SCRUB, of whose rounds' ends the one is taken whose error on U is closest to what the last one's is on unseen
    examples of U's classes, in U's proportions (section 3.2)."""
    teacher, net = c.net(), c.net()
    sgd, ends, before = c.sgd(net), [], None
    for gone, kept in c.batches():
        if len(gone) and before == "down":
            ends.append({n: p.detach().clone() for n, p in net.named_parameters()})
        before = "up" if len(gone) else "down"
        ids = torch.cat([gone, kept])
        sgd.zero_grad()
        distance = c.temperature**2 * kl(net(c.x[ids]), teacher(c.x[ids]).detach(), c.temperature)
        (-distance if len(gone) else c.alpha * distance + c.gamma * c.ce(net, ids)).backward()
        sgd.step()
    ends.append({n: p.detach().clone() for n, p in net.named_parameters()})

    wanted = torch.bincount(c.y[c.forget], minlength=10)
    there = torch.bincount(c.unseen_y, minlength=10)
    share = min(float(t) / float(n) for t, n in zip(there, wanted) if n)
    like = torch.cat([torch.where(c.unseen_y == y)[0][: int(share * float(n))] for y, n in enumerate(wanted)])

    def error(params, x, y):
        return float((c.net(params)(x).argmax(1) != y).double().mean())

    target = error(ends[-1], c.unseen_x[like], c.unseen_y[like])
    away = [abs(error(e, c.x[c.forget], c.y[c.forget]) - target) for e in ends]
    assert len(set(away)) > 1, "all ends are as good"
    return c.net(ends[max(i for i, d in enumerate(away) if d == min(away))])


def bad_teacher(c):
    """KL from fresh parameters on U, from w_T elsewhere (equation 3)."""
    good, bad = c.net(), c.net(c.other)

    def loss(net, gone, kept):
        ids = torch.cat([gone, kept])
        with torch.no_grad():
            teacher = torch.cat([bad(c.x[gone]), good(c.x[kept])])
        return kl(net(c.x[ids]), teacher, 1)

    return c.descend(c.net(), loss)


def l1_sparse(c):
    """ℓ over R + α_t ‖w‖₁, α_t falling to 0 over all steps (Jia et al., equation 3)."""
    t = itertools.count()

    def loss(net, gone, kept):
        alpha = c.alpha * (1 - next(t) / c.steps)
        return c.ce(net, kept) + alpha * sum(p.abs().sum() for p in net.parameters())

    return c.descend(c.net(), loss)


def last_layer(c, params):
    """ℓ over R in the last layer alone."""
    net = c.net(params)
    for p in list(net.parameters())[:-2]:
        p.requires_grad_(False)
    return c.descend(net, lambda net, gone, kept: c.ce(net, kept))


def cf_k(c):
    return last_layer(c, c.start)


def eu_k(c):
    names = list(c.start)
    for n in names[:-2]:
        assert torch.equal(c.start[n], c.other[n]), n + " began anew"
    assert not torch.equal(c.start[names[-2]], c.other[names[-2]]), "the last layer did not begin anew"
    return last_layer(c, c.other)


def ct(c):
    """Every kernel transposed, then ℓ over R."""
    params = {n: t.transpose(2, 3) if t.dim() == 4 else t for n, t in c.start.items()}
    return c.descend(c.net(params), lambda net, gone, kept: c.ce(net, kept))


def msg(c):
    """In every kernel, of a network without any in every dense layer but the last, the share of weights for which the
    mean gradients of U and of as many others differ least begins anew, and the gradient of the rest is slowed; then
    ℓ over R (Cadet et al., masked small gradients)."""
    net = c.net()
    apart = []
    for ids in (c.like, c.forget):
        apart.append(torch.autograd.grad(c.ce(net, torch.tensor(ids)), list(net.parameters())))
    dims = [p.dim() for p in net.parameters()]
    layers = [i for i, d in enumerate(dims) if d == 4] or [i for i, d in enumerate(dims) if d == 2][:-1]
    slowed = {}
    with torch.no_grad():
        for i, (name, p) in enumerate(net.named_parameters()):
            if i not in layers:
                continue
            size = (apart[0][i] - apart[1][i]).abs().flatten().tolist()
            order = sorted(range(len(size)), key=lambda j: (size[j], -j))  # of equal ones the last
            anew = torch.zeros(p.numel(), dtype=torch.bool)
            anew[order[: int(c.share * p.numel())]] = True
            anew = anew.view(p.shape)
            p[anew] = c.other[name][anew]
            slowed[i] = ~anew

    def slow(net, t):
        for i, p in enumerate(net.parameters()):
            if i in slowed:
                p.grad[slowed[i]] *= c.slow

    return c.descend(net, lambda net, gone, kept: c.ce(net, kept), adjust=slow)


def fisher(c, net, ids):
    """The diagonal of the Fisher information, from single examples."""
    sums = [torch.zeros_like(p) for p in net.parameters()]
    for i in ids:
        for s, g in zip(sums, torch.autograd.grad(c.ce(net, torch.tensor([i])), list(net.parameters()))):
            s += g**2 / len(ids)
    return sums


def sfr_on(c):
    """One in so many steps on R is preceded by one that climbs U, weighted by ℓ^−λ, where U's Fisher information is at
    least γ times that of as many others, and clipped (Huang et al., algorithm 1)."""
    net = c.net()
    salient = [u >= c.gamma * f for u, f in zip(fisher(c, net, c.forget), fisher(c, net, c.like))]
    rounds = next(r for r in range(1, c.steps) if r + (r - 1) // c.every + 1 == c.steps)  # steps on R
    sgd, k, clipped, climbs = c.sgd(net), 0, 0, 0
    for gone, kept in c.batches():
        assert not (len(gone) and len(kept)), "a batch of SFR-on has both"
        sgd.zero_grad()
        if len(gone):
            climbs += 1
            alpha = c.alpha / 2 * (1 + torch.cos(torch.tensor(torch.pi * k / rounds, dtype=torch.float64)))
            each = F.cross_entropy(net(c.x[gone]), c.y[gone], reduction="none")
            weight = each.detach() ** -c.lam
            (-alpha * (weight * each).sum() / weight.sum()).backward()
            for p, keep in zip(net.parameters(), salient):
                p.grad *= keep
            norm = torch.sqrt(sum((p.grad**2).sum() for p in net.parameters()))
            if norm > c.clip:
                clipped += 1
                for p in net.parameters():
                    p.grad *= c.clip / norm
        else:
            k += 1
            c.ce(net, kept).backward()
        sgd.step()
    assert 0 < clipped < climbs, f"{clipped} of {climbs} steps were clipped: the test wants some and not all"
    return net


def rum(c):
    """U in equal parts by how much the run had to learn of each example, Σ|α|, the least first, and NegGrad+ for one
    after the other (Zhao et al., 2024)."""
    learned = torch.tensor(c.learned, dtype=torch.float64).abs().sum(1)
    order = sorted(c.forget, key=lambda i: float(learned[i]))
    n, parts = len(order), len(c.alphas)
    part = {i: k for k in range(parts) for i in order[n * k // parts : n * (k + 1) // parts]}
    net, at = c.net(), None
    for (gone, kept), rate in zip(c.batches(), c.rates):
        where = {part[int(i)] for i in gone}
        assert len(where) == 1, "a batch has two parts of U"
        if where != {at}:
            assert at is None or where == {at + 1}, "parts are not in their order"
            (at,) = where
            sgd = c.sgd(net, rate)  # at rest
        sgd.zero_grad()
        (c.alphas[at] * c.ce(net, kept) - (1 - c.alphas[at]) * c.ce(net, gone)).backward()
        sgd.step()
    assert at == parts - 1, "the last part has no steps"
    return net


def ssd(c):
    """w_j min(λ F_j/F_j^U, 1) where F_j^U > α F_j, F from single examples (equations 5 and 6)."""
    net = c.net()
    for p, f, u in zip(net.parameters(), fisher(c, net, range(len(c.y))), fisher(c, net, c.forget)):
        with torch.no_grad():
            damped = u > c.alpha * f
            p[damped] *= torch.clamp(c.lam * f[damped] / u[damped], max=1)
    return net


def influence(c):
    """w + (H_R + λ + damping)⁻¹ Σ_U (∇ℓ + λ w)/|R|, by a factorised Hessian."""
    net = c.net()
    shapes = [(n, p.shape, p.numel()) for n, p in net.named_parameters()]
    w = torch.cat([p.detach().flatten() for p in net.parameters()])

    def loss(v, ids):
        parts = torch.split(v, [k for _, _, k in shapes])
        return F.cross_entropy(functional_call(net, {n: p.view(s) for (n, s, _), p in zip(shapes, parts)}, (c.x[ids],)), c.y[ids])

    gone, kept = torch.where(c.forgotten)[0], torch.where(~c.forgotten)[0]
    hessian = torch.autograd.functional.hessian(lambda v: loss(v, kept), w, vectorize=True)
    g = torch.autograd.functional.jacobian(lambda v: loss(v, gone), w)
    b = len(gone) / len(kept) * (g + c.decay * w)
    w = w + torch.linalg.solve(hessian + (c.decay + c.damping) * torch.eye(len(w), dtype=w.dtype), b)
    for p, part in zip(net.parameters(), torch.split(w, [k for _, _, k in shapes])):
        p.data = part.view(p.shape)
    return net


# The packages.


def erasus_neggrad(c):
    """erasus's NegativeGradientStrategy, whose optimiser is given momentum and decay."""
    module = peer("erasus.strategies.gradient_methods.negative_gradient")

    plain = torch.optim.SGD
    torch.optim.SGD = lambda params, lr: plain(params, lr=lr, momentum=c.momentum, weight_decay=c.decay)
    try:
        loader = [(c.x[gone], c.y[gone]) for gone, _ in c.batches()]
        net, _, _ = module.NegativeGradientStrategy(lr=c.rate).unlearn(c.net(), loader, epochs=1)
    finally:
        torch.optim.SGD = plain
    return net


class Rounds:
    """A loader whose every pass has the batches of the next round."""

    def __init__(self, c, rounds):
        self.c, self.rounds = c, iter(rounds)

    def __iter__(self):
        return iter([(self.c.x[ids], ids, self.c.y[ids]) for ids in next(self.rounds)])

    def __len__(self):
        return 1


def supreme_scrub(c):
    """supreme's scrub, by SGD and without its smoothing, which the paper does not have."""
    module = peer("supreme.methods.unlearning_methods.scrub")

    module.setup_model_for_inference = lambda fabric, model, strategy: model
    climbs, descents, last = [], [], None
    for gone, kept in c.batches():
        if len(gone):
            if last != "up":
                climbs.append([])
            climbs[-1].append(gone)
        else:
            if last != "down":
                descents.append([])
            descents[-1].append(kept)
        last = "up" if len(gone) else "down"
    return module.scrub(
        fabric=Fabric(), num_gpus=0, wandb_logging_flag=False, model=c.net(),
        forget_train_dataloader=Rounds(c, climbs), retain_train_dataloader=Rounds(c, descents),
        sgda_epochs=len(descents), msteps=len(climbs), sgda_learning_rate=c.rate, sgda_weight_decay=c.decay, sgda_momentum=c.momentum,
        gamma=c.gamma, alpha=c.alpha, smoothing=0.0, kd_T=c.temperature, optimizer_type="sgd",
    )


def supreme_bad_teacher(c):
    """supreme's unlearning_step, whose loss is also a mean over classes: the rate makes up for that."""
    module = peer("supreme.methods.unlearning_methods.bad_teacher")

    classes = 10
    net = c.net()
    loader = [(c.x[torch.cat(b)], torch.tensor([1] * len(b[0]) + [0] * len(b[1]))) for b in c.batches()]
    module.unlearning_step(
        fabric=Fabric(), model=net, unlearning_teacher=c.net(c.other), full_trained_teacher=c.net(), unlearn_dataloader=loader,
        optimizer=c.sgd(net, c.rate * classes, c.decay / classes), criterion=module.UnlearnerLossClass(KL_temperature=1), epoch=0,
    )
    return net


def supreme_ssd(c):
    """supreme's ssd in batches of one: of larger ones it squares the mean gradient."""
    module = peer("supreme.methods.unlearning_methods.ssd")

    one = lambda ids: [(c.x[i : i + 1], None, c.y[i : i + 1]) for i in ids]
    return module.ssd(
        fabric=Fabric(), num_gpus=0, wandb_logging_flag=False, model=c.net(), forget_train_dataloader=one(c.forget),
        full_train_dataloader=one(range(len(c.y))), dampening_constant=c.lam, selection_weighting=c.alpha,
    )


EQUATIONS = {
    "neggrad": neggrad, "neggradplus": neggradplus, "random-labels": random_labels, "salun": salun, "scrub": scrub,
    "scrub-rewind": scrub_rewind, "bad-teacher": bad_teacher, "l1-sparse": l1_sparse, "cf-k": cf_k, "eu-k": eu_k, "ct": ct, "msg": msg, "sfr-on": sfr_on,
    "rum": rum, "ssd": ssd, "influence": influence,
}
PACKAGES = {
    "neggrad": ("erasus", erasus_neggrad), "scrub": ("supreme", supreme_scrub),
    "bad-teacher": ("supreme", supreme_bad_teacher), "ssd": ("supreme", supreme_ssd),
}


def main():
    folder = sys.argv[1]
    torch.set_num_threads(1)
    answers = []
    for spec in json.load(open(os.path.join(folder, "cases.json"))):
        case = Case(folder, spec)
        peers = [("equations", EQUATIONS[case.method])]
        if case.method in PACKAGES:
            peers.append(PACKAGES[case.method])
        for name, answer in peers:
            row = {"case": case.name, "peer": name}
            try:
                net = answer(case)
                file = f"{case.name}.{name}.safetensors"
                save(os.path.join(folder, file), dict(net.named_parameters()))
                row["file"] = file
            except ModuleNotFoundError as err:
                row["missing"] = str(err)
            answers.append(row)
    with open(os.path.join(folder, "answers.json"), "w") as f:
        json.dump(answers, f)


if __name__ == "__main__":
    main()
