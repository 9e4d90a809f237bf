"""One batch, from the rows that wait to the base: carries out what `policy.batch` plans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from errors import (
    AlreadyMergedError,
    BaseMovedError,
    GateError,
    GateTimeoutError,
    GitError,
    MissionError,
)
from gates.case import Reason
from mission.config import MissionConfig
from orchestrator.merging.candidates import Candidate, Candidates, Tried
from orchestrator.merging.landings import Landings
from orchestrator.merging.squashing import TRIES, Squashing
from orchestrator.ports.display import Display
from orchestrator.workplace.verifying import FinishedWork
from policy.batch import Land, Return, Step, StepResult, StepState, Verify, batch_steps
from workspace.repository import Repository

Resolve = Callable[[FinishedWork, str | MissionError], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ahead:
    """A batch that is verified while the one before it lands."""

    base: str  # where the base is once that one has landed
    end: Future[Tried]


class BatchRound:
    """Holds the base's lock from outside for as long as it works."""

    def __init__(
        self,
        rows: Sequence[FinishedWork],
        landings: Landings,
        *,
        ahead: Ahead | None,
        resolve: Resolve,
        on_landing: Callable[[Candidate], None],
        candidates: Candidates,
        squashing: Squashing,
        config: MissionConfig,
        repository: Repository,
        display: Display,
    ) -> None:
        self._candidates = candidates
        self._squashing = squashing
        self._config = config
        self._repository = repository
        self._display = display
        self._open = {row.task.id: row for row in rows}  # without an end yet
        self._landings = landings
        self._ahead = ahead  # a candidate of all the rows
        self._resolve = resolve
        self._on_landing = on_landing
        self._base = ""
        self._moves = 0  # how often it moved under us
        self._tried: dict[tuple[str, ...], Candidate] = {}  # tried on the base as it is
        self._errors: dict[str, MissionError] = {}  # what the rows to blame are to be told

    def carry_out(self) -> None:
        """Give every row its end: the commit on the base, or its error.

        Raises:
            GitError: Git or the remote failed, or the base moved too often.
            ForgeError: The forge would not merge.
            CheckoutBlockedError: A person's changes stand where the checkout would move.
            StoppedError: The run was stopped meanwhile.
        """
        ahead = self._ahead
        if ahead is not None:
            error = ahead.end.exception()  # it is over before anything is tried beside it
            if error is not None and not isinstance(error, MissionError):
                self._ahead = ahead = None  # its thread died: nothing was verified ahead
        self._base = self._repository.fetch_base()
        if ahead is not None and ahead.base != self._base:
            self._ahead = None
        self._finish_landed()
        plan = batch_steps(
            tuple(self._open),
            size=max(1, len(self._open)),
            repeat_red=self._config.merge.repeat_red,
        )
        answer = None
        while True:
            try:
                step = plan.send(answer)
            except StopIteration:
                return
            answer = self._do(step)

    def _finish_landed(self) -> None:
        """What an earlier run pushed before it was killed needs no more than its end. Its push may
        arrive as late as now."""
        for name, row in list(self._open.items()):
            try:
                commit = self._squashing.merged_before(row)
            except AlreadyMergedError as error:
                self._end(row, error)
                continue
            if commit is not None:
                self._squashing.finish([row], {name: commit}, tip=commit)
                self._conclude(row, commit, landed=True)

    def _do(self, step: Step) -> StepResult | None:
        match step:
            case Verify():
                return self._verify(step)
            case Land():
                return self._land(self._tried[step.items])
            case Return():
                if step.item in self._open:  # else its own merge has arrived meanwhile
                    self._end(self._open[step.item], self._errors[step.item])
                return None

    def _verify(self, step: Verify) -> StepResult:
        tried = self._try(step)
        if tried.candidate is not None:
            self._tried[step.items] = tried.candidate
        if tried.error is not None:
            # Of a red candidate only the last row can be to blame: what is before it was green.
            self._errors[tried.answer.item or step.items[-1]] = tried.error
        return tried.answer

    def _try(self, step: Verify) -> Tried:
        if step.repeated:
            red = self._errors[step.items[-1]].message.partition("\n")[0]
            self._display.say(f"{', '.join(step.items)}: {red}; verifying once more")
            return self._candidates.verify_candidate(self._tried[step.items])
        ahead, self._ahead = self._ahead, None
        if ahead is not None and step.items == tuple(self._open):
            return ahead.end.result()
        # What has landed meanwhile has its end already.
        rows = [self._open[name] for name in step.items if name in self._open]
        return self._candidates.try_candidate(self._base, rows)

    def _land(self, candidate: Candidate) -> StepResult:
        if len(candidate.rows) == len(self._open):
            self._on_landing(candidate)  # nothing of this batch comes in between
        adding = [row for row in candidate.rows if candidate.adds(row)]
        closed = self._pass_gates(adding)
        if closed is not None:
            return closed
        named = adding and self._landings.names_base
        if not named and self._repository.fetch_base() != self._base:
            return self._moved()
        for row in adding:
            name = row.task.id
            self._squashing.note_merging(row, candidate.commits[name], candidate.parents[name])
        commits = candidate.commits
        if adding:
            try:
                commits = self._landings.land(candidate)
            except BaseMovedError:
                return self._moved()
        tip = commits[candidate.rows[-1].task.id] if candidate.rows else candidate.base
        self._squashing.finish(candidate.rows, commits, tip=tip)
        self._stand_on(tip)
        for row in candidate.rows:
            self._conclude(row, commits[row.task.id], landed=row in adding)
        return StepResult(state=StepState.GREEN)

    def _pass_gates(self, rows: Sequence[FinishedWork]) -> StepResult | None:
        """Wait until the gates let all of `rows` merge; what keeps them from it, if something does.

        While the gates of one row are waited for, those of another may close again. So when all
        were clear, all are asked once more, without waiting, and only that lets them land.
        """
        for _ in range(TRIES):
            answer = self._ask_gates(rows)
            if answer is not None or len(rows) < 2:
                return answer
            answer = self._ask_gates(rows, at_once=True)
            if answer is None or answer.item is None:
                return answer
            if not isinstance(self._errors[answer.item], GateTimeoutError):
                return answer
        return answer

    def _ask_gates(
        self, rows: Sequence[FinishedWork], *, at_once: bool = False
    ) -> StepResult | None:
        for row in rows:
            try:
                self._squashing.pass_merge_gates(row, self._base, at_once=at_once)
            except GateError as error:
                if error.reason == Reason.BASE_MOVED:
                    return self._moved()
                self._errors[row.task.id] = error
                return StepResult(state=StepState.REFUSED, item=row.task.id)
        return None

    def _moved(self) -> StepResult:
        self._moves += 1
        if self._moves == TRIES:
            raise GitError(
                f"{', '.join(self._open)}: the base moved {TRIES} times while they were merged",
                hint="Run again when fewer people push to it",
            )
        self._stand_on(self._repository.fetch_base())
        self._finish_landed()
        if not self._open:
            return StepResult(state=StepState.MOVED)
        self._display.say(
            f"{', '.join(self._open)}: the base moved, merging again on {self._base[:10]}"
        )
        return StepResult(state=StepState.MOVED)

    def _stand_on(self, base: str) -> None:
        self._base = base
        self._tried.clear()

    def _conclude(self, row: FinishedWork, commit: str, *, landed: bool) -> None:
        """The end of a row whose work is on the base; what goes wrong now concerns it alone."""
        try:
            self._landings.conclude(row, commit, landed=landed)
        except MissionError as error:
            self._end(row, error)
        else:
            self._end(row, commit)

    def _end(self, row: FinishedWork, end: str | MissionError) -> None:
        del self._open[row.task.id]
        self._resolve(row, end)
