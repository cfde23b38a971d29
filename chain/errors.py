"""Every refusal that the chain can utter, numbered.

    Refusal                 what a transaction or a query is told; expected in normal operation
    ├── sdk codespace       the envelope: signatures, sequence, fee (`envelope_errors.py`)
    ├── bank                money
    ├── inference           models, nodes, epochs, proof of compute, inference (1100 to 1199)
    ├── collateral          deposits
    ├── slashing            the jail (from 1200)
    └── governance          proposals and votes (from 1220), upgrades (from 1280)

A refusal carries typed fields and makes its sentence from them. Codes and names are stable; sentences are
not, and are never hashed.
"""

from chain.envelope_errors import *  # noqa: F403 # found here too, as all refusals are
from chain.envelope_errors import Refusal as Refusal


class ErrInvalidSigner(Refusal):
    code, says = 1100, "{signer} may not do this, only {expected}"


class ErrInferenceIdExists(Refusal):
    code, says = 1101, "inference {inference_id} exists already"


class ErrInferenceNotFound(Refusal):
    code, says = 1102, "inference {inference_id} does not exist"


class ErrParticipantNotFound(Refusal):
    code, says = 1103, "{address} is not a participant; register it with SubmitNewParticipant"


class ErrInferenceNotFinished(Refusal):
    code, says = 1104, "inference {inference_id} is not both started and finished yet"


class ErrParticipantCannotValidateOwnInference(Refusal):
    code, says = 1105, "inference {inference_id} is the signer's own; others validate it"


class ErrRequesterCannotPay(Refusal):
    code, says = 1106, "{address} has {have} umesh, the request needs {need} in escrow"


class ErrPocWrongStartBlockHeight(Refusal):
    code, says = 1107, "the proof of compute started at {expected}, not at {got}"


class ErrPocTooLate(Refusal):
    code, says = 1108, "height {height} is outside the window {first} to {last}"


class ErrPocNonceNotAccepted(Refusal):
    code, says = 1109, "nonces not accepted: {why}"


class ErrAccountAlreadyExists(Refusal):
    code, says = 1110, "account {address} exists already; it registers itself with SubmitNewParticipant"


class ErrInferenceAlreadyInvalidated(Refusal):
    code, says = 1111, "inference {inference_id} was found wrong and refunded; that is final"


class ErrCurrentEpochGroupNotFound(Refusal):
    code, says = 1112, "no group is in effect"


class ErrPocAddressInvalid(Refusal):
    code, says = 1113, "{address} mined nothing in this proof of compute"


class ErrNegativeCoinBalance(Refusal):
    code, says = 1114, "the balance of {address} is negative"


class ErrNegativeRefundBalance(Refusal):
    code, says = 1115, "{address} would get back {amount} umesh; amounts are not negative"


class ErrClaimSignatureInvalid(Refusal):
    code, says = 1116, "Seed signature validation failed for {address}: {why}"


class ErrValidationsMissed(Refusal):
    code = 1117
    says = "Inference not validated: {count} that the seed drew, first {first}; validate them, then claim"


class ErrCannotMintNegativeCoins(Refusal):
    code, says = 1119, "{amount} umesh cannot be minted"


class ErrInferenceHasInvalidModel(Refusal):
    code, says = 1125, "inference {inference_id} is known with model {known!r}, not {got!r}"


class ErrEpochGroupDataNotFound(Refusal):
    code, says = 1126, "epoch {epoch_index} has no group for model {model_id!r}{served}"


class ErrEffectiveEpochNotFound(Refusal):
    code, says = 1127, "no epoch is in effect"


class ErrUpcomingEpochNotFound(Refusal):
    code, says = 1128, "no proof of compute is under way; the next one starts at height {next_start}"


class ErrPreviousEpochNotFound(Refusal):
    code, says = 1129, "epoch {epoch_index} is there, the one before it is not"


class ErrEpochGroupDataAlreadyExists(Refusal):
    code, says = 1131, "epoch {epoch_index} has two groups for model {model_id!r}"


class ErrInvalidSignature(Refusal):
    code, says = 1132, "the {whose} signature does not match: {why}"


class ErrInferenceExpired(Refusal):
    code, says = 1133, "inference {inference_id} expired at height {height}"


class ErrInvalidModel(Refusal):
    code, says = 1134, "{model!r} is not a governance model nor an alternative of one; valid are: {valid}"


class ErrModelSnapshotNotFound(Refusal):
    code, says = 1135, "epoch {epoch_index} has no snapshot of model {model_id!r}"


class ErrEpochNotFound(Refusal):
    code, says = 1136, "epoch {epoch_index} does not exist"


class ErrIllegalState(Refusal):
    code, says = 1137, "this state cannot be: {why}"


class ErrInvalidValidationThreshold(Refusal):
    code, says = 1138, "validation threshold {threshold} is not between 0 and 1"


class ErrNodeNotInEpoch(Refusal):
    code = 1139
    says = (
        "node {node_id!r} of {participant} is not admitted to this proof of compute; "
        "it takes part from the next one on"
    )


class ErrNodeDisabled(Refusal):
    code, says = 1140, "node {node_id!r} of {participant} is {status} on chain; enable it first"


class ErrPocNodeIdEmpty(Refusal):
    code, says = 1141, "the batch names no node; set node_id"


class ErrCircularAlternative(Refusal):
    code, says = 1142, "alternative {alternative!r} of {model!r} leads back to it"


class ErrAmbiguousAlternative(Refusal):
    code, says = 1143, "{alternative!r} is an alternative of {other!r} already"


class ErrInvalidParams(Refusal):
    code, says = 1144, "parameters are not valid: {why}"


class ErrInvalidRecord(Refusal):
    code, says = 1145, "{what}: {why}"


class ErrNotFound(Refusal):
    code, says = 1146, "{what} does not exist"


class ErrTimestampOutsideWindow(Refusal):
    code, says = (
        1147,
        "the request was signed at {timestamp} ns, accepted are {first} to {last}; sign it again",
    )


class ErrWrongExecutor(Refusal):
    code, says = 1148, "inference {inference_id} belongs to executor {expected}, not to {got}"


class ErrExecutorNotInGroup(Refusal):
    code, says = 1149, "{executor} does not serve {model!r} in epoch {epoch_index}; ask for an executor again"


class ErrSeedNotAccepted(Refusal):
    code, says = 1150, "seed of {participant} for epoch {epoch_index} not accepted: {why}"


class ErrExecutorNotFound(Refusal):
    code, says = 1151, "nobody can answer for {model!r} now: {why}; served are: {served}"


class ErrNothingToClaim(Refusal):
    code, says = 1160, "No rewards for this address: {address} has no open claim"


class ErrWrongClaimEpoch(Refusal):
    code = 1161
    says = "No rewards for this block height: the open claim is of epoch {expected}, not {epoch_index}"


class ErrClaimTooEarly(Refusal):
    code, says = 1162, "epoch {epoch_index} is still in effect; claim once the next one is"


class ErrUnpaidSettlement(Refusal):
    code = 1163
    says = "Insufficient funds for paying {address} for work: {need} umesh are owed, {have} held; try later"


class ErrInvalidValidationValue(Refusal):
    code, says = 1180, "the similarity is {value}, must be between 0 and 1"


class ErrAlreadyValidated(Refusal):
    code, says = 1181, "{participant} has validated inference {inference_id} already"


class ErrInferenceNotVoting(Refusal):
    code, says = 1182, "no vote on inference {inference_id} is open; send a validation without revalidation"


class ErrValidatorNotInGroup(Refusal):
    code = 1183
    says = "{participant} is no member of the group of epoch {epoch_index} that speaks about {model!r}"


class ErrParticipantInvalid(Refusal):
    code, says = 1184, "{participant} is INVALID and may not validate"


class ErrInvalidKey(Refusal):
    code, says = 1300, "{part!r} names nothing that the state could hold: {why}"


class ErrTooLong(Refusal):
    code, says = 1301, "{field} has {length} {unit}, at most {limit}"


class ErrBlockFull(Refusal):
    code, says = 1302, "the block's gas is used up: {gas_left} were left; the transaction waits for the next"


class ErrTooManyWaiting(Refusal):
    code = 1303
    says = (
        "{count} transactions of {payer} wait for a block, at most {limit} may; send it after the next block"
    )


class CollateralRefusal(Refusal):
    """What the collateral room refuses."""

    codespace = "collateral"


class ErrNoCollateralFound(CollateralRefusal):
    code, says = 1100, "{participant} has deposited nothing"


class ErrInsufficientCollateral(CollateralRefusal):
    code, says = 1101, "{participant} has deposited {have} umesh, cannot withdraw {want}"


class ErrInvalidDenom(CollateralRefusal):
    code, says = 1102, "collateral is umesh, not {denom!r}"


class ErrInvalidSlashFraction(CollateralRefusal):
    code, says = 1105, "slash fraction {fraction} is not between 0 and 1"


class SlashingRefusal(Refusal):
    """What the jail refuses."""

    codespace = "slashing"


class ErrNotJailed(SlashingRefusal):
    code, says = 1200, "{participant} is not jailed"


class ErrStillJailed(SlashingRefusal):
    code, says = 1201, "{participant} may remove itself from jail from epoch {epoch_index} on"


class GovernanceRefusal(Refusal):
    """What proposals and votes are refused for."""

    codespace = "governance"


class ErrProposalNotFound(GovernanceRefusal):
    code, says = 1220, "proposal {proposal_id} does not exist"


class ErrProposalNotAccepted(GovernanceRefusal):
    code, says = 1221, "proposal not accepted: {why}"


class ErrProposalsOff(GovernanceRefusal):
    code, says = 1222, "this chain takes no proposals; ask the authority"


class ErrTooManyProposals(GovernanceRefusal):
    code, says = 1223, "{limit} proposals are voted on already; wait until one is closed"


class ErrVoteNotAccepted(GovernanceRefusal):
    code, says = 1224, "vote of {voter} on proposal {proposal_id} not accepted: {why}"


class ErrUpgradeNotAccepted(GovernanceRefusal):
    code, says = 1280, "upgrade {name!r} cannot be planned: {why}"


class ErrNoUpgradePlanned(GovernanceRefusal):
    code, says = 1281, "no upgrade is planned"


class Fatal(Exception):
    """The machine is in doubt and must stop: a root that does not match, a state that cannot be."""
