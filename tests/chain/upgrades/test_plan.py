"""Upgrades run once, at their height, on their chain."""

import pytest

from chain.app import App
from chain.codec import encode
from chain.context import Context
from chain.errors import Fatal
from chain.machine import Keepers
from chain.nodes.types import MsgSubmitNewParticipant
from chain.records import replace
from chain.upgrades import v2
from chain.upgrades.plan import UPGRADES, Upgrade
from tests.chain.kit import CHAIN_ID, Chain, Signer, build_genesis

ANN, BEN, CAT = Signer("ann"), Signer("ben"), Signer("cat")
URLS = {ANN: "http://ann:9000/", BEN: "http://ben:9000", CAT: "http://cat:9000/api//"}


def build(*upgrades: Upgrade, chain_id: str = CHAIN_ID) -> Chain:
    """A chain of three participants at height 3, one block before its upgrade."""
    genesis = replace(build_genesis(ANN, BEN, CAT), chain_id=chain_id)
    chain = Chain(genesis, App("test", upgrades=upgrades))
    for signer, url in URLS.items():
        assert chain.send(signer, MsgSubmitNewParticipant(signer.address, url)).code == 0
    return chain


def urls(chain: Chain) -> dict[str, str]:
    return {one.address: one.inference_url for one in chain.app.export().participants}


V2 = Upgrade("v2", {CHAIN_ID: 4}, v2.migrate)


def test_v2_takes_the_slashes_and_touches_nothing_else() -> None:
    chain = build(V2)
    before = chain.app.export()
    result = chain.make_block()
    expected = {one: url.rstrip("/") for one, url in URLS.items()}
    assert urls(chain) == {one.address: url for one, url in expected.items()}
    (event,) = (event for event in result.events if event.type == "upgrade_applied")
    assert event.attributes == (("name", "v2"), ("changed", "2"))
    after = chain.app.export()
    restored = tuple(replace(one, inference_url="") for one in after.participants)
    assert restored == tuple(replace(one, inference_url="") for one in before.participants)
    assert replace(after, participants=(), initial_height=0, exported_height=0, genesis_time_ns=0) == replace(
        before, participants=(), initial_height=0, exported_height=0, genesis_time_ns=0
    )


def test_an_upgrade_runs_once_and_before_the_transactions_of_its_block() -> None:
    chain = build(V2)
    message = MsgSubmitNewParticipant(ANN.address, "http://ann:9001/")
    assert chain.send(ANN, message).code == 0
    assert urls(chain)[ANN.address] == "http://ann:9001/"
    chain.run_to(8)
    assert urls(chain)[ANN.address] == "http://ann:9001/"


def test_another_chain_never_runs_it() -> None:
    chain = build(V2, chain_id="other")
    assert not any(event.type == "upgrade_applied" for result in chain.run_to(8) for event in result.events)
    assert urls(chain)[ANN.address] == URLS[ANN]


def test_replicas_and_a_chain_begun_from_an_export_agree_behind_the_upgrade() -> None:
    chain, replica = build(V2), build(V2)
    for one in (chain, replica):
        one.run_to(6)
    assert chain.app.info() == replica.app.info()
    imported = Chain(chain.app.export(), App("test", upgrades=(V2,)))
    imported.make_block()
    chain.make_block()
    assert imported.app.info().app_hash == chain.app.info().app_hash
    assert encode(imported.app.export()) == encode(chain.app.export())


def test_an_upgrade_is_a_wake_up() -> None:
    chain = build(Upgrade("later", {CHAIN_ID: 9}, v2.migrate))
    assert chain.app.find_wakeup().height == 9


def test_an_upgrade_that_fails_stops_the_machine_and_leaves_the_state_before() -> None:
    def fail(_keepers: Keepers, ctx: Context) -> int:
        raise ValueError("no such record")

    chain = build(Upgrade("bad", {CHAIN_ID: 4}, fail))
    before = chain.app.info()
    with pytest.raises(Fatal, match="upgrade bad at height 4 failed: no such record"):
        chain.app.finalize_block(chain.next_block())
    assert chain.app.info() == before


def test_the_upgrades_of_this_version_have_names_of_their_own_and_heights() -> None:
    names = [upgrade.name for upgrade in UPGRADES]
    assert len(dict.fromkeys(names)) == len(names)
    assert all(height > 0 for upgrade in UPGRADES for height in upgrade.heights.values())
