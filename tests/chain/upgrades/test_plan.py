"""The chain decides when its law changes: planned by name and height, carried out once, by a program that
brings it.
"""

import pytest

from chain.app import App
from chain.codec import encode
from chain.context import Context
from chain.epochs.types import GenesisMember
from chain.errors import ErrInvalidRecord, Fatal
from chain.fixed import Decimal
from chain.io.genesis_file import build_genesis as lay_out_genesis
from chain.machine import Keepers
from chain.nodes.types import MsgSubmitNewParticipant
from chain.proposals.types import GovernanceParams, MsgSubmitProposal, MsgVote, ProposalStatus, VoteOption
from chain.queries.upgrade_types import QueryAppliedUpgradeAllResponse, QueryRoomVersionAllResponse
from chain.records import replace
from chain.upgrades import v2
from chain.upgrades.plan import UPGRADES, Upgrade
from chain.upgrades.types import (
    AppliedUpgrade,
    MsgCancelUpgrade,
    MsgSoftwareUpgrade,
    RoomVersion,
    UpgradePlan,
)
from tests.chain.kit import SHORT, Chain, Signer, build_genesis, pack

ANN, BEN, CAT = Signer("ann"), Signer("ben"), Signer("cat")
URLS = {ANN: "http://ann:9000/", BEN: "http://ben:9000", CAT: "http://cat:9000/api//"}
INFO = "meshkeeper 0.2"
HEIGHT = 8
V2 = Upgrade("v2", {"nodes": 2}, v2.migrate)


def begin(*known: Upgrade) -> Chain:
    """A chain of three participants at height 3, run by a program that brings these upgrades."""
    chain = Chain(build_genesis(ANN, BEN, CAT), App("test", upgrades=known))
    for signer, url in URLS.items():
        assert chain.send(signer, MsgSubmitNewParticipant(signer.address, url)).code == 0
    return chain


def plan(chain: Chain, name: str = "v2", height: int = HEIGHT, info: str = INFO) -> str:
    """What becomes of a plan."""
    return chain.send(ANN, MsgSoftwareUpgrade(ANN.address, name, height, info)).reason


def take_over(chain: Chain, *known: Upgrade) -> App:
    """Another program on the same state."""
    app = App("test", upgrades=known)
    app.restore(chain.height, chain.app.info().app_hash, sorted(chain.entries.items()), chain.header)
    return app


@pytest.fixture
def chain() -> Chain:
    """An old program, one block before the upgrade."""
    chain = begin()
    assert plan(chain) == ""
    chain.run_to(HEIGHT - 1)
    return chain


def urls(app: App) -> dict[str, str]:
    return {one.address: one.inference_url for one in app.export().participants}


def test_an_old_program_stops_before_the_height_and_says_what_is_needed(chain: Chain) -> None:
    before = chain.app.info()
    for _ in range(2):
        with pytest.raises(Fatal) as stopped:
            chain.app.finalize_block(chain.next_block())
        assert str(stopped.value) == (
            "the upgrade 'v2' begins with block 8 and this version does not bring it; start a version that "
            "does (meshkeeper 0.2): nothing is lost, the chain stands at height 7"
        )
        assert chain.app.info() == before
    with pytest.raises(Fatal, match="begins with block 8"):
        take_over(chain).require_law()


def test_a_new_program_goes_on_with_the_changed_state_and_records_it(chain: Chain) -> None:
    before = chain.app.export()
    chain.app = take_over(chain, V2)
    chain.app.require_law()
    result = chain.make_block()
    assert urls(chain.app) == {one.address: url.rstrip("/") for one, url in URLS.items()}
    (event,) = (event for event in result.events if event.type == "upgrade_applied")
    assert event.attributes == (("name", "v2"), ("changed", "2"))
    after = chain.app.export()
    assert after.upgrade_plan is None
    assert after.applied_upgrades == (AppliedUpgrade("v2", HEIGHT),)
    assert after.room_versions == (RoomVersion("nodes", 2),)
    same = {"participants": (), "initial_height": 0, "exported_height": 0, "genesis_time_ns": 0}
    law = {"upgrade_plan": None, "applied_upgrades": (), "room_versions": ()}
    assert replace(after, **same, **law) == replace(before, **same, **law)


def test_an_upgrade_runs_once_and_before_the_transactions_of_its_block(chain: Chain) -> None:
    chain.app = take_over(chain, V2)
    message = MsgSubmitNewParticipant(ANN.address, "http://ann:9001/")
    assert chain.send(ANN, message).code == 0
    assert urls(chain.app)[ANN.address] == "http://ann:9001/"
    for result in chain.run_to(HEIGHT + 5):
        assert not any(event.type == "upgrade_applied" for event in result.events)
    assert urls(chain.app)[ANN.address] == "http://ann:9001/"


def test_a_block_that_was_not_committed_is_upgraded_again(chain: Chain) -> None:
    chain.app = take_over(chain, V2)
    first = chain.app.finalize_block(chain.next_block())
    assert chain.app.finalize_block(chain.next_block()) == first
    chain.app.commit()
    chain.app.revert(HEIGHT - 1)
    chain.app.require_law()
    assert chain.app.finalize_block(chain.next_block()) == first


def test_a_program_that_brings_what_is_not_due_refuses_to_run() -> None:
    chain = begin()
    chain.run_to(4)
    with pytest.raises(
        Fatal, match="brings the upgrade 'v2', which is not planned; run the version before it"
    ):
        take_over(chain, V2).require_law()
    assert plan(chain) == ""
    early = take_over(chain, V2)
    with pytest.raises(Fatal, match="'v2', which is planned for height 8; run the version before it"):
        early.finalize_block(chain.next_block())
    later = Upgrade("v3", {}, v2.migrate)
    chain.run_to(HEIGHT - 1)
    with pytest.raises(Fatal, match="'v3', which is not planned"):
        take_over(chain, V2, later).require_law()


def test_an_older_program_refuses_a_state_that_it_does_not_know(chain: Chain) -> None:
    chain.app = take_over(chain, V2)
    chain.make_block()
    with pytest.raises(
        Fatal, match="has had the upgrade 'v2' since height 8 and this version does not know it"
    ):
        take_over(chain).require_law()


def test_a_chain_has_the_upgrades_of_the_program_that_began_it_behind_it() -> None:
    chain = begin(V2)
    assert chain.app.export().applied_upgrades == (AppliedUpgrade("v2", 0),)
    assert chain.app.export().room_versions == (RoomVersion("nodes", 2),)
    assert plan(chain) == "ErrUpgradeNotAccepted"
    assert not any(one.type == "upgrade_applied" for result in chain.run_to(9) for one in result.events)
    assert urls(chain.app)[ANN.address] == URLS[ANN]


def test_a_chain_goes_on_from_an_export_at_the_height_of_its_upgrade(chain: Chain) -> None:
    exported = chain.app.export()
    chain.app = take_over(chain, V2)
    chain.make_block()
    imported = Chain(exported, App("test", upgrades=(V2,)))
    imported.make_block()
    assert imported.app.info().app_hash == chain.app.info().app_hash
    assert encode(imported.app.export()) == encode(chain.app.export())
    again = Chain(chain.app.export(), App("test", upgrades=(V2,)))
    again.make_block()
    chain.make_block()
    assert again.app.info().app_hash == chain.app.info().app_hash


def test_a_plan_is_a_wake_up_and_cannot_be_passed_over() -> None:
    chain = begin()
    assert plan(chain, height=9) == ""
    assert chain.app.find_wakeup().height == 9
    with pytest.raises(Fatal, match="begins with block 9"):
        chain.skip_to(12)
    assert chain.app.info().height == 8


def test_only_the_authority_plans_and_cancels(chain: Chain) -> None:
    assert chain.app.export().upgrade_plan == UpgradePlan("v2", HEIGHT, INFO)
    chain = begin()
    for message in (MsgSoftwareUpgrade(BEN.address, "v2", 90), MsgCancelUpgrade(BEN.address)):
        assert chain.send(BEN, message).reason == "ErrInvalidSigner"
    assert chain.send(ANN, MsgCancelUpgrade(ANN.address)).reason == "ErrNoUpgradePlanned"


@pytest.mark.parametrize(
    ("name", "height", "info"),
    [
        ("", 9, ""),
        (" v2", 9, ""),
        ("v" * 65, 9, ""),
        ("vé", 9, ""),
        ("v2", 4, ""),
        ("v2", -1, ""),
        ("v2", 9, "x" * 1001),
    ],
)
def test_what_cannot_be_planned_is_refused(name: str, height: int, info: str) -> None:
    chain = begin()
    assert plan(chain, name, height, info) in ("ErrUpgradeNotAccepted", "ErrTooLong")
    assert chain.app.export().upgrade_plan is None


def test_a_plan_takes_the_place_of_the_one_before() -> None:
    chain = begin()
    assert plan(chain, "v3", 6) == plan(chain, "v2", 7) == ""
    assert chain.app.export().upgrade_plan == UpgradePlan("v2", 7, INFO)
    chain.make_block()
    with pytest.raises(Fatal, match="'v2' begins with block 7"):
        chain.make_block()


def test_a_cancelled_plan_does_not_come() -> None:
    chain = begin()
    assert plan(chain) == ""
    assert chain.send(ANN, MsgCancelUpgrade(ANN.address)).code == 0
    chain.run_to(HEIGHT + 2)
    assert chain.app.export().upgrade_plan is None


def test_what_is_planned_and_applied_can_be_asked(chain: Chain) -> None:
    chain.app = take_over(chain, V2)
    assert b"v2" in chain.app.query("/chain.v1.Query/UpgradePlan", b"").value
    chain.make_block()
    assert chain.app.query("/chain.v1.Query/UpgradePlan", b"").value == b""
    applied = QueryAppliedUpgradeAllResponse((AppliedUpgrade("v2", HEIGHT),))
    assert chain.app.query("/chain.v1.Query/AppliedUpgradeAll", b"").value == encode(applied)
    versions = QueryRoomVersionAllResponse((RoomVersion("nodes", 2),))
    assert chain.app.query("/chain.v1.Query/RoomVersionAll", b"").value == encode(versions)


def test_an_upgrade_that_fails_stops_the_machine_and_leaves_the_state_before(chain: Chain) -> None:
    def fail(_keepers: Keepers, ctx: Context) -> int:
        raise ValueError("no such record")

    before = chain.app.info()
    chain.app = take_over(chain, Upgrade("v2", {"nodes": 2}, fail))
    with pytest.raises(Fatal, match="upgrade v2 at height 8 failed: no such record"):
        chain.app.finalize_block(chain.next_block())
    assert chain.app.info() == replace(before, version="test")
    with pytest.raises(Fatal, match="upgrade v2 at height 8 failed"):
        chain.app.finalize_block(chain.next_block())


def test_a_document_that_was_laid_out_names_its_law_and_binds_every_program_to_it() -> None:
    document = lay_out_genesis("mesh-1", 1, ANN.address, SHORT, {}, {})
    assert document.applied_upgrades == (AppliedUpgrade("v2", 0),)
    Chain(document, App("this")).make_block()
    for known, why in (
        ((), "has had the upgrade 'v2' since height 0"),
        ((V2, Upgrade("v3", {}, v2.migrate)), "brings the upgrade 'v3', which is not planned"),
    ):
        with pytest.raises(Fatal, match=why):
            Chain(document, App("other", upgrades=known)).make_block()


@pytest.mark.parametrize(
    "fields",
    [
        {"upgrade_plan": UpgradePlan("v2", 0)},
        {"upgrade_plan": UpgradePlan("", 9)},
        {"applied_upgrades": (AppliedUpgrade("b", 1), AppliedUpgrade("a", 1))},
        {"room_versions": (RoomVersion("nodes", 1),)},
        {"room_versions": (RoomVersion("nodes", 2),) * 2},
    ],
)
def test_a_document_with_a_law_that_cannot_be_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ErrInvalidRecord):
        App("test").init_chain(build_genesis(ANN, **fields))


def test_the_upgrades_of_this_program_have_names_of_their_own_and_raise_versions() -> None:
    names = [upgrade.name for upgrade in UPGRADES]
    assert len(dict.fromkeys(names)) == len(names)
    assert all(version > 1 for upgrade in UPGRADES for version in upgrade.versions.values())


def propose(height: int) -> Chain:
    """A chain in which a vote that ends at height 6 passes on an upgrade at a height."""
    terms = GovernanceParams(4, Decimal(4, -1), Decimal(5, -1), 0)
    members = (GenesisMember(BEN.address, 1),)
    genesis = build_genesis(ANN, BEN, params=replace(SHORT, governance=terms), genesis_members=members)
    chain = Chain(genesis, App("test", upgrades=()))
    upgrade = MsgSoftwareUpgrade(ANN.address, "v2", height)
    chain.run_to(1)
    assert chain.send(BEN, MsgSubmitProposal(BEN.address, "go on", "", (pack(upgrade),))).code == 0
    assert chain.send(BEN, MsgVote(BEN.address, 1, VoteOption.YES)).code == 0
    chain.run_to(6)
    return chain


def test_the_members_of_an_epoch_plan_an_upgrade_by_vote() -> None:
    chain = propose(9)
    assert chain.app.export().upgrade_plan == UpgradePlan("v2", 9)
    with pytest.raises(Fatal, match="'v2' begins with block 9"):
        chain.run_to(9)


def test_a_vote_that_ends_too_late_for_its_upgrade_fails() -> None:
    (proposal,) = propose(6).app.export().proposals
    assert (proposal.status, proposal.failure) == (ProposalStatus.FAILED, "ErrUpgradeNotAccepted")
