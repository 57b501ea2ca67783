from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deployment.workers.mapping.progress import Progress


@given(order=st.permutations(list(range(30))))
def test_the_position_never_passes_a_record_in_work(order: list[int]):
    # Given records in work
    progress = Progress()
    progress.add(str(number) for number in range(30))
    done: set[int] = set()

    for number in order:
        # When they finish in any order
        position = progress.finish([str(number)])
        done.add(number)

        # Then the position covers exactly the finished records up to the first unfinished one
        first_open = next((each for each in range(30) if each not in done), 30)
        assert position is None or int(position) == first_open - 1
        assert len(progress) == 30 - first_open


def test_an_unchanged_position_is_not_returned():
    progress = Progress()
    progress.add(["1", "2", "3"])

    assert progress.finish(["2"]) is None
    assert progress.finish(["1"]) == "2"
