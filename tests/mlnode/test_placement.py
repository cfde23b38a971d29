"""Where a model goes, who goes for it, and what a waiting claim keeps."""

import hypothesis.strategies as st
from hypothesis import assume, given

from mlnode.ledger import Device
from mlnode.placement import Candidate, Outlook, choose_victims, compute_net, list_pools, place, split

HOST = (Device("host", 1000),)
TWO = (Device("gpu0", 24_000, 1000, 0, 300), Device("gpu1", 24_000, 1000, 1, 300))

rooms = st.lists(st.integers(0, 1000), min_size=1, max_size=4)


def make_devices(room: list[int], overhead_mb: int = 0) -> tuple[Device, ...]:
    return tuple(Device(f"gpu{i}", mb, 0, i, overhead_mb) for i, mb in enumerate(room))


def candidate(model: str, mb: int, since_ms: int, busy: bool, draining: bool = False) -> Candidate:
    return Candidate(model, (mb,), since_ms, busy, draining)


def victims(short_mb: int, found: list[Candidate]) -> tuple[str, ...] | None:
    choice = choose_victims(short_mb, [(0,)], Outlook(HOST, [0], [0]), found)
    return choice and choice[1]


class TestPlace:
    def test_the_device_with_the_most_room_is_taken_and_the_first_of_equals(self) -> None:
        assert place(5000, TWO, [9000, 10_000], alone=True) == (0, 5300)
        assert place(5000, TWO, [9000, 9000], alone=True) == (5300, 0)

    def test_the_overhead_of_a_device_counts(self) -> None:
        assert place(8700, TWO, [9000, 0], alone=True) == (9000, 0)
        assert place(8701, TWO, [9000, 0], alone=True) is None

    def test_a_model_that_one_device_can_hold_is_not_spread_over_several(self) -> None:
        assert place(20_000, TWO, [15_000, 15_000], alone=True) is None

    def test_a_larger_one_is_spread_in_proportion_to_the_room(self) -> None:
        assert place(30_000, TWO, [20_300, 10_300], alone=False) == (20_300, 10_300)
        assert place(15_000, TWO, [20_300, 10_300], alone=False) == (15_300, 0)
        assert place(24_000, TWO, [20_300, 10_300], alone=False) == (16_300, 8300)

    def test_it_lies_on_as_few_devices_as_hold_it(self) -> None:
        devices = make_devices([100, 100, 100, 100])
        assert place(150, devices, [60, 100, 100, 80], alone=False) == (0, 75, 75, 0)

    @given(rooms, st.integers(1, 3000), st.integers(0, 50), st.booleans())
    def test_what_is_placed_fits_on_every_device_and_is_whole(
        self, room: list[int], need_mb: int, overhead_mb: int, alone: bool
    ) -> None:
        devices = make_devices(room, overhead_mb)
        shares = place(need_mb, devices, room, alone)
        net = compute_net(devices, room)
        if shares is None:
            assert max(net) < need_mb
            assert alone or sum(net) < need_mb
            return
        assert all(share <= mb for share, mb in zip(shares, room, strict=True))
        used = [share for share in shares if share]
        assert sum(used) - overhead_mb * len(used) == need_mb
        assert len(used) == 1 or max(net) < need_mb

    @given(rooms, st.integers(1, 3000))
    def test_a_split_is_whole_and_nowhere_above_the_room(self, room: list[int], total_mb: int) -> None:
        assume(sum(room) >= total_mb)
        parts = split(total_mb, room)
        assert sum(parts) == total_mb
        assert all(0 <= part <= mb for part, mb in zip(parts, room, strict=True))

    @given(rooms, st.integers(1, 3000), st.integers(0, 50))
    def test_there_is_a_pool_exactly_when_it_could_ever_fit(
        self, room: list[int], need_mb: int, overhead_mb: int
    ) -> None:
        devices = make_devices(room, overhead_mb)
        pools = list_pools(need_mb, devices, room)
        assert bool(pools) == (sum(compute_net(devices, room)) >= need_mb)
        if pools:
            assert place(need_mb, devices, room, alone=len(pools[0]) == 1) is not None


rows = st.lists(
    st.tuples(
        st.lists(st.integers(0, 100), min_size=3, max_size=3),
        st.integers(0, 50),
        st.booleans(),
        st.booleans(),
    ),
    max_size=6,
)


class TestVictims:
    @given(st.integers(1, 400), st.lists(st.integers(0, 60), min_size=3, max_size=3), rows)
    def test_victims_make_room_and_none_is_evicted_for_nothing(
        self, need_mb: int, free: list[int], found: list[tuple[list[int], int, bool, bool]]
    ) -> None:
        devices = make_devices([500, 500, 500], 5)
        candidates = [Candidate(f"m{i}", tuple(mb), at, b, d) for i, (mb, at, b, d) in enumerate(found)]
        outlook = Outlook(devices, free, [0, 0, 0])

        def ahead(models: set[str]) -> list[int]:
            gone = [c.shares for c in candidates if c.model in models]
            return [sum(column) for column in zip(free, *gone, strict=True)]

        pools: list[tuple[int, ...]] = [(0,), (1,), (2,)]
        choice = choose_victims(need_mb, pools, outlook, candidates)
        if choice is None:
            everybody = {c.model for c in candidates}
            assert all(mb - 5 < need_mb for mb in ahead(everybody))
            return
        pool, chosen = choice
        assert outlook.compute_short_mb(need_mb, pool, ahead(set(chosen))) <= 0
        for model in chosen:
            assert outlook.compute_short_mb(need_mb, pool, ahead(set(chosen) - {model})) > 0

    def test_idle_models_go_before_busy_ones_and_older_before_newer(self) -> None:
        busy_old = candidate("busy", 50, 1, busy=True)
        idle_new = candidate("new", 50, 9, busy=False)
        idle_old = candidate("old", 50, 5, busy=False)
        assert victims(50, [busy_old, idle_new, idle_old]) == ("old",)
        assert victims(100, [busy_old, idle_new, idle_old]) == ("old", "new")
        assert victims(101, [busy_old, idle_new, idle_old]) == ("old", "new", "busy")

    def test_a_small_victim_is_let_off_when_a_larger_one_suffices(self) -> None:
        small, large = candidate("small", 10, 1, busy=False), candidate("large", 100, 2, busy=False)
        assert victims(80, [small, large]) == ("large",)

    def test_of_two_busy_ones_that_go_which_is_drained_already(self) -> None:
        longer, drained = candidate("x", 50, 1, busy=True), candidate("y", 50, 9, busy=True, draining=True)
        assert victims(50, [longer, drained]) == ("y",)

    def test_the_device_where_nobody_has_to_be_drained_is_cleared(self) -> None:
        busy = Candidate("busy", (500, 0), 1, busy=True)
        idle = Candidate("idle", (0, 500), 9, busy=False)
        small = Candidate("small", (200, 0), 2, busy=False)
        outlook = Outlook(make_devices([500, 500]), [0, 0], [0, 0])
        assert choose_victims(400, [(0,), (1,)], outlook, [busy, idle, small]) == ((1,), ("idle",))
        assert choose_victims(150, [(0,), (1,)], outlook, [busy, idle, small]) == ((0,), ("small",))

    def test_who_helps_on_two_devices_goes_alone_where_that_suffices(self) -> None:
        beside, both = Candidate("a", (158, 0), 5, busy=False), Candidate("b", (125, 248), 5, busy=False)
        outlook = Outlook(make_devices([330, 430]), [47, 84], [0, 0])
        assert choose_victims(248, [(0,), (1,)], outlook, [beside, both]) == ((1,), ("b",))

    def test_nobody_goes_when_enough_is_coming_on_one_device(self) -> None:
        idle = Candidate("idle", (0, 500), 9, busy=False)
        outlook = Outlook(make_devices([500, 500]), [100, 0], [400, 0])
        assert choose_victims(450, [(0,), (1,)], outlook, [idle]) == ((0,), ())


class TestPledge:
    def test_a_pledge_keeps_what_a_waiting_claim_needs_from_smaller_ones_behind_it(self) -> None:
        outlook = Outlook(HOST, [30], [60])
        outlook.pledge(80, (0,))
        assert (outlook.free, outlook.coming) == ([10], [0])

    def test_a_pledge_that_cannot_be_met_leaves_nothing_to_those_behind(self) -> None:
        outlook = Outlook(HOST, [30], [10])
        outlook.pledge(80, (0,))
        assert (outlook.free, outlook.coming) == ([0], [0])

    def test_a_pledge_on_one_device_leaves_the_other_alone(self) -> None:
        outlook = Outlook(make_devices([100, 100], 10), [30, 50], [60, 0])
        outlook.pledge(70, (0,))
        assert (outlook.free, outlook.coming) == ([10, 50], [0, 0])
