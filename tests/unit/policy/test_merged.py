"""Which merges stand, and which rows are merged after what people said."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from policy.merged import (
    Merge,
    Recorded,
    Word,
    is_taken_back,
    merged,
    merged_twice,
    reverted,
    standing,
)

THEN = datetime(2026, 1, 1, tzinfo=UTC)


def merge(commit: str, task: str = "A", attempt: int = 1) -> Recorded:
    merge = Merge(commit=commit, task=task, attempt=str(attempt), mission="TASKS.md", at=THEN)
    return Recorded(commit=commit, subject=f"{task}: do it", merges=(merge,))


def revert(commit: str, *undoes: str, subject: str = "") -> Recorded:
    return Recorded(
        commit=commit,
        subject=f'Revert "{subject}"' if subject else "R",
        undoes=undoes,
        undoes_subject=subject,
    )


def stand(*commits: Recorded) -> list[str]:
    return [one.commit for one in standing(commits)]


def test_a_revert_takes_a_merge_back_and_its_own_revert_brings_it_again() -> None:
    log = [merge("a1"), revert("b2", "a1")]
    assert stand(*log) == []
    assert [one.commit for one in reverted(log)] == ["a1"]
    assert stand(*log, revert("c3", "b2")) == ["a1"]
    assert stand(*log, revert("c3", "b2"), revert("d4", "c3")) == []


def test_a_revert_may_name_the_beginning_of_an_id_or_the_first_line_alone() -> None:
    assert stand(merge("a1b2c3d4"), revert("b", "a1b2c3")) == []
    assert stand(merge("a1"), merge("a2", attempt=2), revert("b", subject="A: do it")) == ["a1"]
    again = Recorded(commit="c", subject="R", undoes_subject='Revert "A: do it"')
    assert stand(merge("a1"), revert("b", subject="A: do it"), again) == ["a1"]


def test_a_merge_and_its_cherry_picked_copy_are_one() -> None:
    log = [merge("a1"), merge("a2")]
    assert merged_twice(standing(log)) == {}
    assert stand(*log, revert("b", "a1")) == []
    assert stand(*log, revert("b", "a2")) == []
    assert stand(*log, revert("b", "a1"), merge("a3")) == ["a3"]
    assert stand(*log, merge("c", attempt=2), revert("b", "a1")) == ["c"]


def test_a_commit_cannot_take_back_what_comes_after_it() -> None:
    assert stand(revert("b", "a1"), merge("a1")) == ["a1"]
    assert stand(Recorded(commit="a1", subject="x", undoes=("a",), merges=merge("a1").merges))


def test_a_commit_that_is_no_merge_can_be_taken_back() -> None:
    log = [revert("b", "f00")]
    assert is_taken_back("f00d", log)
    assert not is_taken_back("f00d", [*log, revert("c", "b")])


def test_a_word_counts_for_the_merges_before_it() -> None:
    first, second = standing([merge("a1"), merge("a2", attempt=2)])
    before, between = Word(task="A", after=frozenset()), Word(task="A", after=frozenset({"a1"}))
    assert merged([first], [before])["A"] is first
    assert merged([first], [between]) == {}
    assert merged([first, second], [between])["A"] is second
    assert merged_twice([first, second], [between]) == {}
    assert merged_twice([first, second], [before]) == {"A": (first, second)}


@given(st.lists(st.integers(0, 30), max_size=30), st.randoms())
def test_a_chain_of_reverts_is_counted(targets: list[int], dice: object) -> None:
    """Against the definition, read literally: what no standing revert names stands."""
    log = [merge("m0")]
    for number, target in enumerate(targets, 1):
        log.append(revert(f"r{number}.", log[min(target, number - 1)].commit))
    names = [one.commit for one in log]

    def stands(commit: str) -> bool:
        return not any(stands(one.commit) for one in log if commit in one.undoes)

    assert bool(stand(*log)) == stands("m0")
    assert len(names) == len(set(names))


@given(
    st.lists(st.sampled_from("ABC"), max_size=8),
    st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 8)), max_size=6),
)
def test_a_row_is_merged_if_its_last_merge_comes_after_every_word(
    rows: list[str], spoken: list[tuple[str, int]]
) -> None:
    log = [merge(f"c{place}.", task, place) for place, task in enumerate(rows)]
    words = [
        Word(
            task=task,
            after=frozenset(
                one.commit for one, row in zip(log[:place], rows, strict=False) if row == task
            ),
        )
        for task, place in spoken
    ]
    found = merged(standing(log), words)
    for task in "ABC":
        places = [place for place, row in enumerate(rows) if row == task]
        last_word = max((place for row, place in spoken if row == task), default=0)
        assert (task in found) == bool(places and places[-1] >= last_word)
        if task in found:
            assert found[task].commit == f"c{places[-1]}."
