"""Loads a checkpoint of nets into PyTorch by name and writes what PyTorch makes of it.

    torch_peer.py PEERS NET WEIGHTS DATA LOGITS GRADIENT

PEERS is the folder of torch_steps.py, whose architectures these are, and of torch_tensors.py. DATA holds float32
images and labels as the tensors x and y; LOGITS takes the logits as a tensor z, GRADIENT
the gradient of the mean cross-entropy under the parameters' names. All are safetensors
files.
"""

import collections
import sys

import torch


def named_lenet5(net):
    """The script's LeNet-5 under the names that its layers have elsewhere."""
    names = iter(["conv1", "", "", "conv2", "", "", "", "fc1", "", "fc2", "", "fc3"])
    return torch.nn.Sequential(collections.OrderedDict((next(names) or f"_{i}", m) for i, m in enumerate(net)))


def main():
    peers, name, weights, data, logits, gradient = sys.argv[1:]
    sys.path.insert(0, peers)
    import torch_steps
    from torch_tensors import load, save

    build, shape = torch_steps.nets(torch)[name]
    net = build()
    if name == "lenet5":
        net = named_lenet5(net)
    net.double()  # before the weights come, or they would be rounded
    net.load_state_dict(load(weights))
    batch = load(data)
    x, y = batch["x"].double().reshape(-1, *shape), batch["y"].long()
    z = net(x)
    torch.nn.CrossEntropyLoss()(z, y).backward()
    save(logits, {"z": z})
    save(gradient, {n: p.grad for n, p in net.named_parameters()})


main()
