"""The story of two epochs, step by step, on a network that really runs.

Each step does something, waits for what the chain makes of it while telling the events as they come, checks
what it tells, and keeps the facts (read back from the chain) for `story.json`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chain.v1 import events_pb2
from meshkeeper.devnet import facts
from meshkeeper.devnet.network import Network
from meshkeeper.devnet.reader import NotInTime
from meshkeeper.devnet.telling import Teller

PROMPT = "Once upon a time, in a village by the sea,"
EPOCH_WITHIN_S = 150.0
"""An epoch is 50 blocks of a second; three times that for a busy machine."""
SOON_S = 60.0
"""What should take a few blocks."""
DISABLED_OWNER, DISABLED_NODE = "ada", "ada-2"
KILLED_NODE = "bob-1"
ASKED_BROKER = "cleo"
"""Broker that takes the prompt; it has no node of the first model, so another's must answer."""

Seen = Callable[[events_pb2.BlockSummary], bool]


class StoryFailed(Exception):
    """What was to be seen was not seen."""


@dataclass
class Story:
    """What the steps share: the network, the voice, how far the blocks have been told, and the facts."""

    network: Network
    teller: Teller
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    told_height: int = 0

    def watch(self, seen: Seen, within_s: float, what: str) -> int:
        """Tells blocks until one shows what is waited for, and returns its height."""
        try:
            reader, check = self.network.reader, self.network.check_alive
            for block in reader.blocks(self.told_height + 1, within_s, check):
                self.told_height = block.height
                for event in events_of(block):
                    self.teller.event(block.height, event)
                if seen(block):
                    return block.height
        except NotInTime:
            raise StoryFailed(f"{what} was not seen within {within_s:.0f} s") from None
        raise AssertionError("blocks never end")

    def watch_event(self, within_s: float, what: str, kind: str, **wanted: str) -> int:
        """Tells blocks until one has an event, and returns its height."""
        return self.watch(lambda block: has_event(block, kind, **wanted), within_s, what)

    def expect(self, holds: bool, what: str) -> None:
        """Fails the story unless something holds."""
        if not holds:
            raise StoryFailed(what)


def events_of(block: events_pb2.BlockSummary) -> list[events_pb2.Event]:
    """All events of a block, those of transactions first."""
    return [event for tx in block.txs for event in tx.events] + list(block.events)


def has_event(block: events_pb2.BlockSummary, kind: str, **wanted: str) -> bool:
    """Whether a block has an event with these attributes."""
    return any(
        event.type == kind and wanted.items() <= {pair.key: pair.value for pair in event.attributes}.items()
        for event in events_of(block)
    )


def register(story: Story) -> None:
    """Models, participants and nodes appear on chain."""
    network = story.network
    for model in network.plan.models:
        network.register_model(model)
    waiting = {(network.address(p.name), n.node_id) for p in network.plan.participants for n in p.nodes}

    def all_there(block: events_pb2.BlockSummary) -> bool:
        for owner, node_id in list(waiting):
            if has_event(block, "hardware_updated", participant=owner, node_id=node_id):
                waiting.discard((owner, node_id))
        return not waiting

    story.watch(all_there, EPOCH_WITHIN_S, "the registration of all nodes")
    network.deposit_collateral()


def first_epoch(story: Story) -> None:
    """Proof of compute is mined, validated and voted on; epoch 1 is formed and takes effect."""
    weights = _form(story, 1)["weights"]
    story.facts["nodes"] = facts.list_hardware(story.network.reader, story.teller.name)
    story.expect(all(node["models"] for node in story.facts["nodes"]), "a node declares no model")
    story.expect(
        len(weights) == len(story.network.plan.participants),
        f"only {', '.join(weights) or 'nobody'} has weight in epoch 1",
    )


def prompt(story: Story) -> None:
    """A prompt is answered, token by token, through a broker that does not own the executor."""
    network, teller = story.network, story.teller
    model = network.plan.models[0].model_id
    network.wait_serving(model, EPOCH_WITHIN_S)
    teller.say(f"{ASKED_BROKER}'s broker is asked for {model}: {PROMPT!r}")
    teller.piece("          ")
    answer = network.ask(ASKED_BROKER, model, PROMPT, max_tokens=48, on_piece=teller.piece)
    teller.end_line()
    story.expect(bool(answer.text.strip()), "the answer is empty")
    record = _recorded(story, answer.inference_id)
    story.expect(record["executed_by"] != ASKED_BROKER, "the broker answered itself")
    story.facts["inference"] = {
        "asked_broker": ASKED_BROKER,
        "prompt": PROMPT,
        "answer": answer.text,
        **record,
        "first_token_s": round(answer.first_piece_s, 3),
        "tokens_per_second": round(answer.pieces_per_second, 1),
    }
    teller.say(
        f"on chain: taken by {record['transferred_by']}, answered by {record['executed_by']} with "
        f"{record['completion_token_count']} tokens for {record['actual_cost_umesh']} umesh"
    )


def disable(story: Story) -> None:
    """A node is taken out by its operator; it serves its epoch to the end."""
    network, teller = story.network, story.teller
    epoch = network.reader.epoch().effective_epoch_index
    network.admin(DISABLED_OWNER).disable(DISABLED_NODE)
    teller.say(f"{DISABLED_OWNER} disables {DISABLED_NODE} through the admin API")
    model = network.plan.models[1].model_id
    served = network.ask_until_answered_by("bob", model, DISABLED_OWNER, PROMPT, SOON_S)
    story.expect(
        network.reader.epoch().effective_epoch_index == epoch, "the epoch ended before the node served it"
    )
    record = _recorded(story, served.inference_id)
    teller.say(f"{DISABLED_NODE} still answers for {model}: it serves its epoch {epoch} to the end")
    story.facts["disabled_node"] = {
        "participant": DISABLED_OWNER,
        "node_id": DISABLED_NODE,
        "disabled_in_epoch": epoch,
        "still_served": record,
    }


def kill_node(story: Story) -> None:
    """A machine dies and comes back; its broker notices and has it serve again."""
    network, teller = story.network, story.teller
    network.kill(f"node-{KILLED_NODE}")
    teller.say(f"{KILLED_NODE} is killed with SIGKILL")
    network.wait_missed(KILLED_NODE, SOON_S)
    teller.say("its broker has noticed")
    network.start(f"node-{KILLED_NODE}")
    does = network.wait_back(KILLED_NODE, SOON_S)
    teller.say(f"{KILLED_NODE} is back and does again what its broker wants: {does}")
    story.facts["killed_node"] = {"node_id": KILLED_NODE, "signal": "SIGKILL", "back_to": does}


def second_epoch(story: Story) -> None:
    """Epoch 2 forms without the disabled node, whose batch is refused."""
    network, teller = story.network, story.teller
    height = story.watch_event(EPOCH_WITHIN_S, "the second proof of compute", "poc_started", epoch_index="2")
    network.wait_stopped_on_chain(DISABLED_OWNER, DISABLED_NODE, SOON_S)
    teller.say(f"{DISABLED_OWNER}'s broker has marked {DISABLED_NODE} STOPPED on chain")
    refusal = network.submit_batch(DISABLED_OWNER, DISABLED_NODE, height)
    teller.say(f"a batch in the name of {DISABLED_NODE} is refused: {refusal['reason']}")
    story.expect(refusal["reason"] == "ErrNodeDisabled", f"expected ErrNodeDisabled, got {refusal}")
    before = story.facts["epochs"][0]["weights"].get(DISABLED_OWNER, 0)
    epoch = _form(story, 2)
    nodes = [n["node_id"] for members in epoch["snapshot"].values() for m in members for n in m["nodes"]]
    story.expect(bool(nodes) and DISABLED_NODE not in nodes, f"{DISABLED_NODE} is in the snapshot of epoch 2")
    after = epoch["weights"].get(DISABLED_OWNER, 0)
    teller.say(
        f"{DISABLED_NODE} is in no snapshot of epoch 2; {DISABLED_OWNER}'s weight: {before} -> {after}"
    )
    story.facts["disabled_node"] |= {
        "refused_batch": refusal,
        "in_snapshot_of_epoch_2": DISABLED_NODE in nodes,
        "owner_weight": {"epoch_1": before, "epoch_2": after},
        "eligibility": facts.find_eligibility(network.reader, network.address(DISABLED_OWNER), DISABLED_NODE),
    }


def kill_chain(story: Story) -> None:
    """The chain dies and comes back at the same height with the same app hash."""
    network, teller = story.network, story.teller
    before = network.reader.status()
    network.kill("chain")
    teller.say(f"the chain is killed with SIGKILL after block {before.height}")
    network.start("chain")
    again = network.reader.block(before.height)
    story.expect(again.app_hash == before.app_hash, "the chain came back with another app hash")
    teller.say(f"it is back: block {before.height} has the app hash {before.app_hash.hex()[:16]}… as before")
    story.watch(lambda block: block.height > before.height + 1, SOON_S, "a new block after the restart")
    model = network.plan.models[0].model_id
    network.wait_serving(model, SOON_S)
    answer = network.ask(ASKED_BROKER, model, PROMPT, max_tokens=8, on_piece=lambda piece: None)
    story.facts["killed_chain"] = {
        "signal": "SIGKILL",
        "height": before.height,
        "app_hash_before": before.app_hash.hex(),
        "app_hash_after": again.app_hash.hex(),
        "inference_after": _recorded(story, answer.inference_id),
    }
    teller.say("the brokers have found it again, and a prompt is answered as before")


STEPS: tuple[tuple[str, Callable[[Story], None], str], ...] = (
    ("Models, participants and nodes register", register, "broker-ada"),
    ("Epoch 1: proof of compute is mined, validated, voted on", first_epoch, "broker-bob"),
    ("A prompt is answered", prompt, f"broker-{ASKED_BROKER}"),
    ("A node is disabled", disable, f"broker-{DISABLED_OWNER}"),
    ("A node is killed", kill_node, f"node-{KILLED_NODE}"),
    ("Epoch 2: without the disabled node", second_epoch, f"broker-{DISABLED_OWNER}"),
    ("The chain is killed", kill_chain, "chain"),
)
"""The story after the network has started: title, what is done, and whose log to read first when it fails."""


def _recorded(story: Story, inference_id: str) -> dict[str, Any]:
    story.watch_event(SOON_S, "the record of the answer", "inference_finished", inference_id=inference_id)
    record = story.network.finished_inference(inference_id, SOON_S)
    return facts.describe_inference(record, story.teller.name)


def _form(story: Story, index: int) -> dict[str, Any]:
    network, teller = story.network, story.teller
    wanted = {"epoch_index": str(index)}
    story.watch_event(EPOCH_WITHIN_S, f"the formation of epoch {index}", "epoch_formed", **wanted)
    height = story.watch_event(SOON_S, f"the beginning of epoch {index}", "epoch_effective", **wanted)
    epoch = facts.describe_epoch(network.reader, index, height, teller.name)
    story.facts.setdefault("epochs", []).append(epoch)
    teller.say("weights: " + ", ".join(f"{name} {weight}" for name, weight in epoch["weights"].items()))
    for model, members in epoch["snapshot"].items():
        served = ", ".join(f"{node['node_id']} ({node['weight']})" for m in members for node in m["nodes"])
        teller.say(f"snapshot: {model} is served by {served}")
    return epoch
