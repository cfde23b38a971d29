"""The first lines of a worker's process: `python -m mlnode.io.entry SOCKET PARENT`, started by the node.

Guarded before anything is imported, then everything that a load needs, and no more. Of llama-cpp-python that
is the C interface alone: its classes for people bring a template engine, a database and a log of their own,
which takes as long as all the rest. No import makes a device context: llama.cpp looks for devices when the
first model is loaded.
"""

import ctypes
import importlib
import importlib.util
import os
import resource
import signal
import sys
import types

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Never returns."""
    fd, parent = (int(argument) for argument in sys.argv[1:])
    guard_process(parent)
    import_interface()
    from mlnode.io.worker import run

    run(fd)


def guard_process(parent: int) -> None:
    """Die with the parent, leave no core file, and leave Ctrl-C to the front."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def import_interface() -> None:
    """Have `import llama_cpp` mean the functions and structures of llama.h for the rest of this process."""
    found = importlib.util.find_spec("llama_cpp")
    if found is None or found.submodule_search_locations is None:
        raise ImportError("llama-cpp-python is not installed; run make build.")
    package = types.ModuleType("llama_cpp")
    package.__path__ = list(found.submodule_search_locations)
    sys.modules["llama_cpp"] = package
    interface = importlib.import_module("llama_cpp.llama_cpp")
    names = {name: value for name, value in vars(interface).items() if not name.startswith("__")}
    vars(package).update(names)


if __name__ == "__main__":
    main()
