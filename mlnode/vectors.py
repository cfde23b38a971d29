"""Golden cases: what proof of compute, grammars and readers must answer to agreed questions, so that another
implementation can check itself.

A case has a kind, a name, what is given and what is expected; `tests/vectors/README.md` describes the kinds.
Bytes are hex.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any as Anything

from mlnode.grammar.vectors import run_calls, run_grammar, run_schema
from mlnode.poc import (
    Claim,
    Partition,
    Rules,
    Stage,
    compute_binomial_tail,
    compute_distance_micro,
    compute_nonce_tokens,
    compute_profile_stage,
    compute_sign_bits,
    inspect_claim,
    judge,
    sample_indices,
)

Case = Mapping[str, Anything]


def read_cases(document: Mapping[str, Anything]) -> Iterator[dict[str, Anything]]:
    """The cases of one file, each with the file's kind."""
    for case in document["cases"]:
        yield {"kind": document["kind"], **case}


def run_case(case: Case) -> str | None:
    """Runs one case: None when the answer is as expected, else a sentence with both answers."""
    run = KINDS.get(case["kind"])
    if run is None:
        return f"{case['name']}: kind {case['kind']!r} is not known; there are {', '.join(KINDS)}"
    try:
        got = run(case["given"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        return f"{case['name']}: the case is not well formed: {error!r}"
    return None if got == case["expect"] else f"{case['name']}: expected {case['expect']}, got {got}"


def _run_nonce(given: Case) -> object:
    return {"tokens": list(compute_nonce_tokens(_stage(given), given["nonce"], given["n_vocab"]))}


def _run_signs(given: Case) -> object:
    return {"bits": compute_sign_bits(_stage(given), given["n_embd"]).hex()}


def _run_profile(given: Case) -> object:
    stage = compute_profile_stage(bytes.fromhex(given["file_digest"]))
    return {"block_hash": stage.block_hash.hex(), "public_key": stage.public_key.hex()}


def _run_distance(given: Case) -> object:
    return {"dist_micro": compute_distance_micro(given["dot"], given["norm2"])}


def _run_partition(given: Case) -> object:
    share = Partition(given["rank"], given["count"])
    first = share.first_from(given["start"])
    return {"nonces": [first + i * share.count for i in range(given["length"])]}


def _run_sample(given: Case) -> object:
    return {"indices": list(sample_indices(given["n"], given["size"], bytes.fromhex(given["seed"])))}


def _run_binomial(given: Case) -> object:
    """Rounded down to 10^-18."""
    tail, whole = compute_binomial_tail(given["n"], given["k"], given["p_ppm"])
    return {"probability_e18": tail * 10**18 // whole}


def _run_verdict(given: Case) -> object:
    """`recomputed` holds the distances that a recomputation of every nonce would give."""
    rules = Rules(**given["rules"])
    partition = Partition(*given["partition"]) if given["partition"] else None
    claim = Claim(given["nonces"], given["dist_micro"], partition)
    inspection = inspect_claim(claim, rules, bytes.fromhex(given["seed"]))
    recomputed = {index: given["recomputed"][index] for index in inspection.sample}
    verdict = judge(claim, rules, inspection, recomputed)
    return {
        "sample": list(inspection.sample),
        "n_checked": verdict.n_checked,
        "n_invalid": verdict.n_invalid,
        "n_late": verdict.n_late,
        "fraud": verdict.fraud,
        "probability_honest_ppb": verdict.probability_honest_ppb,
        "reason": verdict.reason.value,
    }


def _stage(given: Case) -> Stage:
    return Stage(bytes.fromhex(given["block_hash"]), bytes.fromhex(given["public_key"]))


KINDS: Mapping[str, Callable[[Case], object]] = {
    "poc.nonce": _run_nonce,
    "poc.signs": _run_signs,
    "poc.calibration": _run_profile,
    "poc.distance": _run_distance,
    "poc.partition": _run_partition,
    "poc.sample": _run_sample,
    "poc.binomial": _run_binomial,
    "poc.verdict": _run_verdict,
    "grammar.match": run_grammar,
    "schema.match": run_schema,
    "tools.read": run_calls,
}
