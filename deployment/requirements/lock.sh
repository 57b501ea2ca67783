#!/usr/bin/env bash
# Writes the hashed locks beside this file from pyproject.toml, for every platform and Python from 3.11 on.
# Run by `make lock`; needs uv. The locks carry no index lines: they work with whatever index pip is set up for.
set -euo pipefail
cd "$(dirname "$0")"
compile() { # name, arguments of uv
  local name=$1
  shift
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
    --custom-compile-command 'make lock' --output-file "$name.txt" "$@" </dev/null
  echo "wrote $name.txt"
}
compile main ../../pyproject.toml --group ../../pyproject.toml:dev
for group in lambda lambda-collect lambda-runtime emulator moto scan audit client peers engine spark4 node fuzz; do
  compile "$group" --group "../../pyproject.toml:$group"
done
# PyTorch from PyPI brings CUDA for Linux, some 3 GB: `networks-cuda` is for machines with a GPU. `networks` takes the
# CPU build alone, which PyTorch publishes on an index of its own, and leaves out what only CUDA needs.
CPU_BUILD=6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b # torch 2.13.0+cpu, Python 3.11, x86-64
compile networks-cuda --group ../../pyproject.toml:networks
awk -v cpu="$CPU_BUILD" '
  /^[a-z]/ { left_out = /^(cuda-|nvidia-|triton=)/ }
  /^torch==/ { print; print "    --hash=sha256:" cpu; left_out = 1 }
  !left_out { print }
' networks-cuda.txt > networks.txt
echo "wrote networks.txt"
