"""Loads a checkpoint of nets into PyTorch by name and writes what PyTorch makes of it.

    torch_peer.py PEERS NET WEIGHTS DATA LOGITS GRADIENT

PEERS is the folder of torch_steps.py, whose architectures these are. DATA holds float32
images and labels as the tensors x and y; LOGITS takes the logits as a tensor z, GRADIENT
the gradient of the mean cross-entropy under the parameters' names. All are safetensors
files, read and written here without that library.
"""

import collections
import json
import math
import sys

import torch

DTYPES = {"F32": torch.float32, "F64": torch.float64}


def load(path):
    raw = open(path, "rb").read()
    n = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + n])
    header.pop("__metadata__", None)
    tensors = {}
    for name, info in header.items():
        lo, hi = info["data_offsets"]
        data = bytearray(raw[8 + n + lo : 8 + n + hi])
        tensors[name] = torch.frombuffer(data, dtype=DTYPES[info["dtype"]]).reshape(info["shape"])
    return tensors


def save(path, tensors):
    header, body = {}, b""
    for name, t in tensors.items():
        data = t.detach().to(torch.float64).contiguous().numpy().tobytes()
        header[name] = {"dtype": "F64", "shape": list(t.shape), "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text + body)


def named_lenet5(net):
    """The script's LeNet-5 under the names that its layers have elsewhere."""
    names = iter(["conv1", "", "", "conv2", "", "", "", "fc1", "", "fc2", "", "fc3"])
    return torch.nn.Sequential(collections.OrderedDict((next(names) or f"_{i}", m) for i, m in enumerate(net)))


def main():
    peers, name, weights, data, logits, gradient = sys.argv[1:]
    sys.path.insert(0, peers)
    import torch_steps

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
