"""The entry point that SageMaker starts: `python -m model.sagemaker train` and `python -m model.sagemaker serve`."""

from __future__ import annotations

import argparse
import os
import sys

from model.sagemaker.serve import serve
from model.sagemaker.train import main as train


def main() -> int:
    """Train or serve, by the argument that SageMaker passes; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m model.sagemaker", description=__doc__)
    parser.add_argument("command", choices=["train", "serve"])
    if parser.parse_args().command == "train":
        return train(os.environ)
    serve(os.environ)
    return 0


if __name__ == "__main__":
    sys.exit(main())
