"""What is owed is claimed once, with the seed that the chain knows, and refusals are shown."""

from broker import actions, events
from broker.facts import OpenClaim
from tests.broker.world import World, assign, of, start


def serve_an_epoch() -> World:
    """In epoch 1, with its seed committed to; the chain is to owe something for it from epoch 2 on."""
    world = start("a")
    world.groups = assign("a")
    world.run_to(60)
    assert world.state.seeds[1].submitted
    return world


def test_a_settled_epoch_is_claimed_with_its_seed_once_the_next_is_in_effect() -> None:
    world = serve_an_epoch()
    world.claim = OpenClaim(1, "ab")
    assert of(actions.SubmitClaim, world.run_to(98)) == []
    claims = of(actions.SubmitClaim, world.run_to(110))
    assert [(claim.epoch_index, claim.seed) for claim in claims] == [(1, 7)]
    assert world.claim is None


def test_nothing_owed_is_asked_for_once_an_epoch() -> None:
    world = serve_an_epoch()
    mark = len(world.asked)
    world.run_to(119)
    assert len(of(actions.QueryClaim, world.asked[mark:])) == 1


def test_who_committed_to_no_seed_claims_with_none() -> None:
    world = serve_an_epoch()
    world.claim = OpenClaim(1, "")
    (claim,) = of(actions.SubmitClaim, world.run_to(110))
    assert claim.seed == 0


def test_a_claim_whose_seed_was_lost_raises_an_alarm_and_is_not_sent() -> None:
    world = serve_an_epoch()
    world.claim = OpenClaim(1, "cd")
    assert of(actions.SubmitClaim, world.run_to(110)) == []
    assert any("seed of epoch 1 is not known" in alarm for alarm in world.ask(events.StatusAsked).alarms)


def test_a_refused_claim_raises_an_alarm_and_is_not_sent_again_in_that_epoch() -> None:
    world = serve_an_epoch()
    world.claim, world.refuse_claim = OpenClaim(1, "ab"), "ErrValidationsMissed"
    assert len(of(actions.SubmitClaim, world.run_to(119))) == 1
    assert any("ErrValidationsMissed" in alarm for alarm in world.ask(events.StatusAsked).alarms)


def test_a_claim_that_was_lost_on_the_way_is_looked_for_again() -> None:
    world = serve_an_epoch()
    world.claim, world.lost_claims = OpenClaim(1, "ab"), 1
    asked = world.run_to(110)
    assert len(of(actions.SubmitClaim, asked)) == len(of(actions.QueryClaim, asked)) == 2
    assert world.claim is None
