"""Proposals from the first message to the last block: who may vote, what counts, what is carried out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.auth.addresses import GOVERNANCE, module_address
from chain.block import BlockResult, TxResult
from chain.codec import decode
from chain.epochs.types import GenesisMember
from chain.errors import ErrInvalidRecord
from chain.fixed import Decimal
from chain.models.types import MsgRegisterModel, MsgRetireModel
from chain.nodes.types import MsgSubmitNewParticipant, Participant, ParticipantStatus
from chain.params import MsgUpdateParams, Params
from chain.proposals import rules
from chain.proposals.msgs import OPEN_MAX
from chain.proposals.types import (
    GovernanceParams,
    MsgSubmitProposal,
    MsgVote,
    Proposal,
    ProposalStatus,
    Tally,
    Vote,
    VoteOption,
)
from chain.queries.proposal_types import (
    QueryProposalAllRequest,
    QueryProposalAllResponse,
    QueryProposalRequest,
    QueryProposalResponse,
    QueryProposalVotesRequest,
    QueryProposalVotesResponse,
)
from chain.queries.types import QueryParamsRequest, QueryParamsResponse
from chain.records import replace
from chain.slashing.types import Jailing, MsgUnjail
from chain.tx import Any
from tests.chain.kit import RICH, SHORT, Chain, Signer, build_genesis, pack

GOV, ANN, BEN, CAT, DAN = (Signer(name) for name in ("gov", "ann", "ben", "cat", "dan"))
DEPOSIT = 1000
TERMS = GovernanceParams(5, Decimal(4, -1), Decimal(5, -1), DEPOSIT)
"""Five blocks, two fifths, more than half."""
YES, NO, ABSTAIN = VoteOption.YES, VoteOption.NO, VoteOption.ABSTAIN
REGISTER = MsgRegisterModel(authority=GOV.address, id="A", units_of_compute_per_token=1)


def build(terms: GovernanceParams = TERMS, **fields: object) -> Chain:
    """Ann weighs 50, Ben 30, Cat 20 in epoch 0; Dan is no member."""
    members = tuple(GenesisMember(who.address, weight) for who, weight in ((ANN, 50), (BEN, 30), (CAT, 20)))
    params = replace(SHORT, governance=terms)
    genesis = build_genesis(GOV, ANN, BEN, CAT, DAN, params=params, genesis_members=members)
    return Chain(replace(genesis, **fields))


def propose(chain: Chain, *messages: object, by: Signer = DAN, title: str = "a change") -> TxResult:
    return chain.send(by, MsgSubmitProposal(by.address, title, "", tuple(map(pack, messages))))


def vote(chain: Chain, **votes: VoteOption) -> list[TxResult]:
    signers = {"ann": ANN, "ben": BEN, "cat": CAT, "dan": DAN}
    return [
        chain.send(signers[name], MsgVote(signers[name].address, 1, option)) for name, option in votes.items()
    ]


def read(chain: Chain, number: int = 1) -> Proposal:
    data = chain.query("/chain.v1.Query/Proposal", QueryProposalRequest(number))
    return decode(QueryProposalResponse, data).proposal


def read_params(chain: Chain) -> Params:
    return decode(QueryParamsResponse, chain.query("/chain.v1.Query/Params", QueryParamsRequest())).params


def finish(chain: Chain, number: int = 1) -> list[BlockResult]:
    return chain.run_to(read(chain, number).voting_end_block_height)


class TestOutcomes:
    """Quorum, majority, and the deposit."""

    @pytest.mark.parametrize(
        ("votes", "status", "returned"),
        [
            ({"ann": YES}, ProposalStatus.PASSED, True),
            ({"ann": YES, "ben": NO, "cat": NO}, ProposalStatus.REJECTED, True),
            ({"ann": NO, "ben": YES}, ProposalStatus.REJECTED, True),
            ({"ben": YES, "ann": ABSTAIN}, ProposalStatus.PASSED, True),
            ({"ann": ABSTAIN, "ben": ABSTAIN}, ProposalStatus.REJECTED, True),
            ({"ben": YES}, ProposalStatus.REJECTED, False),
            ({}, ProposalStatus.REJECTED, False),
        ],
    )
    def test_who_wins_and_what_becomes_of_the_deposit(
        self, votes: dict[str, VoteOption], status: ProposalStatus, returned: bool
    ) -> None:
        chain = build()
        assert propose(chain, REGISTER).code == 0
        assert chain.balance(DAN.address) == RICH - DEPOSIT
        assert all(result.code == 0 for result in vote(chain, **votes))
        finish(chain)
        assert read(chain).status == status
        assert chain.balance(DAN.address) == (RICH if returned else RICH - DEPOSIT)
        assert chain.balance(module_address(GOVERNANCE)) == 0
        assert bool(chain.app.export().models) is (status == ProposalStatus.PASSED)

    def test_the_last_vote_of_a_member_counts_once(self) -> None:
        chain = build()
        propose(chain, REGISTER)
        vote(chain, ann=NO)
        vote(chain, ann=YES)
        data = chain.query("/chain.v1.Query/ProposalVotes", QueryProposalVotesRequest(1))
        assert decode(QueryProposalVotesResponse, data).votes == (Vote(1, ANN.address, YES),)
        finish(chain)
        assert read(chain).tally == Tally(50, 0, 0, 100)

    def test_nothing_happens_before_the_last_block_and_no_vote_counts_after_it(self) -> None:
        chain = build()
        propose(chain, REGISTER)
        vote(chain, ann=YES)
        end = read(chain).voting_end_block_height
        assert end == read(chain).submit_block_height + 5
        chain.run_to(end - 1)
        assert (read(chain).status, chain.app.export().models) == (ProposalStatus.VOTING, ())
        assert vote(chain, ben=NO)[0].code == 0  # in the last block itself
        assert read(chain).tally == Tally(50, 30, 0, 100)
        late = vote(chain, cat=NO)[0]
        assert (late.reason, late.code, late.codespace) == ("ErrVoteNotAccepted", 1224, "governance")
        data = chain.query("/chain.v1.Query/ProposalVotes", QueryProposalVotesRequest(1))
        assert decode(QueryProposalVotesResponse, data).votes == ()

    def test_the_end_of_a_vote_wakes_a_quiet_chain(self) -> None:
        chain = build()
        propose(chain, REGISTER)
        assert chain.app.find_wakeup().height == read(chain).voting_end_block_height

    def test_an_invalid_member_neither_votes_nor_counts(self) -> None:
        invalid = Participant(
            index=ANN.address, address=ANN.address, status=ParticipantStatus.INVALID, weight=-1
        )
        chain = build(participants=(invalid,))
        propose(chain, REGISTER)
        assert vote(chain, ann=NO)[0].reason == "ErrVoteNotAccepted"
        vote(chain, ben=YES)
        finish(chain)
        assert (read(chain).status, read(chain).tally) == (ProposalStatus.PASSED, Tally(30, 0, 0, 50))


class TestEnactment:
    """All of it or nothing, in the block in which the vote ends."""

    def test_parameters_change_as_by_the_authority(self) -> None:
        chain = build()
        params = read_params(chain)
        wanted = replace(
            params,
            inference=replace(params.inference, expiration_blocks=7),
            epoch=replace(params.epoch, epoch_length=60),
        )
        propose(chain, MsgUpdateParams(GOV.address, wanted))
        vote(chain, ann=YES)
        events = finish(chain)[-1].events
        assert read_params(chain) == replace(wanted, epoch=params.epoch)
        assert chain.app.export().pending_epoch_params == wanted.epoch
        kinds = [event.type for event in events]
        assert kinds.index("params_updated") < kinds.index("proposal_closed")

    def test_one_refused_message_undoes_the_whole_proposal_and_is_named(self) -> None:
        chain = build()
        propose(chain, REGISTER, MsgRetireModel(GOV.address, "unknown"))
        vote(chain, ann=YES)
        events = finish(chain)[-1].events
        assert (read(chain).status, read(chain).failure) == (ProposalStatus.FAILED, "ErrNotFound")
        assert chain.app.export().models == ()
        assert "model_registered" not in [event.type for event in events]
        assert chain.balance(DAN.address) == RICH

    def test_messages_are_carried_out_in_order(self) -> None:
        chain = build()
        second = replace(REGISTER, id="B", alternative_models=("A",))
        propose(chain, REGISTER, second, MsgRetireModel(GOV.address, "A"))
        vote(chain, ann=YES)
        finish(chain)
        assert read(chain).status == ProposalStatus.PASSED
        assert [model.id for model in chain.app.export().models] == ["B"]

    def test_a_jailed_participant_is_freed_by_a_vote(self) -> None:
        jailing = Jailing(BEN.address, "downtime", 0, 9)
        ben = Participant(index=BEN.address, address=BEN.address, status=ParticipantStatus.ACTIVE)
        chain = build(jailings=(jailing,), participants=(ben,))
        propose(chain, MsgUnjail(GOV.address, BEN.address))
        vote(chain, ann=YES)
        finish(chain)
        assert (read(chain).status, chain.app.export().jailings) == (ProposalStatus.PASSED, ())

    def test_two_that_end_together_are_carried_out_by_number(self) -> None:
        chain = build()
        first = MsgSubmitProposal(DAN.address, "first", "", (pack(REGISTER),))
        second = MsgSubmitProposal(DAN.address, "second", "", (pack(MsgRetireModel(GOV.address, "A")),))
        assert chain.send(DAN, first, second).code == 0
        votes = (MsgVote(ANN.address, 1, YES), MsgVote(ANN.address, 2, YES))
        assert chain.send(ANN, *votes).code == 0
        finish(chain, 2)
        assert [read(chain, number).status for number in (1, 2)] == [ProposalStatus.PASSED] * 2
        assert chain.app.export().models == ()

    def test_the_authority_keeps_working(self) -> None:
        chain = build()
        assert chain.send(GOV, REGISTER).code == 0
        assert [model.id for model in chain.app.export().models] == ["A"]


class TestRefusals:
    """What cannot be proposed, and who cannot vote."""

    @pytest.mark.parametrize(
        "message",
        [
            replace(REGISTER, authority=DAN.address),
            MsgSubmitNewParticipant(DAN.address, ""),
            MsgVote(GOV.address, 1, YES),
            MsgSubmitProposal(GOV.address, "another", "", ()),
            MsgUnjail(DAN.address, DAN.address),
        ],
    )
    def test_only_what_the_authority_may_send(self, message: object) -> None:
        chain = build()
        result = propose(chain, REGISTER, message)
        assert (result.reason, result.code) == ("ErrProposalNotAccepted", 1221)
        assert chain.balance(DAN.address) == RICH

    def test_texts_and_numbers_have_bounds(self) -> None:
        chain = build()
        assert propose(chain).reason == "ErrProposalNotAccepted"
        assert propose(chain, *(REGISTER,) * 17).reason == "ErrProposalNotAccepted"
        for title in ("", "  ", "x" * 141):
            assert propose(chain, REGISTER, title=title).reason == "ErrProposalNotAccepted"
        long = MsgSubmitProposal(DAN.address, "long", "x" * 10_001, (pack(REGISTER),))
        assert chain.send(DAN, long).reason == "ErrProposalNotAccepted"

    def test_a_message_that_cannot_be_read(self) -> None:
        chain = build()
        broken = Any(pack(REGISTER).type_url, b"\xff\xff")
        result = chain.send(DAN, MsgSubmitProposal(DAN.address, "broken", "", (broken,)))
        assert result.reason == "ErrTxDecode"

    def test_without_the_deposit(self) -> None:
        chain = build(replace(TERMS, deposit=RICH + 1))
        assert propose(chain, REGISTER).reason == "ErrInsufficientFunds"

    def test_where_there_are_no_proposals(self) -> None:
        chain = build(GovernanceParams())
        assert propose(chain, REGISTER).reason == "ErrProposalsOff"

    def test_too_many_at_the_same_time(self) -> None:
        chain = build(replace(TERMS, voting_period_blocks=100))
        many = [MsgSubmitProposal(DAN.address, "one", "", (pack(REGISTER),)) for _ in range(OPEN_MAX)]
        assert chain.send(DAN, *many).code == 0
        assert propose(chain, REGISTER).reason == "ErrTooManyProposals"

    def test_votes_that_do_not_count(self) -> None:
        chain = build()
        assert vote(chain, ann=YES)[0].reason == "ErrProposalNotFound"
        propose(chain, REGISTER)
        assert vote(chain, dan=YES)[0].reason == "ErrVoteNotAccepted"
        assert vote(chain, ann=VoteOption.UNSPECIFIED)[0].reason == "ErrVoteNotAccepted"

    def test_a_query_for_what_is_not_there(self) -> None:
        chain = build()
        for path in ("Proposal", "ProposalVotes"):
            result = chain.app.query(f"/chain.v1.Query/{path}", b"\x08\x09")
            assert result.reason == "ErrProposalNotFound"


class TestGenesis:
    """An open vote goes on after an export."""

    def test_an_open_vote_ends_alike_in_the_imported_chain(self) -> None:
        chain = build()
        propose(chain, REGISTER)
        vote(chain, ann=YES)
        document = chain.app.export()
        again = Chain(document)
        assert again.app.export() == document
        for each in (chain, again):
            each.run_to(read(each).voting_end_block_height)
            assert read(each).status == ProposalStatus.PASSED
        assert again.app.export() == chain.app.export()
        data = again.query("/chain.v1.Query/ProposalAll", QueryProposalAllRequest())
        assert [entry.id for entry in decode(QueryProposalAllResponse, data).proposals] == [1]

    def test_a_document_that_contradicts_itself_is_refused(self) -> None:
        chain = build()
        propose(chain, REGISTER)
        document = chain.app.export()
        poor = tuple(
            balance for balance in document.balances if balance.address != module_address(GOVERNANCE)
        )
        for wrong in (
            replace(document, next_proposal_id=1),
            replace(document, votes=(Vote(7, ANN.address, YES),)),
            replace(document, balances=poor),
        ):
            with pytest.raises(ErrInvalidRecord):
                Chain(wrong)


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 10**12)),
    st.lists(st.tuples(st.sampled_from("abcdefg"), st.sampled_from(VoteOption)), unique_by=lambda v: v[0]),
    st.integers(0, 100),
    st.integers(0, 100),
)
def test_whoever_passes_has_a_quorum_and_a_majority(
    members: dict[str, int], ballots: list[tuple[str, VoteOption]], quorum: int, threshold: int
) -> None:
    votes = [Vote(1, voter, option) for voter, option in ballots]
    tally = rules.count_votes(members, votes)
    assert tally.yes + tally.no + tally.abstain <= tally.total == sum(members.values())
    assert tally == rules.count_votes(members, reversed(votes))
    passed = rules.judge_votes(tally, Decimal(quorum, -2), Decimal(threshold, -2)) == ProposalStatus.PASSED
    voted = tally.yes + tally.no + tally.abstain
    assert passed == (
        voted > 0
        and voted * 100 >= quorum * tally.total
        and tally.yes * 100 > threshold * (tally.yes + tally.no)
    )
