#!/usr/bin/env bash
# Makes bench/peers/.venv with the pinned PyTorch and the packages whose methods are
# compared. Safe to run again: it returns at once when the environment already matches
# requirements.txt and requirements-methods.txt.
set -euo pipefail
cd "$(dirname "$0")"

python=${PYTHON:-python3}
want=$(cat requirements.txt requirements-methods.txt | sha256sum | cut -d' ' -f1)

# The stamp is written after a successful install only, so a killed run starts over.
if [[ -f .venv/stamp && $(<.venv/stamp) == "$want" ]]; then
	echo "bench/peers/.venv is up to date" >&2
	exit 0
fi

"$python" -m venv .venv || {
	echo "setup.sh: $python could not make bench/peers/.venv: install Python 3.10+ with its venv module, or set PYTHON" >&2
	exit 1
}
.venv/bin/python -m pip install --quiet --no-cache-dir --requirement requirements.txt &&
	.venv/bin/python -m pip install --quiet --no-cache-dir --no-deps --requirement requirements-methods.txt || {
	echo "setup.sh: pip could not install bench/peers/requirements*.txt: check the package index and about 8 GB of free disk" >&2
	exit 1
}
.venv/bin/python -c 'import torch; print("torch", torch.__version__)' >&2
echo "$want" >.venv/stamp
