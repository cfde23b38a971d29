"""Writes random histories, one block after the other, for a machine that lives through them at once.

Everything comes from one number. In each block people do what honest brokers would do, with some diligence;
anybody sends anything at any time; one field of a message may be nonsense, and so may what is around it:
signatures, sequences, fees, gas, time limits, the bytes themselves.
"""

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from chain.epochs.types import MsgSubmitSeed
from chain.fixed import Decimal
from chain.genesis import GenesisState
from chain.inference.types import Inference, InferenceStatus, MsgStartInference
from chain.models.types import MsgRegisterModel, MsgRetireModel
from chain.params import MsgUpdateParams
from chain.poc.types import MsgSubmitPocBatch, MsgSubmitPocValidation
from chain.proposals.types import MsgSubmitProposal, MsgVote
from chain.slashing.types import MsgUnjail
from chain.validation.types import MsgInvalidateInference, MsgRevalidateInference, MsgValidation
from tests.chain.wild import drafts
from tests.chain.wild.drafts import ALL, address
from tests.chain.wild.glance import Glance, glance
from tests.chain.wild.people import EVERYBODY, HOSTS, MODELS
from tests.chain.wild.run import Fault, Run
from tests.chain.wild.spoil import spoil
from tests.chain.wild.story import Beat, Sent, Story
from tests.chain.wild.worlds import DRAWN

KINDS = tuple(ALL)
WEIGHTS = tuple(ALL[kind][1] for kind in KINDS)
UPHEAVALS = (MsgUpdateParams, MsgRegisterModel, MsgRetireModel, MsgSubmitProposal)
"""Messages after which little is as it was; many histories have few of them."""
DEEDS = ("restore", "import", "skip", "revert 1", "revert 4")
BUNDLE_MAX = 8
"""Most messages in one transaction."""
MARK_EVERY = 50
"""Blocks after which the state is remembered, so that a story may begin there."""
SAID_MAX = 100
"""Messages that may be said again, word for word."""
SENT_PER_BLOCK = (0, 0, 1, 3, 8, 20, 40, 60)


@dataclass
class Author:
    """One history. `calm` is the part of messages that are as they should be."""

    seed: int
    beats: list[Beat] = field(default_factory=list)
    sent: int = 0

    def __post_init__(self) -> None:
        self.chance = Random(self.seed)
        self.run = Run(self.chance.choice(DRAWN))
        self.diligence = self.chance.choice((0.3, 0.6, 0.9, 0.9))
        self.spoiling = self.chance.choice((0.05, 0.2, 0.5))
        self.bundling = self.chance.choice((0.06, 0.7))
        self.turmoil = self.chance.choice((0.0, 0.1, 1.0))
        self.earlier: list[bytes] = []
        self.said: list[Sent] = []
        self.marks: list[tuple[int, GenesisState]] = []

    @property
    def story(self) -> Story:
        """What was written so far."""
        return Story(self.run.world, tuple(self.beats), self.run.height)

    @property
    def tellings(self) -> list[Story]:
        """The same, begun in a later state, the latest first; the whole story last."""
        told = [
            replace(self.story, beats=tuple(self.beats[beats:]), start=document)
            for beats, document in reversed(self.marks)
        ]
        return [*told, self.story]

    def write(self, messages: int) -> Fault | None:
        """Lives until so many messages were sent, or until something was wrong."""
        while self.sent < messages and not self.run.faults:
            self.step()
        return self.run.faults[0] if self.run.faults else None

    def step(self) -> None:
        """The next block."""
        chance = self.chance
        if len(self.beats) % MARK_EVERY == MARK_EVERY - 1:
            self.marks = [*self.marks[-2:], (len(self.beats), self.run.app.export())]
        height = self.run.height + (chance.randint(2, 30) if chance.random() < 0.02 else 1)
        deed = chance.choice(DEEDS) if chance.random() < 0.01 else ""
        if deed == "skip":
            height = self.run.height + chance.randint(2, 70)
        seen = glance(self.run)
        beat = Beat(height, tuple(self._fill(seen)), deed)
        if beat.sent or beat.deed or height > self.run.height + 1:
            self.beats.append(beat)
        self.run.step(beat)
        self.sent += sum(max(len(sent.messages), 1) for sent in beat.sent)
        if beat.sent and chance.random() < 0.05:
            self.earlier = [*self.earlier[-20:], *self.run.kept[-1][0].txs[:2]]

    def _fill(self, seen: Glance) -> list[Sent]:
        count = self.chance.choice(SENT_PER_BLOCK)
        sent = self._bundle(self._do_duties(seen))
        sent += [self._invent(seen) for _ in range(count)]
        self.chance.shuffle(sent)
        sent = [self._disturb(one, seen) for one in sent]
        if self.chance.random() < 0.9:
            sent.sort(key=lambda one: bool(one.options))  # what breaks the order of sequences comes last
        return sent

    def _bundle(self, todo: list[tuple[str, object]]) -> list[Sent]:
        """Transactions with these messages: one each, or several of one sender together."""
        if self.bundling < 0.5:
            return [Sent((who,), (message,)) for who, message in todo]
        by_sender: dict[str, list[object]] = {}
        for who, message in todo:
            by_sender.setdefault(who, []).append(message)
        return [
            Sent((who,), tuple(messages[at : at + BUNDLE_MAX]))
            for who, messages in by_sender.items()
            for at in range(0, len(messages), BUNDLE_MAX)
        ]

    def _invent(self, seen: Glance) -> Sent:
        """Any message by anybody, sometimes several in one transaction."""
        chance = self.chance
        if chance.random() < 0.01 and self.earlier:
            return Sent((), (), {"bytes": self._mangle(chance.choice(self.earlier)).hex()})
        if chance.random() < 0.03 and self.said:
            return replace(chance.choice(self.said), options={})
        kind = chance.choices(KINDS, WEIGHTS)[0]
        while chance.random() < self._find_reluctance(kind, seen):
            kind = chance.choices(KINDS, WEIGHTS)[0]
        who = chance.choice(ALL[kind][2])
        signers, messages = [who], [ALL[kind][0](seen, chance, who)]
        while chance.random() < self.bundling and len(messages) < BUNDLE_MAX:
            kind = chance.choices(KINDS, WEIGHTS)[0]
            who = chance.choice(ALL[kind][2]) if chance.random() < 0.5 else who
            messages.append(ALL[kind][0](seen, chance, who))
            signers.append(who)
        if chance.random() < self.spoiling:
            at = chance.randrange(len(messages))
            messages[at] = spoil(chance, messages[at])
        sent = Sent(tuple(dict.fromkeys(signers)), tuple(messages))
        if chance.random() < 0.1:
            self.said = [*self.said[-SAID_MAX:], sent]
        return sent

    def _find_reluctance(self, kind: type, seen: Glance) -> float:
        """How seldom a message comes when there is little sense in it, or when it would turn everything."""
        if kind in UPHEAVALS:
            return 1 - self.turmoil
        if kind in (MsgSubmitSeed, MsgSubmitPocBatch):
            return 0 if seen.may_mine else 0.8
        if kind is MsgSubmitPocValidation:
            return 0 if seen.may_vote else 0.8
        if kind is MsgStartInference:
            return 0 if any(seen.serving.values()) else 0.9
        if kind in (MsgValidation, MsgInvalidateInference, MsgRevalidateInference):
            return 0 if seen.finished else 0.9
        if kind is MsgUnjail:
            return 0 if seen.jailed else 0.8
        if kind is MsgVote:
            return 0 if seen.voting else 0.9
        return 0

    def _do_duties(self, seen: Glance) -> list[tuple[str, object]]:
        """What honest brokers would send now."""
        chance, todo = self.chance, list[tuple[str, object]]()
        if not seen.models and chance.random() < self.diligence:
            todo += [("gov", drafts.describe_model(model)) for model in MODELS]
        for who in HOSTS:
            if chance.random() > self.diligence:
                continue
            if not seen.machines[who] and chance.random() < 0.5:
                todo.append((who, drafts.draft_participant(seen, chance, who)))
                todo.append((who, drafts.report_machines(who)))
            if seen.may_mine and chance.random() < 0.6:
                todo.append((who, drafts.draft_seed(seen, chance, who)))
                todo += [(who, drafts.draft_batch(seen, chance, who)) for _ in seen.machines[who]]
            if seen.may_vote and chance.random() < 0.6:
                todo += [(who, drafts.vote_on(seen, who, other, False)) for other in HOSTS]
            if who in seen.jailed and chance.random() < 0.1:
                by = chance.choice((who, "gov"))
                todo.append((by, MsgUnjail(address(by), address(who))))
            todo += self._answer(seen, who)
            todo += self._claim(seen, who)
        return todo

    def _answer(self, seen: Glance, who: str) -> list[tuple[str, object]]:
        chance = self.chance
        todo: list[tuple[str, object]] = [
            (who, drafts.answer(one, who, chance.randrange(40)))
            for one in seen.started
            if one.assigned_to == address(who) and chance.random() < 0.4
        ]
        agents = (one for one in seen.unstarted if one.transferred_by == address(who))
        todo += [(who, drafts.start_late(one, who)) for one in agents if chance.random() < 0.4]
        voting = [one for one in seen.finished if one.status == InferenceStatus.VOTING]
        todo += [
            (who, drafts.draft_validation(_only(seen, one), chance, who))
            for one in voting
            if chance.random() < 0.3
        ]
        return todo

    def _claim(self, seen: Glance, who: str) -> list[tuple[str, object]]:
        """Before it claims, a host re-executes what its seed has drawn for it."""
        claim = seen.claims.get(who)
        if claim is None or self.chance.random() > 0.3 or claim.epoch_index >= seen.effective:
            return []
        seed = drafts.find_seed(who, claim.epoch_index)
        missed = seen.keepers.validations.get_missed_validations(
            seen.ctx, address(who), claim.epoch_index, seed
        )
        todo: list[tuple[str, object]] = [
            (who, MsgValidation(address(who), "r", name, "", "", Decimal(1))) for name in missed[:20]
        ]
        return [*todo, (who, drafts.draft_claim(seen, self.chance, who))]

    def _disturb(self, sent: Sent, seen: Glance) -> Sent:
        """What is around a message may be odd too."""
        chance = self.chance
        if chance.random() > 0.12 or "bytes" in sent.options:
            return sent
        now = seen.ctx.time_ns
        odd: dict[str, Any] = chance.choice(
            (
                {"fee": chance.choice((1, 5000, 10**14))},
                {"fee": 3, "payer": chance.choice(EVERYBODY)},
                {"fee": 5, "denom": "gold"},
                {"gas": chance.choice((0, 2000, 9000, 12_000, 16_000, 30_000, 2**63 - 1))},
                {"gas": chance.choice((9000, 14_000)), "fee": 7},
                {"sequence": chance.choice((-1, 1, 5))},
                {"forged": True},
                {"unsigned": True},
                {"keyed": False},
                {"memo": "m" * chance.choice((1, 256, 300))},
                {"timeout_height": seen.height + chance.choice((-1, 0, 1))},
                {"unordered": now + chance.choice((0, 1, 5, 5, 300, 700)) * 10**9},
            )
        )
        return Sent(sent.signers, sent.messages, odd)

    def _mangle(self, data: bytes) -> bytes:
        """An earlier transaction once more, or what is left of it."""
        shape, at = self.chance.randrange(4), self.chance.randrange(len(data))
        if shape == 0:
            return data
        if shape == 1:
            return data[:at]
        if shape == 2:
            return data[:at] + bytes([self.chance.randrange(256)]) + data[at + 1 :]
        return data + bytes([self.chance.randrange(256)])


def _only(seen: Glance, one: Inference) -> Glance:
    return replace(seen, finished=[one])
