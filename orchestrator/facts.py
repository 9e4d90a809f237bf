"""What the file says against the facts: git's, the forge's, the gates' and the journal's."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from errors.finding import Finding, Severity
from forges.pulls import PullRequests
from gates.protocol import Gate, GateRequest, GateState, Purpose
from mission.journal import Journal
from mission.journal.kinds import Merged
from mission.state import Actor, Status
from orchestrator.loop.board import Board, StatusChange
from orchestrator.merging.merges import Merges
from orchestrator.recovery.vouching import vouched_for
from policy.merged import Merge
from tasks_md.model import Plan, Task
from workspace.redact import Redactor
from workspace.repository import Repository
from workspace.squash import one_line

_ISSUE = re.compile(r"#(\d+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Disagreement:
    """One row, issue or branch that is not as the file says."""

    finding: Finding
    fix: StatusChange | None = None  # what the facts prove; None: a person has to decide


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What the file says, held against git, forge, gates and journal."""

    journal: Journal
    repository: Repository
    landed: Merges
    gates: tuple[Gate, ...]
    pulls: PullRequests | None
    done_since: Callable[[str], Collection[str]]  # rows that are done on a newer base alone
    redactor: Redactor

    def compare(self, board: Board) -> list[Disagreement]:
        """Every disagreement, in file order; then those about issues and the base.

        What was done before this runner came is taken at its word unless git disproves it. A row
        that is done since then needs an attempt in the journal, a merge on the base, or a person's
        word.

        Raises:
            GitError: The remote cannot be reached.
            ForgeError: The forge did not answer.
        """
        base = self.repository.fetch_base()
        facts = self._read(board.plan, base)
        found = [one for task in board.plan.tasks for one in self._row(board, task, facts)]
        return [*found, *self._issues(board.plan), *self._base(board.plan, base)]

    def _read(self, plan: Plan, base: str) -> _Facts:
        names = list(plan.by_id)
        landed = self._merges(base)
        merged = self.landed.merged(names, unnamed=True)
        trailed = {one.task for one in self.landed.standing(unnamed=True)}
        reverted = {one.task: one.commit for one in self.landed.reverted()}
        return _Facts(
            base=base,
            landed=landed,
            wanted_anew=frozenset(trailed - {one.task for one in merged.values()}),
            twice=self.landed.merged_twice(names),
            reverted=reverted,
            vouched=vouched_for(self.journal, plan) | landed.keys(),
            news=frozenset(self.done_since(base)),
        )

    def _row(self, board: Board, task: Task, facts: _Facts) -> Iterator[Disagreement]:
        status, commit = board.status(task.id), facts.landed.get(one_line(task.id))
        if task.id in facts.twice:
            yield self._merged_twice(task, *facts.twice[task.id])
        if status is Status.DONE:
            lost = self._not_merged(task, facts) if task.branch and commit is None else None
            if lost is not None:
                yield lost
            elif task.id not in facts.vouched:
                yield _not_journalled(task)
        elif commit is not None and one_line(task.id) not in facts.wanted_anew:
            late = task.id in facts.news
            yield self._behind(task, commit) if late else self._merged_not_done(task, commit)
        elif status is Status.IN_PROGRESS and not any(
            attempt.task == task.id for attempt in self.journal.open_attempts()
        ):
            yield _row_found(
                task,
                "nobody-at-work",
                f"{task.id} is in-progress, but this runner has no attempt under way",
                f"If nobody works on it: `mission set {task.id} not-started`",
            )

    def _behind(self, task: Task, commit: str) -> Disagreement:
        """Nothing is wrong with a row of which this clone has not heard yet."""
        base = self.repository.base
        found = _row_found(
            task,
            "behind",
            f"{task.id} is {task.status} here, and done since {commit[:10]} on {base}, which this "
            "clone has not taken in yet",
            "The next `mission run` takes it in; so does `git pull`",
            _proved(task, commit),
        )
        return replace(found, finding=replace(found.finding, severity=Severity.INFO))

    def _merged_not_done(self, task: Task, commit: str) -> Disagreement:
        return _row_found(
            task,
            "merged-not-done",
            f"{task.id} is {task.status}, but {commit[:10]} on {self.repository.base} merged it",
            "`mission verify --fix` sets it to done",
            _proved(task, commit),
        )

    def _merged_twice(self, task: Task, first: Merge, second: Merge) -> Disagreement:
        one, other = first.commit[:10], second.commit[:10]
        return _row_found(
            task,
            "merged-twice",
            f"{task.id} is on {self.repository.base} twice, as {one} and {other}, though nobody "
            "asked for it again",
            f"`git show {one} {other}` shows both; `git revert --no-edit {other}`, pushed, takes "
            "the second one back",
        )

    def _not_merged(self, task: Task, facts: _Facts) -> Disagreement | None:
        """A row that is done, of which the base shows no merge."""
        git = self.repository.git
        reverted = facts.reverted.get(one_line(task.id))
        tip = None if reverted else self._branch_tip(task.branch or "")
        finished = [one for one in self.journal.attempts(task.id) if one.head is not None]
        hint = (
            f"`mission history {task.id}` shows what happened; set its status cell to not-started "
            "by hand to have it done anew"
        )
        change = None
        if reverted is not None:
            why = f"its merge {reverted[:10]} was reverted on {self.repository.base}"
            hint = "`mission verify --fix` sets it to not-started, and the next run does it anew"
            change = StatusChange(
                task=task.id,
                status=Status.NOT_STARTED,
                word="",
                actor=Actor.FACTS,
                reason=why,
            )
        elif tip is not None and not git.is_ancestor(tip, of=facts.base):
            why = f"its branch {task.branch} has commits that {self.repository.base} has not"
        elif finished:
            why = f"attempt {finished[-1].number} was not merged into {self.repository.base}"
        else:
            return None
        return _row_found(task, "done-not-merged", f"{task.id} is done, but {why}", hint, change)

    def _merges(self, base: str) -> dict[str, str]:
        """Task -> the commit on the base that merged it: by the journal, else by its trailers."""
        git = self.repository.git
        found: dict[str, str] = {}
        for event in self.journal.events(Merged):
            commit = event.what.commit
            there = event.task is not None and git.is_ancestor(commit, of=base)
            if there and not self.landed.taken_back(commit):
                found[one_line(event.task or "")] = commit
        by_trailers = self.landed.standing(unnamed=True)
        return {**{one.task: one.commit for one in by_trailers}, **found}

    def _branch_tip(self, branch: str) -> str | None:
        """The branch on the remote, where there is one, else here."""
        repository = self.repository
        if repository.remote is None:
            return repository.git.commit(f"refs/heads/{branch}")
        listed = repository.git.text("ls-remote", repository.remote, f"refs/heads/{branch}")
        tip = listed.partition("\t")[0]
        if not tip or repository.git.commit(tip) is not None:
            return tip or None
        repository.git.run(
            "fetch", "--quiet", "--no-tags", repository.remote, f"refs/heads/{branch}"
        )
        return tip

    def _issues(self, plan: Plan) -> list[Disagreement]:
        """Issues that the forge has open though all their rows are done, and the other way
        round."""
        if self.pulls is None:
            return []
        rows: dict[int, list[Task]] = {}
        for task in plan.tasks:
            named = _ISSUE.fullmatch(task.issue or "")
            if named:
                rows.setdefault(int(named[1]), []).append(task)
        found = []
        for number, tasks in rows.items():
            done = all(task.status == Status.DONE for task in tasks)
            issue = self.pulls.forge.issue(number)
            if issue.open == done:
                state = "open" if issue.open else "closed"
                said = (
                    "every row that names it is done" if done else "rows that name it are not done"
                )
                found.append(
                    _row_found(
                        tasks[-1],
                        f"issue-{state}",
                        f"#{number} is {state}, but {said}",
                        f"See {issue.url}",
                    )
                )
        return found

    def _base(self, plan: Plan, base: str) -> list[Disagreement]:
        """The gates' word on the base as it is, asked once."""
        request = GateRequest(
            purpose=Purpose.MERGE,
            branch=self.repository.base,
            base=self.repository.base,
            commit=base,
        )
        verdicts = [gate.check(request) for gate in self.gates]
        return [
            Disagreement(
                finding=Finding(
                    rule="base-not-green",
                    severity=(
                        Severity.ERROR if verdict.state is GateState.FAILED else Severity.WARNING
                    ),
                    path="",
                    line=1,
                    column=1,
                    message=f"{self.repository.base} at {base[:10]}: gate {verdict.gate} says "
                    f"{verdict.state}: {self.redactor.text(verdict.detail)}",
                    hint="`mission gate queue --purpose merge` waits for it",
                )
            )
            for verdict in verdicts
            if verdict.state is not GateState.CLEAR and plan.tasks
        ]


def fix(board: Board, disagreements: list[Disagreement]) -> int:
    """Set what the facts prove, nothing else; how many rows."""
    fixes = [one.fix for one in disagreements if one.fix is not None]
    for change in fixes:
        board.stage(change)
    board.write()
    return len(fixes)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Facts:
    """What git and the journal say of the rows, by their names."""

    base: str  # the base's tip
    landed: Mapping[str, str]  # the commit on the base that merged the row
    wanted_anew: Collection[str]  # rows that a person wants done again after that
    twice: Mapping[str, tuple[Merge, Merge]]
    reverted: Mapping[str, str]  # the last merge of the row that was taken back
    vouched: Collection[str]  # rows of which is known why they may be done
    news: Collection[str]  # rows that are done there, which this clone has not taken in


def _not_journalled(task: Task) -> Disagreement:
    """A row that is done, and nobody knows why."""
    return _row_found(
        task,
        "done-not-journalled",
        f"{task.id} is done, but it was not when the runner came, and since then there is no "
        "attempt, no merge and no person's word",
        f"If it is done: `mission set {task.id} done` vouches for it; else correct the row",
    )


def _proved(task: Task, commit: str) -> StatusChange:
    return StatusChange(
        task=task.id,
        status=Status.DONE,
        word=f"merged as {commit[:10]}",
        actor=Actor.FACTS,
        reason="its merge is on the base",
    )


def _row_found(
    task: Task, rule: str, message: str, hint: str, change: StatusChange | None = None
) -> Disagreement:
    cell = task.cells["status"]
    finding = Finding(
        rule=rule,
        severity=Severity.ERROR,
        path="",
        line=task.line,
        column=cell.column,
        message=message,
        hint=hint,
        task=task.id,
    )
    return Disagreement(finding=finding, fix=change)
