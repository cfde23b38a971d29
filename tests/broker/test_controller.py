"""The controller through epochs, called event by event."""

from dataclasses import replace

import pytest

from broker import actions, events
from broker.errors import ChainUnknown, InvalidModel, NodeUnknown
from broker.facts import HardwareStatus
from broker.nodes import AdminState, Mode, ModelConfig, ModelFile
from broker.poc_votes import Job, Validation
from broker.state import Stored
from tests.broker.world import (
    FILE,
    MODEL,
    STOPPED,
    World,
    assign,
    commands,
    make_block,
    make_config,
    make_stage,
    of,
    start,
)


def test_an_epoch_is_mined_validated_and_served() -> None:
    world = start("a")
    world.run_to(39)
    assert commands(world.asked) == []
    assert commands(world.advance(40)) == [("StartPocGenerate", "a")]
    assert commands(world.run_to(49)) == []
    assert commands(world.advance(50)) == [("StartPocValidate", "a")]
    world.groups = assign("a")
    asked = world.run_to(59)
    assert commands(asked)[-1] == ("InferenceUp", "a")
    assert of(actions.InferenceUp, asked)[0].served_name == MODEL


def test_hardware_is_told_at_once_and_not_again() -> None:
    world = start("a")
    asked = world.run_to(3)
    assert len(of(actions.SubmitHardwareDiff, asked)) == 1
    assert world.records["a"].status == HardwareStatus.UNKNOWN
    world.give(events.SyncDue())
    assert not of(actions.SubmitHardwareDiff, world.run_to(5))


def test_a_refused_report_is_sent_again_every_block_and_its_reason_is_shown() -> None:
    world = start("a")
    world.refuse_diff = "ErrParticipantNotFound"
    assert len(of(actions.SubmitHardwareDiff, world.run_to(3))) == 3
    assert "ErrParticipantNotFound" in world.ask(events.StatusAsked).sync_error
    world.refuse_diff = ""
    world.advance(4)
    world.advance(5)
    assert "a" in world.records
    assert not world.ask(events.StatusAsked).sync_pending


def test_many_changes_in_one_block_are_one_comparison() -> None:
    world = start("a", "b")
    world.run_to(3)
    mark = len(world.asked)
    for node_id in ("a", "b"):
        world.ask(events.NodeDisabled, node_id)
        world.ask(events.NodeEnabled, node_id)
    assert len(of(actions.QueryHardware, world.asked[mark:])) <= 1


def test_a_disabled_node_finishes_its_epoch_then_mines_nothing_and_is_stopped_on_chain() -> None:
    world = start("a", "b")
    world.groups = assign("a", "b")
    world.run_to(60)
    world.ask(events.NodeDisabled, "b")
    assert commands(world.run_to(79)) == []
    assert world.records["b"].status == HardwareStatus.INFERENCE
    asked = world.advance(80)
    assert ("StopNode", "b") in commands(asked)
    assert ("StartPocGenerate", "a") in commands(asked)
    assert world.records["b"].status == HardwareStatus.STOPPED
    assert ("StartPocGenerate", "b") not in commands(world.run_to(99))
    assert world.ask(events.NodeAsked, "b").safe_to_power_off


def test_a_disabled_node_on_duty_serves_through_the_proof_of_compute_and_then_stops() -> None:
    world = start("a", "b")
    world.groups = assign("a", "b", on_duty=("b",))
    world.run_to(60)
    world.ask(events.NodeDisabled, "b")
    world.run_to(97)
    view = world.ask(events.NodeAsked, "b")
    assert (view.draining, view.operational, view.safe_to_power_off) == (True, False, False)
    assert world.seen["b"].mode == Mode.INFERENCE
    assert world.records["b"].status == HardwareStatus.STOPPED
    assert world.ask(events.NodeWanted, MODEL).node_id == "b"
    assert ("StopNode", "b") in commands(world.advance(98))


def test_a_node_enabled_again_in_the_proof_of_compute_waits_for_the_inference_phase() -> None:
    world = start("a", "b")
    world.groups = assign("a", "b")
    world.run_to(60)
    world.ask(events.NodeDisabled, "b")
    world.run_to(85)
    world.ask(events.NodeEnabled, "b")
    assert commands(world.run_to(97)) == [("StartPocValidate", "a")]
    assert ("InferenceUp", "b") in commands(world.run_to(100))
    assert world.records["b"].status == HardwareStatus.INFERENCE


def test_an_unknown_node_is_refused_and_everything_goes_on() -> None:
    world = start("a")
    world.run_to(2)
    for kind in (events.NodeEnabled, events.NodeDisabled, events.NodeRemoved, events.NodeAsked):
        with pytest.raises(NodeUnknown):
            world.ask(kind, "ghost")
    assert len(world.ask(events.NodesAsked)) == 1


def test_a_decision_is_stored_before_it_is_answered() -> None:
    world = start("a")
    world.run_to(2)
    asked = world.give(events.NodeDisabled(99, "a"))
    stored = next(i for i, item in enumerate(asked) if isinstance(item, actions.StoreNode))
    answered = next(i for i, item in enumerate(asked) if isinstance(item, actions.Answer))
    assert stored < answered
    assert asked[stored].admin.enabled is False


def test_an_update_keeps_the_admin_state_and_running_requests() -> None:
    world = start("a")
    world.groups = assign("a")
    world.run_to(60)
    world.ask(events.NodeWanted, MODEL)
    world.ask(events.NodeDisabled, "a")
    world.ask(events.NodesUpserted, (make_config("a", max_concurrent=9),))
    view = world.ask(events.NodeAsked, "a")
    assert (view.wanted_enabled, view.lock_count, view.config.max_concurrent) == (False, 1, 9)


def test_a_moved_node_is_connected_anew_and_told_to_the_chain() -> None:
    world = start("a")
    world.run_to(3)
    world.ask(events.NodesUpserted, (make_config("a", host="10.0.0.2"),))
    assert of(actions.ConnectNode, world.asked)[-1].host == "10.0.0.2"
    world.run_to(5)
    assert world.records["a"].host == "10.0.0.2"


def test_a_removed_node_vanishes_from_the_chain_without_waiting_for_its_work() -> None:
    world = start("a")
    world.run_to(3)
    world.ask(events.NodeRemoved, "a")
    assert of(actions.ForgetNode, world.asked)
    world.run_to(5)
    assert world.records == {}


def test_a_node_removed_and_added_in_one_epoch_serves_at_once() -> None:
    world = start("a")
    world.groups = assign("a")
    world.run_to(62)
    world.ask(events.NodeRemoved, "a")
    world.seen.pop("a")
    world.ask(events.NodesUpserted, (make_config("a"),))
    world.settle(world.give(events.PollDue()))
    assert commands(world.advance(63) + world.asked)[-1] == ("InferenceUp", "a")


def test_a_node_with_a_model_unknown_to_the_registry_is_refused_and_the_others_are_taken() -> None:
    world = start()
    world.run_to(2)
    bad = make_config("bad", models=(ModelConfig("nonsense.gguf"),))
    result = world.ask(events.NodesUpserted, (make_config("good"), bad))
    assert [view.id for view in result.views] == ["good"]
    assert [(node_id, type(error)) for node_id, error in result.errors] == [("bad", InvalidModel)]
    assert [view.id for view in world.ask(events.NodesAsked)] == ["good"]


def test_a_node_cannot_be_added_while_nobody_knows_its_model_and_the_call_ends() -> None:
    world = World()
    world.give(events.NodesUpserted(1, (make_config("a"),)))
    world.now = 60.0
    world.give(events.QueryFailed("ResolveModels", "no chain"))
    asked = world.give(events.Tick())
    refusals = of(actions.Refuse, world.asked + asked)
    assert [type(item.error) for item in refusals][:1] == [ChainUnknown]


def test_nothing_is_decided_while_the_chain_is_silent() -> None:
    world = start("a")
    world.run_to(39)
    world.now += 100.0
    mark = len(world.asked)
    world.settle(world.give(events.Tick(), events.PollDue(), events.SyncDue()))
    assert {type(item) for item in world.asked[mark:]} == {actions.PollNode}
    assert "no block for" in world.ask(events.StatusAsked).stale


def test_a_decision_while_the_chain_is_not_heard_counts_for_the_epoch_in_which_it_is_heard_again() -> None:
    world = start("a")
    world.run_to(60)
    world.give(events.ChainLost("gone"))
    view = world.ask(events.NodeDisabled, "a")
    assert (view.admin.pending, view.wanted_enabled) == (False, False)
    world.give(events.BlockCommitted(make_block(85), catching_up=True))
    assert world.state.nodes["a"].admin.pending is False
    world.advance(101)
    assert world.state.nodes["a"].admin == AdminState(False, 2, 0)
    assert world.state.is_operational(world.state.nodes["a"], world.state.tracker.epoch)


def test_a_node_that_moves_gives_its_share_of_the_validation_back() -> None:
    world = start("a")
    stage = make_stage(40, ["a"], "mesh1other")
    job = Job("j", "mesh1other", MODEL, (1,), (1,), node_id="a")
    world.run_to(41)
    world.state.validation = Validation(stage, {}, {"j": job})
    world.ask(events.NodesUpserted, (make_config("a", port=9999),))
    assert job.node_id == ""


def test_one_model_that_leads_nowhere_disables_neither_the_nodes_other_models_nor_other_nodes() -> None:
    both = (ModelConfig("retired.gguf"), ModelConfig(FILE))
    nodes = (
        actions.StoreNode(make_config("a", models=both), AdminState()),
        actions.StoreNode(make_config("b"), AdminState()),
    )
    world = World(stored=Stored(nodes))
    world.seen["a"] = replace(
        STOPPED, models=(*STOPPED.models, ModelFile("retired.gguf", STOPPED.models[0].state))
    )
    world.settle(world.give(events.Started(), events.PollDue()))
    world.groups = assign("a", "b")
    world.run_to(60)
    assert {node_id: record.models for node_id, record in world.records.items()} == {
        "a": (FILE,),
        "b": (FILE,),
    }
    assert {item.node_id for item in of(actions.StartPocGenerate, world.asked)} == {"a", "b"}
    assert {item.model for item in of(actions.InferenceUp, world.asked)} == {FILE}


def test_old_blocks_while_catching_up_decide_nothing() -> None:
    world = start("a")
    asked = world.give(events.BlockCommitted(make_block(40), catching_up=True))
    assert commands(asked) == []
    assert not of(actions.QueryPocStage, asked)


def test_missing_the_start_of_the_proof_of_compute_costs_nothing_but_time() -> None:
    world = start("a")
    world.run_to(38)
    asked = world.advance(45)
    assert commands(asked) == [("StartPocGenerate", "a")]
    assert of(actions.SubmitSeed, asked)


@pytest.mark.parametrize("again", [40, 39, 3])
def test_a_block_that_is_not_newer_changes_nothing(again: int) -> None:
    world = start("a")
    world.run_to(40)
    world.give(events.BlockCommitted(make_block(again)))
    assert world.state.tracker.height == 40


def test_a_failed_query_at_the_boundary_is_asked_again_at_the_next_block() -> None:
    world = start("a")
    world.run_to(39)
    asked = world.give(events.BlockCommitted(make_block(40)))
    assert of(actions.QueryPocStage, asked)
    world.give(events.QueryFailed("QueryPocStage", "not yet"))
    assert commands(world.advance(41)) == [("StartPocGenerate", "a")]


def test_epoch_data_counts_as_known_only_when_it_arrived() -> None:
    world = start("a")
    asked = world.give(events.BlockCommitted(make_block(60)))
    assert of(actions.QueryEpochData, asked)
    world.give(events.QueryFailed("QueryEpochData", "broken"))
    world.groups = assign("a")
    assert commands(world.advance(61)) == [("InferenceUp", "a")]


def test_a_foreign_node_of_the_same_name_is_not_ours() -> None:
    world = start("a")
    world.groups = assign("a", owner="mesh1other")
    world.run_to(60)
    assert world.ask(events.NodeAsked, "a").epoch_models == ()
