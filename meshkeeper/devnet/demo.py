"""The demo: starts a network, tells its story, writes the facts, and leaves nothing behind."""

import fcntl
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from meshkeeper.devnet.asking import NotAnswered
from meshkeeper.devnet.models import ModelProblem, prepare_models
from meshkeeper.devnet.network import Network
from meshkeeper.devnet.operators import CommandFailed
from meshkeeper.devnet.plan import PORT_COUNT, plan_network
from meshkeeper.devnet.processes import ProcessFailed, free_ports, write_json
from meshkeeper.devnet.reader import NotInTime
from meshkeeper.devnet.story import STEPS, Story, StoryFailed
from meshkeeper.devnet.telling import Teller

EXPECTED = (StoryFailed, NotInTime, ProcessFailed, CommandFailed, NotAnswered, ModelProblem, OSError)
"""What can go wrong without our being at fault; anything else is a bug and shows its trace."""


class Interrupted(BaseException):
    """The user or the system asked the demo to stop."""


class Busy(Exception):
    """Another demo runs in the same folder."""


def run_demo(root: Path, model: Path | None) -> int:
    """Runs the demo below a folder and returns its exit status: 0 when all was seen, else 1."""
    base = root / "demo"
    teller = Teller({})
    try:
        with _alone(root), _interruptible():
            shutil.rmtree(base, ignore_errors=True)
            models = prepare_models(base / "models", model, teller.say)
            plan = plan_network(base, models, free_ports(PORT_COUNT))
            with Network(plan, bound=True) as network:
                _tell(network, teller)
    except _Stopped as stopped:
        return _fail(teller, stopped.step, stopped.cause, stopped.log)
    except Busy as busy:
        teller.aside(f"devnet demo: {busy}")
        return 1
    except (Interrupted, *EXPECTED) as problem:
        return _fail(teller, "preparing", problem)
    return 0


class _Stopped(Exception):
    """A step could not be finished."""

    def __init__(self, step: str, log: Path, cause: BaseException) -> None:
        super().__init__(step)
        self.step, self.log, self.cause = step, log, cause


def _start(story: Story) -> None:
    story.network.start_all(story.teller.say)
    story.teller.names.update(story.network.names())


def _tell(network: Network, teller: Teller) -> None:
    story = Story(network, teller)
    steps = (("The network starts", _start, "chain"), *STEPS)
    for number, (title, tell, suspect) in enumerate(steps, start=1):
        teller.step(number, len(steps), title)
        try:
            tell(story)
            network.check_alive()
        except (Interrupted, *EXPECTED) as problem:
            cause = _find_cause(network, problem)
            raise _Stopped(title, network.plan.log(suspect), cause) from problem
    _sum_up(story, network)


def _find_cause(network: Network, problem: BaseException) -> BaseException:
    """A process that died explains whatever failed without it."""
    if not isinstance(problem, Interrupted):
        try:
            network.check_alive()
        except ProcessFailed as death:
            return death
    return problem


def _sum_up(story: Story, network: Network) -> None:
    teller, known = story.teller, story.facts
    first, second = known["epochs"]
    names = sorted(first["weights"] | second["weights"])
    teller.table(
        "Weights",
        ("participant", "nodes", "epoch 1", "epoch 2"),
        (
            (
                name,
                ", ".join(node["node_id"] for node in known["nodes"] if node["participant"] == name),
                first["weights"].get(name, 0),
                second["weights"].get(name, 0),
            )
            for name in names
        ),
    )
    inference, disabled, chain = known["inference"], known["disabled_node"], known["killed_chain"]
    teller.table(
        "What was seen",
        ("what", "how it went"),
        (
            ("prompt", f"taken by {inference['transferred_by']}, answered by {inference['executed_by']}"),
            (
                "speed",
                f"first token {inference['first_token_s']} s, {inference['tokens_per_second']} tokens/s",
            ),
            (
                "disabled node",
                f"{disabled['node_id']}: {disabled['refused_batch']['reason']}, not in epoch 2",
            ),
            ("killed node", f"{known['killed_node']['node_id']}: back to {known['killed_node']['back_to']}"),
            ("killed chain", f"block {chain['height']} again with app hash {chain['app_hash_after'][:16]}…"),
        ),
    )
    known["chain_id"] = network.plan.chain_id
    known["models"] = [{"model_id": m.model_id, "file": m.file} for m in network.plan.models]
    known["duration_s"] = round(teller.elapsed_s, 1)
    path = network.plan.base / "story.json"
    write_json(path, known)
    teller.aside(f"\nThe facts are in {path}. It took {teller.elapsed_s:.0f} s. Next: make up")


def _fail(teller: Teller, step: str, cause: BaseException, log: Path | None = None) -> int:
    teller.end_line()
    if isinstance(cause, Interrupted):
        teller.aside(f"devnet demo: stopped in the step {step!r}; every process has been ended.")
        return 1
    where = "" if isinstance(cause, ProcessFailed) or log is None else f"; read {log} first"
    teller.aside(f"devnet demo: the step {step!r} failed: {cause}{where}")
    return 1


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    root.mkdir(parents=True, exist_ok=True)
    with (root / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"another demo runs in {root}; wait for its end or stop it") from None
        yield


@contextmanager
def _interruptible() -> Iterator[None]:
    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        for number in handled:
            signal.signal(number, signal.SIG_IGN)
        raise Interrupted

    handled = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
