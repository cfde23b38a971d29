"""What must be true of every block: laws of the passage from one state to the next, each a function from a
passage to what is wrong, in words. What must be true of a state alone stands in `chain/invariants.py`.

Nothing here asks the code that it judges how it decides: rules are spelt again from the page.
"""

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from math import comb

from chain.auth.addresses import INFERENCE, module_address
from chain.auth.keeper import ACCOUNTS
from chain.bank.keeper import BALANCES, SUPPLY
from chain.block import TxResult
from chain.context import Context
from chain.fixed import Decimal
from chain.governance import PARAMS
from chain.inference.keeper import INFERENCES
from chain.inference.types import InferenceStatus
from chain.machine import Keepers
from chain.nodes.types import CurrentEpochStats, Participant, ParticipantStatus
from chain.params import Params
from chain.proposals import keeper as proposals
from chain.slashing.keeper import JAILED
from chain.validation.keeper import VALIDATIONS
from tests.chain.wild.consensus import find_validator_faults
from tests.chain.wild.passage import Passage

FINAL = (InferenceStatus.EXPIRED, InferenceStatus.INVALIDATED)
MOVES = (("transfer", "recipient", "sender"), ("coinbase", "minter", ""), ("burn", "", "burner"))
"""Events that move coins, and which attribute names who has more or less of them."""
OPEN = (InferenceStatus.STARTED, InferenceStatus.VOTING)
PAID = (*FINAL, InferenceStatus.FINISHED, InferenceStatus.VALIDATED, InferenceStatus.VOTING)


def find_money_faults(passage: Passage) -> list[str]:
    """Every change of a balance is told by events, to the last unit, and the supply is what it was plus what
    was minted less what was burnt.
    """
    moved: Counter[bytes] = Counter()
    supply: Counter[str] = Counter()
    for kind, gives, takes in MOVES:
        for event in passage.find(kind):
            amount, denom = _split_coin(event["amount"])
            if gives:
                moved[BALANCES.encode(event[gives], denom)] += amount
            if takes:
                moved[BALANCES.encode(event[takes], denom)] -= amount
            supply[denom] += amount * (bool(gives) - bool(takes))
    faults = []
    found = {key: (new or 0) - (old or 0) for key, old, new in passage.changes(BALANCES.prefix)}
    for key in sorted(moved.keys() | found.keys()):
        if moved[key] != found.get(key, 0):
            owner, denom = BALANCES.decode(key)
            faults.append(f"{owner} has {found.get(key, 0)}{denom} more, the events say {moved[key]}")
    for denom, change in supply.items():
        was, now = (SUPPLY.get(ctx.store, denom) or 0 for ctx in (passage.before, passage.after))
        if now != was + change:
            faults.append(f"the supply went from {was} to {now}{denom}, minted less burnt is {change}")
    return faults


def find_account_faults(passage: Passage) -> list[str]:
    """Accounts stay: number and key never change once they are known, sequences never fall."""
    faults = []
    for _, old, new in passage.changes(ACCOUNTS.prefix):
        if old is None:
            continue
        if new is None or new.account_number != old.account_number or new.sequence < old.sequence:
            faults.append(f"{old} became {new}")
        elif old.key_type and (old.key_type, old.public_key) != (new.key_type, new.public_key):
            faults.append(f"{old.address} has another key")
    return faults


def find_inference_faults(passage: Passage) -> list[str]:
    """An inference goes its way forward: expired and found wrong are final, what was paid is never open
    again, and only the start of a proof of compute forgets any.
    """
    faults = []
    forgets = bool(passage.find("poc_started"))
    expired = Counter(event["inference_id"] for event in passage.find("inference_expired"))
    finished = Counter(event["inference_id"] for event in passage.find("inference_finished"))
    for key, old, new in passage.changes(INFERENCES.prefix):
        name, staged = str(INFERENCES.decode(key)[0]), passage.staged.store.get(key)
        was, now = (None if record is None else record.status for record in (old, staged))
        if was in FINAL and now != was:
            faults.append(f"{name} was {was.name} and is {now}")
        if was in PAID and now == InferenceStatus.STARTED:
            faults.append(f"{name} was {was.name} and is open again")
        if new != staged and (new is not None or not forgets or now in OPEN):
            faults.append(f"{name}, {now}, is forgotten or changed by the epoch's stages")
        if expired[name] != int(was != now and now == InferenceStatus.EXPIRED):
            faults.append(f"{name} expired {expired[name]} times and is {now}")
    faults += [f"{name} finished {count} times" for name, count in finished.items() if count > 1]
    faults += [f"{name} finished and expired" for name in expired if name in finished]
    return faults


def find_count_faults(passage: Passage) -> list[str]:
    """Each expiry is one missed request of whoever it was assigned to, each completion one inference of
    whoever answered, and nothing else counts.
    """
    missed = Counter(event["assigned_to"] for event in passage.find("inference_expired"))
    done = Counter(event["executed_by"] for event in passage.find("inference_finished"))
    before = {who.address: who.current_epoch_stats for who in _participants(passage, passage.before)}
    faults = []
    for who in _participants(passage, passage.staged):
        old, new = before.get(who.address), who.current_epoch_stats
        was = (old.missed_requests, old.inference_count) if old else (0, 0)
        now = (new.missed_requests, new.inference_count)
        if now != (was[0] + missed[who.address], was[1] + done[who.address]):
            more = (missed[who.address], done[who.address])
            faults.append(f"{who.address} had missed and finished {was}, {more} more, and now {now}")
    return faults


def find_escrow_faults(passage: Passage) -> list[str]:
    """What inference holds beyond escrows, balances with their sign and unclaimed work changes by nothing but
    wrong answers whose pay was not there any more, and is nothing after a settlement.
    """
    keepers, lost = passage.keepers, 0
    before, after = (_find_surplus(keepers, ctx) for ctx in (passage.before, passage.after))
    staged = _find_surplus(keepers, passage.staged) if passage.has_stages else after
    for event in passage.find("inference_invalidated"):
        record = keepers.inferences.get_inference(passage.staged, event["inference_id"])
        lost += (record.actual_cost if record else 0) - int(event["refunded"])
    faults = []
    if staged != before + lost:
        faults.append(f"{before} over before the stages, {lost} could not be taken back, {staged} over then")
    expected = 0 if passage.find("epoch_settled") else staged
    if after != expected:
        faults.append(f"{staged} over before the stages and {after} after, expected {expected}")
    return faults


def find_settlement_faults(passage: Passage) -> list[str]:
    """At a settlement everyone's figures are written down as they were and begin again; downtime is slashed
    once, exactly when the missed part is too large; whoever is INVALID or was jailed gets no reward.
    """
    settled = passage.find("epoch_settled")
    slashes = Counter(
        (event["participant"], int(event["amount"]))
        for event in passage.find("collateral_slashed")
        if event["reason"] == "downtime"
    )
    if not settled:
        return [f"{about} slashed for downtime in between" for about in slashes]
    epoch, keepers = int(settled[0]["epoch_index"]), passage.keepers
    params = keepers.governance.get_params(passage.staged)
    faults, expected = [], Counter[tuple[str, int]]()
    for who in _participants(passage, passage.staged):
        down = is_down(params, who)
        slash = _find_slash(passage, who.address, epoch, params) if down else 0
        if slash:
            expected[who.address, slash] += 1
        faults += _find_closing_faults(passage, who, epoch, down)
    if slashes != expected:
        faults.append(f"slashed for downtime were {dict(slashes)}, should have been {dict(expected)}")
    claims = keepers.rewards.get_settle_amounts(passage.after)
    if sum(claim.reward_coins for claim in claims if claim.epoch_index == epoch) > int(settled[0]["minted"]):
        faults.append(f"more than {settled[0]['minted']} is owed as reward of epoch {epoch}")
    return faults


def is_down(params: Params, who: Participant) -> bool:
    """Whether so many requests were missed that it is downtime, by the page."""
    rules, stats = params.collateral, who.current_epoch_stats
    missed, total = stats.missed_requests, stats.missed_requests + stats.inference_count
    if total == 0 or total < rules.downtime_min_sample:
        return False
    if rules.downtime_test != "binomial":
        return Fraction(missed, total) > _fraction(rules.downtime_missed_percentage_threshold)
    if total > 990:
        return missed * 10 > total
    return 20 * sum(comb(total, k) * 9 ** (total - k) for k in range(missed, total + 1)) < 10**total


def find_schedule_faults(passage: Passage) -> list[str]:
    """Proofs of compute start, groups form and epochs switch at their heights and at no other."""
    keepers, height = passage.keepers, passage.after.height
    before = passage.before
    effective, upcoming = keepers.epochs.get_effective(before), keepers.epochs.get_upcoming(before)
    at = keepers.epochs.get_boundaries(before, upcoming or effective)
    starts = upcoming is None and height >= at.next_poc_start
    forms = upcoming is not None and height == at.validation_end
    switches = upcoming is not None and height == at.set_new_validators
    faults = []
    for kind, is_due in (("poc_started", starts), ("epoch_formed", forms), ("epoch_effective", switches)):
        if len(passage.find(kind)) != int(is_due):
            faults.append(f"{kind} came {len(passage.find(kind))} times at height {height}, due: {is_due}")
    now = keepers.epochs.get_effective(passage.after).index
    if now != effective.index + int(switches):
        faults.append(f"epoch {effective.index} was in effect before, {now} is now")
    old, new = PARAMS.get(before.store), PARAMS.get(passage.after.store)
    if old is not None and new is not None and old.epoch != new.epoch and not starts:
        faults.append("the schedule changed within an epoch")
    return faults


def find_standing_faults(passage: Passage) -> list[str]:
    """Nobody leaves jail silently; nobody re-executes its own answers; members alone vote on proposals."""
    keepers, faults = passage.keepers, []
    free = [event["participant"] for event in passage.find("participant_unjailed")]
    for _, old, new in passage.changes(JAILED.prefix):
        if new is None and old.participant not in free:
            faults.append(f"{old.participant} left jail and nothing says so")
    for _, old, new in passage.changes(VALIDATIONS.prefix):
        record = None if new is None else keepers.inferences.get_inference(passage.after, new.inference_id)
        if new is not None and record is not None and record.executed_by == new.participant:
            faults.append(f"{new.participant} judged its own answer {new.inference_id}")
        if old is not None and new is not None and old != new:
            faults.append(f"{new.participant} judged {new.inference_id} twice")
    group = keepers.epochs.get_effective_group(passage.before)
    members = [entry.member_address for entry in (group.validation_weights if group else ())]
    for _, _, vote in passage.changes(proposals.VOTES.prefix):
        if vote is not None and vote.voter not in members:
            faults.append(f"{vote.voter} voted on a proposal and is no member")
    return faults


def find_budget_faults(passage: Passage) -> list[str]:
    """A block uses no more gas than its budget, unless its first transaction alone does."""
    budget = passage.keepers.governance.get_params(passage.before).auth.max_block_gas
    used = [0 if _is_left_out(tx) else min(tx.gas_used, tx.gas_wanted) for tx in passage.result.tx_results]
    if not budget or not used or sum(used) <= max(budget, used[0]):
        return []
    return [f"{sum(used)} gas of {budget}"]


def _is_left_out(tx: TxResult) -> bool:
    """Whether a transaction found no room, or ran out of gas: then the charge that was too much is among what
    it used, and nothing was done for it.
    """
    return tx.reason in ("ErrBlockFull", "ErrOutOfGas")


LAWS: dict[str, Callable[[Passage], list[str]]] = {
    "events": find_money_faults,
    "accounts": find_account_faults,
    "way": find_inference_faults,
    "counts": find_count_faults,
    "escrow": find_escrow_faults,
    "settlement": find_settlement_faults,
    "schedule": find_schedule_faults,
    "standing": find_standing_faults,
    "budget": find_budget_faults,
    "validators": find_validator_faults,
}
"""All laws of a block, by name."""


def _participants(passage: Passage, ctx: Context) -> list[Participant]:
    return list(passage.keepers.nodes.get_participants(ctx))


def _split_coin(text: str) -> tuple[int, str]:
    digits = len(text) - len(text.lstrip("0123456789"))
    return int(text[:digits]), text[digits:]


def _fraction(number: Decimal) -> Fraction:
    return Fraction(number.value) * Fraction(10) ** number.exponent


def _find_surplus(keepers: Keepers, ctx: Context) -> int:
    escrows = sum(
        record.escrow_amount
        for record in keepers.inferences.get_inferences(ctx)
        if record.status == InferenceStatus.STARTED
    )
    balances = sum(who.coin_balance for who in keepers.nodes.get_participants(ctx))
    held = keepers.bank.get_balance(ctx, module_address(INFERENCE))
    return held - escrows - balances - keepers.rewards.get_owed_work(ctx)


def _find_slash(passage: Passage, address: str, epoch: int, params: Params) -> int:
    """What a downtime slash takes: a part of the deposit and of every withdrawal that was not paid out."""
    part, keepers = _fraction(params.collateral.slash_fraction_downtime), passage.keepers
    entries = [keepers.deposits.get_deposit(passage.staged, address)]
    entries += [
        int(entry.amount.amount)
        for entry in keepers.deposits.get_unbondings(passage.staged, address)
        if entry.completion_epoch > epoch
    ]
    return sum(int(entry * part) for entry in entries)


def _find_closing_faults(passage: Passage, who: Participant, epoch: int, down: bool) -> list[str]:
    keepers, ctx, name = passage.keepers, passage.after, who.address
    stats, faults = who.current_epoch_stats, []
    summary = keepers.inferences.get_summary(ctx, name, epoch)
    figures = (stats.inference_count, stats.missed_requests, stats.earned_coins)
    if summary is None or (summary.inference_count, summary.missed_requests, summary.earned_coins) != figures:
        faults.append(f"{name} had {figures}, its summary of epoch {epoch} says {summary}")
    now = keepers.nodes.get_participant(ctx, name)
    fresh = now is not None and now.coin_balance == 0 and now.current_epoch_stats == CurrentEpochStats()
    if not fresh:
        faults.append(f"{name} does not begin again: {now}")
    rules = keepers.governance.get_params(passage.staged).collateral
    many = 0 < rules.jail_missed_requests <= stats.missed_requests
    if down and many and not keepers.slashing.is_jailed(ctx, name):
        faults.append(f"{name} missed {stats.missed_requests} and is not in jail")
    claim = keepers.rewards.get_settle_amount(ctx, name)
    barred = who.status == ParticipantStatus.INVALID or keepers.slashing.is_barred(passage.staged, name)
    if claim is not None and claim.epoch_index == epoch and claim.reward_coins and barred:
        faults.append(f"{name} is INVALID or jailed and gets a reward of {claim.reward_coins}")
    return faults
