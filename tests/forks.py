"""Processes forked from one that has imported everything, so that many short lives cost little."""

import multiprocessing
import os
import sys
from pathlib import Path

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "chain.__main__",
        "chain.io.serve",
        "tests.chain.kit",
        "broker.__main__",
        "broker.io.serve",
        "mlnode.__main__",
        "mlnode.io.serve",
        "meshkeeper.devnet.demo",
        "meshkeeper.__main__",
    ]
)


def run_command(words: list[str], environment: dict[str, str], log: Path) -> None:
    """What a forked process does: a `meshkeeper` command line, all that it says in a file."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(descriptor, stream.fileno())
    os.environ.update(environment)
    sys.argv[1:] = words
    from meshkeeper.__main__ import main

    main()
