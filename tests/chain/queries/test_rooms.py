"""Reads of the rooms: what they answer, and what they refuse without falling over."""

import pytest

from chain.codec import decode, encode
from chain.errors import Refusal
from chain.models.types import Model
from chain.nodes.types import HardwareNodeStatus
from chain.queries import types as q
from chain.queries.table import answer, build_queries
from tests.chain.world import World, node

OWN = "/chain.v1.Query/"


@pytest.fixture
def world() -> World:
    world = World("alice", "bob", weights={"alice": 5})
    world.begin(1)
    world.register_model("A", "x", "y")
    world.register_model("B", "A")
    world.join("alice", node("a1", "x"), node("a2", "A", status=HardwareNodeStatus.STOPPED))
    return world


def ask(world: World, name: str, request: object) -> object:
    data = answer(build_queries(world.keepers), world.context(), OWN + name, encode(request))
    return decode(getattr(q, f"Query{name}Response"), data)


class TestModels:
    def test_one_and_all(self, world: World) -> None:
        assert ask(world, "Model", q.QueryModelRequest("A")).model.alternative_models == ("x", "y")
        listed = ask(world, "ModelsAll", q.QueryModelsAllRequest())
        assert [model.id for model in listed.models] == ["A", "B"]
        assert isinstance(listed.models[0], Model)

    def test_alternatives_of_an_unknown_model_are_none(self, world: World) -> None:
        listed = ask(world, "ModelAlternatives", q.QueryModelAlternativesRequest("Z"))
        assert listed.alternative_models == ()

    def test_what_an_identifier_stands_for_and_all_it_leads_to(self, world: World) -> None:
        resolved = ask(world, "ResolveModel", q.QueryResolveModelRequest("x"))
        assert (resolved.model_id, resolved.reachable_model_ids) == ("A", ("A", "B"))


class TestNodes:
    def test_machines_of_someone_who_has_none_are_an_empty_list(self, world: World) -> None:
        answered = ask(world, "HardwareNodes", q.QueryHardwareNodesRequest(world.address("bob")))
        assert (answered.nodes.participant, answered.nodes.hardware_nodes) == (world.address("bob"), ())

    def test_a_participant(self, world: World) -> None:
        answered = ask(world, "Participant", q.QueryParticipantRequest(world.address("alice")))
        assert answered.participant.inference_url == "http://alice.example:9000"


class TestEligibility:
    """The formation's own function, for one machine, never refused."""

    @pytest.mark.parametrize(
        ("owner", "node_id", "reason"),
        [
            ("alice", "a1", ""),
            ("alice", "a2", "NODE_STOPPED"),
            ("alice", "a3", "NODE_UNKNOWN"),
            ("alice", "", "NODE_ID_EMPTY"),
            ("bob", "a1", "PARTICIPANT_UNKNOWN"),
        ],
    )
    def test_reasons(self, world: World, owner: str, node_id: str, reason: str) -> None:
        request = q.QueryNodeEligibilityRequest(world.address(owner), node_id)
        found = ask(world, "NodeEligibility", request).eligibility
        assert (found.eligible, found.reason) == (reason == "", reason)

    def test_the_models_are_those_it_resolves_to(self, world: World) -> None:
        request = q.QueryNodeEligibilityRequest(world.address("alice"), "a1")
        assert ask(world, "NodeEligibility", request).eligibility.models == ("A",)

    def test_an_address_that_is_none(self, world: World) -> None:
        found = ask(world, "NodeEligibility", q.QueryNodeEligibilityRequest("no\0address", "a1")).eligibility
        assert found.reason == "PARTICIPANT_UNKNOWN"


class TestEpochs:
    def test_where_the_chain_stands(self, world: World) -> None:
        world.begin(45)
        epoch = ask(world, "CurrentEpoch", q.QueryCurrentEpochRequest()).epoch
        assert (epoch.epoch_index, epoch.effective_epoch_index, epoch.block_height) == (1, 0, 45)

    def test_the_group_in_effect(self, world: World) -> None:
        group = ask(world, "CurrentEpochGroupData", q.QueryCurrentEpochGroupDataRequest()).epoch_group_data
        assert [member.weight for member in group.validation_weights] == [5]

    def test_who_may_mine(self, world: World) -> None:
        world.begin(41)
        admissions = ask(world, "PocAdmissions", q.QueryPocAdmissionsRequest(1)).admissions
        assert [entry.node_id for entry in admissions.admissions] == ["a1"]


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("Model", q.QueryModelRequest("Z")),
        ("Model", q.QueryModelRequest("")),
        ("Model", q.QueryModelRequest("a\0b")),
        ("ResolveModel", q.QueryResolveModelRequest("Z")),
        ("Participant", q.QueryParticipantRequest("nobody")),
        ("Participant", q.QueryParticipantRequest("\0")),
        ("EpochGroupData", q.QueryEpochGroupDataRequest(9)),
        ("EpochGroupData", q.QueryEpochGroupDataRequest(0, "a\0")),
        ("ActiveParticipants", q.QueryActiveParticipantsRequest(9)),
        ("RandomSeed", q.QueryRandomSeedRequest(1, "x")),
        ("RandomSeed", q.QueryRandomSeedRequest(1, "\0")),
        ("PocAdmissions", q.QueryPocAdmissionsRequest(9)),
        ("PocBatchesForStage", q.QueryPocBatchesForStageRequest(-1)),
        ("PocValidationsForStage", q.QueryPocValidationsForStageRequest(-1)),
        ("GetRandomExecutor", q.QueryGetRandomExecutorRequest("A", "r")),
        ("GetRandomExecutor", q.QueryGetRandomExecutorRequest("Z", "r")),
        ("GetRandomExecutor", q.QueryGetRandomExecutorRequest("\0", "r")),
        ("Inference", q.QueryInferenceRequest("none")),
        ("EpochPerformanceSummary", q.QueryEpochPerformanceSummaryRequest(1, "x")),
        ("Collateral", q.QueryCollateralRequest("\0")),
        ("UnbondingCollateral", q.QueryUnbondingCollateralRequest("")),
    ],
)
def test_what_is_not_there_or_cannot_be_is_refused(world: World, name: str, request_: object) -> None:
    with pytest.raises(Refusal):
        ask(world, name, request_)
