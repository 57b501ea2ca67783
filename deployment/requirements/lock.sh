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
for group in lambda lambda-runtime emulator scan client peers engine; do
  compile "$group" --group "../../pyproject.toml:$group"
done
