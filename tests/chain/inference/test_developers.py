"""What a developer asked for and paid: by epoch and model, and in all, longer than inferences are kept."""

import pytest

from chain.codec import encode
from chain.epochs.types import Epoch
from chain.errors import ErrInvalidRequest
from chain.inference.developers import EPOCHS_KEPT
from chain.inference.types import DeveloperStats
from chain.queries.listing_types import QueryDeveloperStatsRequest, QueryDeveloperStatsResponse
from chain.queries.types import PageRequest
from chain.records import replace
from chain.validation.types import MsgInvalidateInference
from tests.chain.kit import GENESIS_TIME_NS
from tests.chain.market import MODEL, NOW_NS
from tests.chain.validation.panel import Panel
from tests.chain.world import AUTHORITY, World

EPOCH = Epoch()
NOW_MS = NOW_NS // 10**6


@pytest.fixture
def panel() -> Panel:
    """Three completed, one of them wrong, and one that expires at height 25."""
    panel = Panel()
    for at in range(3):
        panel.last = panel.serve(NOW_NS + at)
    panel.deliver(panel.start(timestamp=NOW_NS + 9))
    panel.begin(10)
    panel.deliver(MsgInvalidateInference(AUTHORITY.address, panel.last))
    panel.begin(26)
    return panel


def ask(world: World, **fields: object) -> QueryDeveloperStatsResponse:
    request = replace(QueryDeveloperStatsRequest(world.address("dev")), **fields)
    answer = world.ask("DeveloperStats", request)
    assert isinstance(answer, QueryDeveloperStatsResponse)
    return answer


def test_what_was_asked_answered_missed_and_given_back_is_summed_up(panel: Panel) -> None:
    (stats,) = ask(panel).developer_stats
    assert stats == DeveloperStats(
        developer=panel.address("dev"),
        epoch_index=0,
        model=MODEL,
        inference_count=3,
        prompt_tokens=30,
        completion_tokens=60,
        spent=9000,
        refunded=3000,
        expired_count=1,
        invalidated_count=1,
        first_block_timestamp=NOW_MS,
        last_block_timestamp=GENESIS_TIME_NS // 10**6 + 25_000,
    )
    assert ask(panel).total == replace(stats, model="")


def test_what_it_paid_is_what_it_has_less(panel: Panel) -> None:
    total = ask(panel).total
    assert total.spent - total.refunded == 10**15 - panel.balance("dev")


def test_nobody_else_has_any(panel: Panel) -> None:
    answer = ask(panel, developer=panel.address("exec"))
    assert (answer.developer_stats, answer.total.inference_count) == ((), 0)


def fill(panel: Panel, *epochs: int) -> None:
    """Figures of more epochs: each has spent its own index, a second after it began."""
    developers = panel.keepers.inferences.developers
    inference = panel.inference(panel.last)
    for epoch in epochs:
        for model in ("A", "B"):
            entry = replace(inference, epoch_id=epoch, model=model, actual_cost=epoch)
            panel.height = 40 * epoch
            developers.count_completed(panel.context(), entry)
        panel.keepers.epochs.set_epoch(panel.context(), replace(EPOCH, index=epoch))
    panel.keepers.epochs.set_effective(panel.context(), epochs[-1])


def shown(answer: QueryDeveloperStatsResponse) -> list[tuple[int, str]]:
    return [(stats.epoch_index, stats.model) for stats in answer.developer_stats]


def test_a_range_of_epochs_or_of_time_narrows_it_down(panel: Panel) -> None:
    fill(panel, 1, 2, 3)
    assert len(ask(panel).developer_stats) == 7
    assert shown(ask(panel, epoch_from=2, epoch_to=2)) == [(2, "A"), (2, "B")]
    assert ask(panel, epoch_from=2).total.spent == 2 * 2 + 2 * 3
    start_ms = GENESIS_TIME_NS // 10**6
    assert shown(ask(panel, time_from=start_ms + 80_000)) == [(2, "A"), (2, "B"), (3, "A"), (3, "B")]
    assert shown(ask(panel, time_from=start_ms + 26_000, time_to=start_ms + 79_999)) == [(1, "A"), (1, "B")]
    for fields in ({"epoch_from": 2, "epoch_to": 1}, {"time_from": 2, "time_to": 1}):
        with pytest.raises(ErrInvalidRequest):
            ask(panel, **fields)


@pytest.mark.parametrize("reverse", [False, True])
def test_pages_join_to_the_whole_and_every_page_has_the_total(panel: Panel, reverse: bool) -> None:
    fill(panel, 1, 2, 3)
    whole, pages, key = shown(ask(panel)), [], b""
    while True:
        answer = ask(panel, pagination=PageRequest(key=key, limit=2, reverse=reverse))
        assert answer.total.spent == 9000 + 12
        pages += shown(answer)
        key = answer.pagination.next_key
        if not key:
            break
    assert pages == (whole[::-1] if reverse else whole)
    assert ask(panel, pagination=PageRequest(limit=1, count_total=True)).pagination.total == 7
    with pytest.raises(ErrInvalidRequest):
        ask(panel, pagination=PageRequest(key=b"elsewhere"))


def test_figures_outlive_their_inferences_and_are_forgotten_themselves(panel: Panel) -> None:
    panel.height = 200
    panel.keepers.inferences.process_pruning(panel.context(), EPOCHS_KEPT)
    assert panel.keepers.inferences.get_inference(panel.context(), panel.last) is None
    assert len(ask(panel).developer_stats) == 1
    panel.keepers.inferences.process_pruning(panel.context(), EPOCHS_KEPT + 1)
    assert ask(panel).developer_stats == ()


def test_they_survive_an_export(panel: Panel) -> None:
    document = panel.export()
    assert len(document.developer_stats) == 1
    again = World()
    again.load(document)
    assert encode(again.export()) == encode(document)
