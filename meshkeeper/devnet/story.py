"""The story of two epochs, step by step, on a network that really runs.

Each step does something, waits for what the chain makes of it while telling the events as they come, checks what the reader
of the story is told, and keeps the facts (read back from the chain) for `story.json`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from chain.v1 import epochs_pb2, events_pb2
from meshkeeper.devnet.network import Network
from meshkeeper.devnet.reader import NotInTime
from meshkeeper.devnet.telling import Teller

PROMPT = "Once upon a time, in a village by the sea,"
EPOCH_WITHIN_S = 120.0
"""An epoch of 40 blocks of a second, twice over for a busy machine."""
DISABLED = ("ada", "ada-2")
"""Whose node is taken out, and which."""
KILLED_NODE = "bob-1"
ASKED_BROKER = "cleo"
"""Broker that takes the prompt; it has no node of the first model, so another's must answer."""


class StoryFailed(Exception):
    """What was to be seen was not seen."""


@dataclass
class Story:
    """What the steps share: the network, the voice, how far the blocks have been told, and the facts."""

    network: Network
    teller: Teller
    facts: dict = field(default_factory=dict)
    told_height: int = 0

    def watch(self, seen: Callable[[events_pb2.BlockSummary], bool], within_s: float, what: str) -> int:
        """Tells blocks until one shows what is waited for, and returns its height."""
        try:
            for block in self.network.reader.blocks(self.told_height + 1, within_s):
                self.told_height = block.height
                for event in [e for tx in block.txs for e in tx.events] + list(block.events):
                    self.teller.event(block.height, event)
                if seen(block):
                    return block.height
        except NotInTime:
            raise StoryFailed(f"{what} was not seen within {within_s:.0f} s") from None
        raise AssertionError("blocks never end")

    def expect(self, holds: bool, what: str) -> None:
        """Fails the story unless something holds."""
        if not holds:
            raise StoryFailed(what)

    @property
    def main_model(self) -> str:
        """Identifier of the model that the prompt asks for."""
        return self.network.plan.models[0].model_id


def has_event(block: events_pb2.BlockSummary, kind: str, **wanted: str) -> bool:
    """Whether a block has an event with these attributes."""
    for event in [e for tx in block.txs for e in tx.events] + list(block.events):
        fields = {pair.key: pair.value for pair in event.attributes}
        if event.type == kind and wanted.items() <= fields.items():
            return True
    return False


def register(story: Story) -> None:
    """Models, participants and nodes appear on chain."""
    network = story.network
    for model in network.plan.models:
        network.register_model(model)
    nodes = [(p.name, n.node_id) for p in network.plan.participants for n in p.nodes]
    waiting = {(network.address(owner), node_id) for owner, node_id in nodes}

    def all_there(block: events_pb2.BlockSummary) -> bool:
        waiting.difference_update(
            pair
            for pair in list(waiting)
            if has_event(block, "hardware_updated", participant=pair[0], node_id=pair[1])
        )
        return not waiting

    story.watch(all_there, EPOCH_WITHIN_S, "the registration of all nodes")
    for participant in network.plan.participants:
        network.deposit_collateral(participant.name)
    story.facts["nodes"] = [
        {
            "participant": story.teller.name(owner.participant),
            "node_id": node.local_id,
            "models": list(node.models),
            "port": node.port,
        }
        for owner in network.hardware()
        for node in owner.hardware_nodes
    ]
    story.expect(len(story.facts["nodes"]) == len(nodes), "not every node is on chain")


def first_epoch(story: Story) -> None:
    """Proof of compute is mined, validated and voted on; epoch 1 is formed and takes effect."""
    _form(story, 1)
    story.expect(
        len(story.facts["epochs"][0]["weights"]) == len(story.network.plan.participants),
        "not every participant has weight in epoch 1",
    )


def prompt(story: Story) -> None:
    """A prompt is answered, token by token, through a broker that does not own the executor."""
    network, teller = story.network, story.teller
    network.wait_serving(story.main_model, EPOCH_WITHIN_S)
    teller.say(f"{ASKED_BROKER}'s broker is asked for {story.main_model}: {PROMPT!r}")
    teller.piece("          ")
    answer = network.ask(ASKED_BROKER, story.main_model, PROMPT, max_tokens=48, on_piece=teller.piece)
    teller.end_pieces()
    story.expect(bool(answer.text.strip()), "the answer is empty")
    story.watch(
        lambda b: has_event(b, "inference_finished", inference_id=answer.inference_id),
        60,
        "the record of the answer",
    )
    record = network.finished_inference(answer.inference_id, 60)
    story.expect(record.executed_by != network.address(ASKED_BROKER), "the broker answered itself")
    story.facts["inference"] = {
        "prompt": PROMPT,
        "answer": answer.text,
        "inference_id": record.inference_id,
        "model": record.model,
        "asked_broker": ASKED_BROKER,
        "transferred_by": teller.name(record.transferred_by),
        "executed_by": teller.name(record.executed_by),
        "status": network.status_name(record),
        "start_block_height": record.start_block_height,
        "end_block_height": record.end_block_height,
        "prompt_token_count": record.prompt_token_count,
        "completion_token_count": record.completion_token_count,
        "actual_cost_umesh": record.actual_cost,
        "first_token_s": round(answer.first_piece_s, 3),
        "tokens_per_second": round(answer.pieces_per_second, 1),
    }
    teller.say(
        f"on chain: {teller.name(record.executed_by)} answered with {record.completion_token_count} tokens for "
        f"{record.actual_cost} umesh, taken by {teller.name(record.transferred_by)} at block {record.start_block_height}"
    )


def disable(story: Story) -> None:
    """A node is taken out by its operator; it serves its epoch to the end."""
    owner, node_id = DISABLED
    network = story.network
    epoch = network.reader.epoch().effective_epoch_index
    network.disable_node(owner, node_id)
    story.teller.say(f"{owner} disables the node {node_id} through the admin API")
    model = network.plan.models[1].model_id
    served_by = network.ask_until_answered_by("bob", model, owner, PROMPT, within_s=60)
    story.expect(
        network.reader.epoch().effective_epoch_index == epoch, "the epoch ended before the node served it"
    )
    story.teller.say(f"{node_id} still answers for {model}: its epoch {epoch} goes on to the end")
    story.facts["disabled_node"] = {
        "participant": owner,
        "node_id": node_id,
        "disabled_in_epoch": epoch,
        "still_served": {"inference_id": served_by.inference_id, "model": model, "executed_by": owner},
    }


def kill_node(story: Story) -> None:
    """A machine dies and comes back; its broker notices and has it serve again."""
    network = story.network
    network.kill(f"node-{KILLED_NODE}")
    story.teller.say(f"{KILLED_NODE} is killed with SIGKILL")
    network.wait_node(
        KILLED_NODE,
        lambda view: not network.is_serving(view),
        60,
        f"the broker noticing that {KILLED_NODE} is gone",
    )
    story.teller.say("its broker has noticed")
    network.start(f"node-{KILLED_NODE}")
    network.wait_node(KILLED_NODE, network.is_serving, 90, f"the return of {KILLED_NODE}")
    story.teller.say(f"{KILLED_NODE} is back and serves again")
    story.facts["killed_node"] = {"node_id": KILLED_NODE, "signal": "SIGKILL", "serves_again": True}


def second_epoch(story: Story) -> None:
    """Epoch 2 forms without the disabled node, whose batch is refused."""
    owner, node_id = DISABLED
    network, teller = story.network, story.teller
    height = story.watch(
        lambda b: has_event(b, "poc_started", epoch_index="2"), EPOCH_WITHIN_S, "the second proof of compute"
    )
    network.wait_hardware_status(owner, node_id, "STOPPED", 60)
    teller.say(f"{owner}'s broker has marked {node_id} STOPPED on chain")
    refusal = network.submit_batch(owner, node_id, poc_start_block_height=height)
    teller.say(f"a batch in the name of {node_id} is refused: {refusal['reason']}")
    story.expect(
        refusal["reason"] == "ErrNodeDisabled",
        f"the batch was not refused with ErrNodeDisabled but {refusal}",
    )
    _form(story, 2)
    snapshot = story.facts["epochs"][1]["snapshot"]
    nodes = [n["node_id"] for members in snapshot.values() for m in members for n in m["nodes"]]
    story.expect(node_id not in nodes, f"{node_id} is in the snapshot of epoch 2")
    story.expect(nodes != [], "the snapshot of epoch 2 is empty")
    before, after = (epoch["weights"].get(owner, 0) for epoch in story.facts["epochs"])
    teller.say(
        f"{node_id} is in no snapshot of epoch 2, and {owner} has weight {after} without it (it was {before})"
    )
    story.facts["disabled_node"] |= {
        "refused_batch": refusal,
        "in_snapshot_of_epoch_2": False,
        "eligibility": network.eligibility(owner, node_id),
    }


def kill_chain(story: Story) -> None:
    """The chain dies and comes back at the same height with the same app hash."""
    network, teller = story.network, story.teller
    before = network.reader.status()
    network.kill("chain")
    teller.say(f"the chain is killed with SIGKILL at or after block {before.height}")
    network.start("chain")
    again = network.reader.block(before.height)
    story.expect(again.app_hash == before.app_hash, "the chain came back with another app hash")
    teller.say(
        f"the chain is back: block {before.height} has the app hash {before.app_hash.hex()[:16]}… as before"
    )
    story.watch(lambda b: b.height > before.height + 1, 60, "a new block after the restart")
    network.wait_serving(story.main_model, 60)
    answer = network.ask(ASKED_BROKER, story.main_model, PROMPT, max_tokens=8, on_piece=lambda piece: None)
    story.watch(
        lambda b: has_event(b, "inference_finished", inference_id=answer.inference_id),
        60,
        "an inference after the restart",
    )
    story.facts["killed_chain"] = {
        "signal": "SIGKILL",
        "height": before.height,
        "app_hash_before": before.app_hash.hex(),
        "app_hash_after": again.app_hash.hex(),
        "inference_after": answer.inference_id,
    }
    teller.say("the brokers have found it again, and a prompt is answered as before")


STEPS: tuple[tuple[str, Callable[[Story], None]], ...] = (
    ("Models, participants and nodes register", register),
    ("Epoch 1: proof of compute is mined, validated, voted on", first_epoch),
    ("A prompt is answered", prompt),
    ("A node is disabled", disable),
    ("A node is killed", kill_node),
    ("Epoch 2: without the disabled node", second_epoch),
    ("The chain is killed", kill_chain),
)
"""The story, after the network has started."""


def _form(story: Story, index: int) -> None:
    network, teller = story.network, story.teller
    story.watch(
        lambda b: has_event(b, "epoch_formed", epoch_index=str(index)),
        EPOCH_WITHIN_S,
        f"the formation of epoch {index}",
    )
    height = story.watch(
        lambda b: has_event(b, "epoch_effective", epoch_index=str(index)),
        EPOCH_WITHIN_S,
        f"the beginning of epoch {index}",
    )
    parent = network.reader.group(index)
    weights = {teller.name(m.member_address): m.weight for m in parent.validation_weights}
    snapshot = {
        model: _members(teller, network.reader.group(index, model)) for model in parent.sub_group_models
    }
    stage = parent.poc_start_block_height
    story.facts.setdefault("epochs", []).append(
        {
            "index": index,
            "poc_start_block_height": stage,
            "effective_block_height": height,
            "app_hash": network.reader.block(height).app_hash.hex(),
            "weights": weights,
            "snapshot": snapshot,
            "batches": network.batch_facts(stage, teller.name),
            "votes": network.vote_facts(stage, teller.name),
        }
    )
    teller.say("weights: " + ", ".join(f"{name} {weight}" for name, weight in weights.items()))
    for model, members in snapshot.items():
        served = ", ".join(f"{n['node_id']} ({n['weight']})" for m in members for n in m["nodes"])
        teller.say(f"snapshot: {model} is served by {served}")


def _members(teller: Teller, group: epochs_pb2.EpochGroupData) -> list[dict]:
    return [
        {
            "participant": teller.name(member.member_address),
            "weight": member.weight,
            "nodes": [
                {
                    "node_id": n.node_id,
                    "weight": n.poc_weight,
                    "poc_slot": list(n.timeslot_allocation)[1:] == [True],
                }
                for n in member.ml_nodes
            ],
        }
        for member in group.validation_weights
    ]
