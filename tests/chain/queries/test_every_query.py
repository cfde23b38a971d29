"""Every query of the table, over gRPC, at every height: the answer is the one that was given then."""

import inspect
from itertools import islice, product

import grpc
import pytest

from chain.bank.types import Coin
from chain.block import BlockResult, QueryResult
from chain.codec import encode, message_class
from chain.collateral.types import MsgWithdrawCollateral
from chain.fixed import Decimal
from chain.io.clients import QueryHandler
from chain.io.metrics import Metrics
from chain.io.node import HEIGHT_HEADER
from chain.machine import build_keepers
from chain.models.types import MsgRetireModel
from chain.pricing.types import MsgSubmitUnitOfComputePriceProposal
from chain.proposals.types import MsgSubmitProposal, MsgVote, VoteOption
from chain.queries.table import build_queries
from chain.queries.types import PageRequest
from chain.records import get_columns, replace
from chain.validation.types import MsgValidation
from tests.chain import test_story
from tests.chain.kit import SHORT, Chain, Signer, build_genesis, pack
from tests.chain.test_story import ANN, CAT, GOV, HOSTS, P1, P2, Story, start_and_finish

JAILING = replace(
    SHORT,
    collateral=replace(SHORT.collateral, jail_missed_requests=1),
    governance=replace(SHORT.governance, voting_period_blocks=60),
)
QUERIES = build_queries(build_keepers())
REQUESTS_MAX = 12
"""Most requests for one query."""


class Busy(Story):
    """The story of two epochs, with what it leaves out: proposals, votes, withdrawals, and a jailing."""

    def __init__(self) -> None:
        super().__init__()
        members = self.chain.genesis.genesis_members
        self.chain = Chain(build_genesis(GOV, *HOSTS, params=JAILING, genesis_members=members))

        self.doubted = ""
        """An inference that somebody found wrong."""

    def block(self, *signed: tuple[Signer, object]) -> BlockResult:
        return super().block(*signed, *([] if signed else self.extra()))

    def extra(self) -> list[tuple[Signer, object]]:
        """What somebody does in a block in which nothing else happens."""
        retire = pack(MsgRetireModel(GOV.address, "qwen"))
        acts: dict[int, list[tuple[Signer, object]]] = {
            12: [(ANN, MsgSubmitUnitOfComputePriceProposal(ANN.address, 77))],
            42: [(ANN, MsgSubmitProposal(ANN.address, "away", "with qwen", (retire,)))],
            43: [(CAT, MsgVote(CAT.address, 1, VoteOption.YES))],
            45: [(CAT, MsgWithdrawCollateral(CAT.address, Coin("umesh", "1000")))],
        }
        return acts.get(self.chain.height + 1, [])


@pytest.fixture(scope="module")
def story() -> Busy:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(test_story, "Story", Busy)
        story = test_story.live()
    executor = story.executor("gemma", "another one")
    start, finish = start_and_finish(story, ANN, executor, "is this right?")
    story.accepted((ANN, start), (executor, finish))
    other = next(host for host in HOSTS if host is not executor)
    story.accepted((other, MsgValidation(other.address, inference_id=start.inference_id, value=Decimal())))
    story.doubted = start.inference_id
    story.run_to(story.chain.height + 2)
    return story


def words(story: Busy) -> dict[str, tuple[object, ...]]:
    """What a field may be asked for, by its name. What never was is asked for as well."""
    people, inferences = (ANN.address, CAT.address), (story.paid, story.lost, story.doubted)
    height = story.find("inference_started")[-1][0] + JAILING.inference.expiration_blocks
    names = {
        "participant": people,
        "participant_id": people,
        "address": people,
        "requester": people,
        "developer": people,
        "index": (*people, *inferences),
        "id": ("gemma", "gemma-q4.gguf", "nothing"),
        "model": ("gemma", "qwen"),
        "model_id": ("gemma", "qwen"),
        "request_id": ("one", "two"),
        "exclude": ((), people),
        "ids": ((story.paid,),),
        "inference_id": inferences,
        "expiration_height": (height, 3),
        "block_height": (P1, P2),
        "poc_stage_start_block_height": (P1, P2),
        "denom": ("umesh",),
        "node_id": ("n1", "n2"),
        "proposal_id": (1, 2),
        "pagination": (
            PageRequest(),
            PageRequest(limit=1, count_total=True),
            PageRequest(limit=2, reverse=True),
        ),
    }
    numbers = dict.fromkeys(("epoch_index", "epoch_id"), (0, 1, 2))
    return {**names, **numbers}


def build_requests(story: Busy, path: str) -> list[bytes]:
    """Encoded requests of a query, of every combination of what its fields may be asked for."""
    known, kind = words(story), QUERIES[path].request
    columns = get_columns(kind)
    values = [known.get(name, (default,)) for name, default, _ in columns]
    return [encode(kind(*chosen)) for chosen in islice(product(*values), REQUESTS_MAX)]


def shown(result: QueryResult) -> tuple[str, bytes]:
    return result.reason, result.value


Answers = dict[tuple[str, bytes, int], tuple[str, bytes]]


@pytest.fixture(scope="module")
def given_then(story: Busy) -> Answers:
    """Every answer, given by a machine whose last block was that of the height."""
    last, answers = story.chain.height, {}
    heights = {1, 2, P1, P1 + 2, P1 + 13, P1 + 19, 43, 46, P2, P2 + 14, last - 1, last}
    replica = Chain(story.chain.genesis)
    requests = {path: build_requests(story, path) for path in QUERIES}
    for block in story.chain.blocks:
        replica.app.finalize_block(block)
        replica.app.commit()
        if block.header.height in heights:
            for path, asked in requests.items():
                for request in asked:
                    result = replica.app.query(path, request)
                    answers[path, request, block.header.height] = shown(result)
    assert replica.app.info() == story.chain.app.info()
    return answers


@pytest.mark.parametrize("path", QUERIES)
def test_every_query_finds_something_to_tell(given_then: Answers, path: str) -> None:
    told = {value for (asked, _, _), (reason, value) in given_then.items() if asked == path and not reason}
    assert told, "no request of this test was answered"
    answer = message_class(inspect.get_annotations(QUERIES[path].answer, eval_str=True)["return"])
    lists = [field.name for field in answer.DESCRIPTOR.fields if field.is_repeated]
    if lists:
        assert any(getattr(answer.FromString(value), name) for value in told for name in lists), (
            "all are empty"
        )


async def test_every_answer_can_be_had_later_for_its_height(story: Busy, given_then: Answers) -> None:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((QueryHandler(story.chain.app, Metrics()),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    assert len(given_then) > 2500
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        methods = {path: channel.unary_unary(path) for path in QUERIES}
        for (path, request, height), expected in given_then.items():
            call = methods[path](request, timeout=10, metadata=((HEIGHT_HEADER, str(height)),))
            try:
                found = ("", await call)
            except grpc.aio.AioRpcError as error:
                found = (dict(error.trailing_metadata() or ())["reason"], b"")
            assert (path, height, found) == (path, height, expected)
            assert dict(await call.initial_metadata())[HEIGHT_HEADER] == str(height)
    await server.stop(None)
