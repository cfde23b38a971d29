"""Random histories on the real machine: whatever is sent, by whomever and whenever, no law is broken.

`MESHKEEPER_CHAIN_MESSAGES` says how many messages (4000 when it is not set), `MESHKEEPER_CHAIN_SEED` where to
begin; `MESHKEEPER_CHAIN_STORY` names the file of a story that is run again.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from chain.codec import type_url
from chain.context import Context
from chain.inference.keeper import Inferences
from chain.inference.types import Inference
from chain.params import MsgUpdateParams
from chain.records import replace
from tests.chain.wild.author import Author
from tests.chain.wild.drafts import ALL, DRAFTS, answer, draft_start
from tests.chain.wild.glance import glance
from tests.chain.wild.people import BRISK, NAMES, find_person
from tests.chain.wild.run import Run
from tests.chain.wild.shrink import explain
from tests.chain.wild.story import ROUTES, Sent, read_story, write_story
from tests.chain.wild.terms import draw_params

MESSAGES = int(os.environ.get("MESHKEEPER_CHAIN_MESSAGES", "4000"))
SEED = int(os.environ.get("MESHKEEPER_CHAIN_SEED", "1"))
STORY = os.environ.get("MESHKEEPER_CHAIN_STORY", "")
LENGTHS = (300, 600, 1200)
"""Messages of one history; in long runs up to forty times as many."""
SAVED = Path(".meshkeeper") / "stories"
LONG = 100_000
"""Messages from which on a run tells how far it is, and goes on behind a history that broke a law."""
MANY = 20_000
"""Messages after which each kind must have been accepted; before that a few may wait for their chance."""
FEW = 3
SHOWS_BOTH = 5_000_000
"""A history in which an inference soon expires."""
EXPIRE = Inferences.handle_expired_inference


def write_histories(messages: int, seed: int) -> Iterator[Author]:
    """Histories until so many messages were sent."""
    left, number = messages, seed * 1_000_000
    while left > 0:
        longest = LENGTHS[number % len(LENGTHS)]
        if messages >= LONG:
            longest *= (1, 1, 10, 1, 40)[number % 5]
        author = Author(number)
        author.write(min(longest, left))
        yield author
        left, number = left - author.sent, number + 1


def test_no_random_history_breaks_a_law() -> None:
    counts: Counter[tuple[str, str]] = Counter()
    begun, sent, broken = time.monotonic(), 0, list[Author]()
    for author in write_histories(MESSAGES, SEED):
        counts += author.run.counts
        sent += author.sent
        if author.run.faults:
            broken.append(author)
        if author.run.faults and MESSAGES < LONG:
            break
        if MESSAGES >= LONG:
            rate = sent / (time.monotonic() - begun)
            print(f"{sent} messages, history {author.seed}, {rate:.0f}/s {author.run.faults[:1]}", flush=True)
    tell(counts)
    if broken:
        fault = broken[0].run.faults[0]
        path = SAVED / f"{fault.name}-{broken[0].seed}.json"
        pytest.fail(explain(broken[0].tellings, fault, path), pytrace=False)
    accepted = {name for name, reason in counts if not reason}
    wanted = {type_url(kind) for kind in DRAFTS}
    assert len(wanted - accepted) <= (0 if MESSAGES >= MANY else FEW), wanted - accepted


def tell(counts: Counter[tuple[str, str]]) -> None:
    """What became of the messages, by kind."""
    for kind in sorted({name for name, _ in counts}):
        reasons = {reason or "accepted": n for (name, reason), n in sorted(counts.items()) if name == kind}
        print(kind, reasons)


def test_a_story_is_the_same_when_it_is_read_and_run_again(tmp_path: Path) -> None:
    path = Path(STORY or tmp_path / "story.json")
    author = Author(SEED)
    if not STORY:
        author.write(200)
        write_story(author.story, path, "")
    story = read_story(path)
    run = Run(story.world, story.start)
    fault = run.play(story)
    assert fault is None, f"height {fault.height} breaks the law {fault.name!r}: {fault.says}"
    assert STORY or run.app.info() == author.run.app.info()


def forget_the_refund(self: Inferences, ctx: Context, requester: str, amount: int) -> None:
    pass


def miss_twice(self: Inferences, ctx: Context, inference: Inference) -> None:
    EXPIRE(self, ctx, inference)
    executor = self._nodes.get_participant(ctx, inference.assigned_to)
    assert executor is not None
    stats = executor.current_epoch_stats
    again = replace(stats, missed_requests=stats.missed_requests + 1)
    self._nodes.set_participant(ctx, replace(executor, current_epoch_stats=again))


@pytest.mark.parametrize(
    ("method", "bug", "law"),
    [("refund", forget_the_refund, "escrow"), ("handle_expired_inference", miss_twice, "counts")],
)
def test_a_bug_is_found_and_its_story_is_short(
    method: str, bug: object, law: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Inferences, method, bug)
    author = Author(SHOWS_BOTH)
    fault = author.write(2000)
    assert fault is not None and fault.name == law
    told = explain(author.tellings, fault, tmp_path / "story.json").splitlines()
    assert f"breaks the law '{law}'" in told[0]
    again = read_story(tmp_path / "story.json")
    assert sum("Msg" in line for line in told) == again.count() <= 2, told
    monkeypatch.undo()
    assert Run(again.world, again.start).play(again) is None


def test_parameters_may_change_at_every_height_of_an_epoch() -> None:
    chance, length = Random(SEED), BRISK.epoch.epoch_length
    for at in range(length):
        run = Run("running")
        run.advance(run.height + at)
        params = draw_params(chance, draw_params(chance, BRISK))
        update = MsgUpdateParams(find_person("gov").address, params)
        run.make_block((Sent(("gov",), (update,)),))
        epoch = run.keepers.epochs.get_effective(run.look()).index
        run.advance(run.height + 2 * length)
        assert run.faults == [], (at, params)
        assert run.keepers.epochs.get_effective(run.look()).index > epoch, "it goes on"


def test_a_forgotten_request_is_neither_started_nor_answered_again() -> None:
    run = Run("running")

    def let_in(seconds: int) -> None:
        params = run.keepers.governance.get_params(run.look())
        inference = replace(params.inference, timestamp_expiration=seconds)
        update = MsgUpdateParams(find_person("gov").address, replace(params, inference=inference))
        run.make_block((Sent(("gov",), (update,)),))

    let_in(5)
    start = Sent(("ann",), (draft_start(glance(run), Random(SEED), "ann"),))
    run.make_block((start,))
    (request,) = glance(run).started
    executor = NAMES[request.assigned_to]
    finish = Sent((executor,), (answer(request, executor, 5),))
    run.make_block((finish,))
    run.advance(run.height + 3 * BRISK.epoch.epoch_length)
    let_in(600)
    run.make_block((start, finish))
    assert run.faults == []
    assert [tx.reason for tx in run.last.tx_results] == ["ErrTimestampOutsideWindow"] * 2


def test_every_message_is_sent() -> None:
    assert {type_url(kind) for kind in ALL} == set(ROUTES)
