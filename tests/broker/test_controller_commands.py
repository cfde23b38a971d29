"""The controller's commands to nodes and the leases on them, called event by event."""

from dataclasses import replace

import pytest

from broker import actions, events
from broker.errors import NoNodeAvailable
from broker.facts import ChainEvent, HardwareStatus
from broker.nodes import AdminState, Mode, PocStatus
from broker.state import Stored
from tests.broker.world import (
    MODEL,
    STOPPED,
    World,
    assign,
    commands,
    make_block,
    make_config,
    of,
    start,
)


def test_an_answer_of_an_older_generation_is_dropped() -> None:
    world = start("a")
    world.run_to(39)
    world.give(events.BlockCommitted(make_block(40)))
    stale = replace(STOPPED, mode=Mode.POC, poc_status=PocStatus.GENERATING, poc_start_block_height=40)
    world.give(events.CommandDone("a", 0, stale))
    assert world.state.nodes["a"].observed == STOPPED


def test_a_generation_is_stored_with_every_command_and_goes_on_after_a_restart() -> None:
    world = start("a")
    world.run_to(40)
    last = of(actions.StoreGeneration, world.asked)[-1].generation
    assert of(actions.StartPocGenerate, world.asked)[-1].generation == last
    again = World(stored=Stored((actions.StoreNode(make_config("a"), AdminState(True, 0)),), last))
    again.records = world.records
    again.settle(again.give(events.Started(), events.PollDue()))
    assert of(actions.StartPocGenerate, again.advance(41))[0].generation > last


def test_a_node_that_has_seen_a_newer_generation_gets_a_newer_one() -> None:
    world = start("a")
    world.seen["a"] = replace(STOPPED, generation=500)
    world.settle(world.give(events.PollDue()))
    asked = world.run_to(40)
    assert of(actions.StartPocGenerate, asked)[0].generation > 500


def test_a_failing_command_is_repeated_with_growing_waits_and_at_once_for_a_new_task() -> None:
    world = start("a")
    world.run_to(39)
    world.obey = lambda action: events.CommandFailed(action.node_id, action.generation, "INTERNAL", "broken")
    times = []
    for height in range(40, 58):
        if commands(world.advance(height)):
            times.append(world.now)
    assert [at - times[0] for at in times] == [0.0, 5.0, 10.0, 15.0]
    assert "INTERNAL" in world.ask(events.NodeAsked, "a").last_error


def test_a_lasting_failure_is_published_and_its_end_too() -> None:
    world = start("a")
    world.groups = assign("a")
    world.run_to(62)
    world.silent_nodes.add("a")
    for height in range(63, 70):
        world.settle(world.give(events.PollDue()))
        world.advance(height, step_s=12.0)
    world.run_to(72)
    assert world.records["a"].status == HardwareStatus.FAILED
    with pytest.raises(NoNodeAvailable):
        world.ask(events.NodeWanted, MODEL)
    world.silent_nodes.clear()
    world.seen.pop("a")
    world.settle(world.give(events.PollDue()))
    world.run_to(75)
    assert world.records["a"].status == HardwareStatus.INFERENCE
    assert world.ask(events.NodeAsked, "a").last_error == ""


def test_two_silent_polls_take_a_node_out_of_routing() -> None:
    world = start("a")
    world.groups = assign("a")
    world.run_to(62)
    world.silent_nodes.add("a")
    world.settle(world.give(events.PollDue()))
    assert world.ask(events.NodeWanted, MODEL).node_id == "a"
    world.settle(world.give(events.PollDue()))
    with pytest.raises(NoNodeAvailable):
        world.ask(events.NodeWanted, MODEL)


def test_a_node_that_restarted_empty_is_brought_back() -> None:
    world = start("a")
    world.groups = assign("a")
    world.run_to(62)
    world.seen["a"] = STOPPED
    mark = len(world.asked)
    world.settle(world.give(events.PollDue()))
    world.advance(63)
    world.advance(70, step_s=10.0)
    assert ("InferenceUp", "a") in commands(world.asked[mark:])


def test_a_leftover_of_an_older_stage_is_started_anew() -> None:
    world = start("a")
    world.run_to(39)
    old = replace(STOPPED, mode=Mode.POC, poc_status=PocStatus.GENERATING, poc_start_block_height=0)
    world.seen["a"] = old
    world.settle(world.give(events.PollDue()))
    assert commands(world.advance(40)) == [("StartPocGenerate", "a")]


def test_a_broker_that_restarts_leaves_a_serving_node_in_peace() -> None:
    world = start("a")
    world.groups = assign("a")
    world.run_to(62)
    again = World("a")
    again.groups, again.records, again.seen = world.groups, world.records, world.seen
    again.seen["a"] = replace(again.seen["a"], models=(replace(STOPPED.models[0], served_names=(MODEL,)),))
    again.settle(again.give(events.Started(), events.PollDue()))
    assert commands(again.run_to(63)[-200:]) == [] or commands(again.advance(64)) == []
    assert again.ask(events.NodeWanted, MODEL).node_id == "a"


def test_a_change_of_the_registry_is_looked_at_again() -> None:
    world = start("a")
    world.run_to(3)
    asked = world.advance(4, (ChainEvent("model_retired", (("model_id", MODEL),)),))
    assert of(actions.ResolveModels, asked)


def test_all_nodes_disabled_raises_an_alarm() -> None:
    world = start("a")
    world.run_to(2)
    world.ask(events.NodeDisabled, "a")
    assert any("every node is disabled" in alarm for alarm in world.ask(events.StatusAsked).alarms)


def test_leases_are_spread_bounded_and_given_back() -> None:
    world = start("a", "b")
    world.groups = assign("a", "b")
    world.run_to(60)
    held = [world.ask(events.NodeWanted, MODEL) for _ in range(8)]
    assert [lease.node_id for lease in held] == ["a", "b"] * 4
    with pytest.raises(NoNodeAvailable):
        world.ask(events.NodeWanted, MODEL)
    world.give(events.LeaseReleased(held[1].lease_id), events.LeaseReleased(held[1].lease_id))
    assert world.ask(events.NodeWanted, MODEL).node_id == "b"
    assert held[0].base_url == "http://10.0.0.1:8080"


def test_a_lease_carries_the_key_of_its_node_and_an_update_without_one_keeps_it() -> None:
    world = start("a")
    world.groups = assign("a")
    world.ask(events.NodesUpserted, (make_config("a", api_key="k"),))
    world.ask(events.NodesUpserted, (make_config("a", max_concurrent=9),))
    world.run_to(60)
    lease = world.ask(events.NodeWanted, MODEL)
    assert (lease.api_key, "'k'" in repr(lease)) == ("k", False)
    world.ask(events.NodesUpserted, (make_config("a", api_key=""),))
    assert world.ask(events.NodeWanted, MODEL).api_key == ""


def test_a_node_that_was_tried_is_left_out_and_another_model_has_no_node() -> None:
    world = start("a", "b")
    world.groups = assign("a", "b")
    world.run_to(60)
    assert world.ask(events.NodeWanted, MODEL, frozenset({"a"})).node_id == "b"
    with pytest.raises(NoNodeAvailable):
        world.ask(events.NodeWanted, "another")
