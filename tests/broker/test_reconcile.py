"""From what a node is to what it should be: every pair, one command or none."""

import pytest

from broker import actions, events
from broker.facts import Phase
from broker.nodes import AdminState, Mode, ModelFile, ModelFileState, Observation, PocStatus
from broker.reconcile import get_back_off_s
from tests.broker.world import FILE, MODEL, World, assign, make_epoch, of, start

FILES = (ModelFile(FILE, ModelFileState.READY, served_names=(MODEL,)),)
IDLE, GENERATING, VALIDATING = PocStatus.IDLE, PocStatus.GENERATING, PocStatus.VALIDATING


def seen(mode: Mode, poc: PocStatus = IDLE, stage: int = 0, model: str = "", **more: object) -> Observation:
    return Observation(mode, poc, 0, model, poc_start_block_height=stage, models=FILES, http_port=1, **more)


STATES = {
    "stopped": seen(Mode.STOPPED),
    "serving": seen(Mode.INFERENCE, model=FILE),
    "serving another": seen(Mode.INFERENCE, model="other.gguf"),
    "mining": seen(Mode.POC, GENERATING, 80, FILE),
    "mining an older stage": seen(Mode.POC, GENERATING, 40, FILE),
    "validating": seen(Mode.POC, VALIDATING, 80),
    "validating an older stage": seen(Mode.POC, VALIDATING, 40),
}
COMMANDS = (actions.StopNode, actions.InferenceUp, actions.StartPocGenerate, actions.StartPocValidate)
NEEDS_NOTHING = {
    (70, "serving"),
    (90, "validating"),
}
COMMAND_FOR = {70: actions.InferenceUp, 90: actions.StartPocValidate}


def command_at(height: int, state: str, enabled: bool = True) -> list[type]:
    """The commands of a broker that starts at this height and finds the node in this state."""
    world = World("a")
    world.groups = assign("a")
    world.seen["a"] = STATES[state]
    world.settle(world.give(events.Started(), events.PollDue()))
    world.state.nodes["a"].admin = AdminState(enabled, 0)
    return [type(item) for item in world.advance(height) if isinstance(item, COMMANDS)]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("height", [70, 90])
def test_one_command_brings_a_node_where_it_should_be(height: int, state: str) -> None:
    expected = [] if (height, state) in NEEDS_NOTHING else [COMMAND_FOR[height]]
    assert command_at(height, state) == expected


@pytest.mark.parametrize("state", [state for state in STATES if state != "stopped"])
@pytest.mark.parametrize("height", [70, 90])
def test_a_node_that_left_is_stopped_from_whatever_it_does(height: int, state: str) -> None:
    assert command_at(height, state, enabled=False) == [actions.StopNode]


def test_a_node_that_left_and_stands_still_is_left_alone() -> None:
    assert command_at(70, "stopped", enabled=False) == []


@pytest.mark.parametrize("state", STATES)
def test_a_mining_node_is_always_told_its_share_after_a_restart_of_the_broker(state: str) -> None:
    world = start("a")
    world.seen["a"] = STATES[state]
    world.run_to(79)
    asked = world.advance(80)
    assert [type(item) for item in asked if isinstance(item, COMMANDS)] == [actions.StartPocGenerate]


def test_a_node_that_still_loads_is_given_time() -> None:
    world = start("a")
    world.groups = assign("a")

    def slow(action: actions.Action) -> events.CommandDone:
        loading = Observation(
            Mode.INFERENCE, generation=action.generation, model=FILE, loading=True, models=FILES
        )
        world.seen["a"] = loading
        return events.CommandDone(action.node_id, action.generation, loading)

    world.obey = slow
    world.advance(70)
    for height in range(71, 78):
        world.settle(world.give(events.PollDue()))
        world.advance(height, step_s=30.0)
    assert len(of(actions.InferenceUp, world.asked)) == 1


def test_a_load_that_failed_is_tried_again_and_its_reason_shown() -> None:
    world = start("a")
    world.groups = assign("a")

    def failing(action: actions.Action) -> events.CommandDone:
        broken = Observation(
            Mode.INFERENCE,
            generation=action.generation,
            model=FILE,
            loading=True,
            models=FILES,
            last_error="bad file",
        )
        world.seen["a"] = broken
        return events.CommandDone(action.node_id, action.generation, broken)

    world.obey = failing
    world.advance(70)
    world.advance(76, step_s=6.0)
    assert len(of(actions.InferenceUp, world.asked)) == 2
    assert world.ask(events.NodeAsked, "a").last_error == "bad file"


def test_a_change_of_task_replaces_the_command_in_flight_and_its_late_answer_is_dropped() -> None:
    world = start("a")
    world.run_to(39)
    healthy, waiting = world.obey, []
    world.obey = lambda action: waiting.append(action)
    world.run_to(49)
    assert [type(item) for item in waiting] == [actions.StartPocGenerate]
    world.obey = healthy
    world.advance(50)
    assert world.seen["a"].poc_status == VALIDATING
    late = seen(Mode.POC, GENERATING, 40, FILE)
    world.give(events.CommandDone("a", waiting[0].generation, late))
    assert world.state.nodes["a"].observed.poc_status == VALIDATING


def test_waits_grow_to_half_a_minute() -> None:
    assert [get_back_off_s(attempts) for attempts in range(7)] == [0.0, 5.0, 10.0, 20.0, 30.0, 30.0, 30.0]


def test_the_world_has_the_phases_that_these_tests_mean() -> None:
    assert [make_epoch(height).phase for height in (70, 80, 90)] == [
        Phase.INFERENCE,
        Phase.POC_GENERATE,
        Phase.POC_GENERATE_WIND_DOWN,
    ]


def test_between_validation_and_the_new_groups_a_node_is_not_stopped_for_one_block() -> None:
    world = start("a")
    world.run_to(57)
    world.groups = assign("a")
    asked = world.run_to(60)
    assert [type(item) for item in asked if isinstance(item, COMMANDS)] == [actions.InferenceUp]
