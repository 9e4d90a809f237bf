"""Issues are closed once, with a comment, when the last row that names them is done."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

from forges.pulls import PullRequests
from mission.journal import Journal
from mission.journal.kinds import IssueClosed
from mission.state import Status
from orchestrator.ports.display import Display
from tasks_md.model import Plan, Task
from workspace.redact import Redactor

_NUMBER = re.compile(r"#(\d+)")


class IssueBook:
    """Which issues are still named by rows that are not done. Used by all jobs."""

    def __init__(
        self,
        pulls: PullRequests | None,
        plan: Callable[[], Plan],
        *,
        task_file: str,
        journal: Journal,
        redactor: Redactor,
        display: Display,
    ) -> None:
        """`task_file`: its path in the repository."""
        self._pulls = pulls
        self._plan = plan
        self._task_file = task_file
        self._journal = journal
        self._redactor = redactor
        self._display = display
        self._turn = threading.Lock()
        self._finished: set[str] = set()  # rows whose `done` may not be written yet

    def finish(self, task: Task, comment: str) -> str:
        """The row is as good as done: close its issue if no other row names it.

        Returns a word for the row's notes, which may be empty.

        Raises:
            ForgeError: The forge will not, or did not answer in time.
        """
        if task.issue is None:
            return ""
        with self._turn:
            self._finished.add(task.id)
            others = [
                row.id
                for row in self._plan().tasks
                if row.issue == task.issue
                and row.status != Status.DONE
                and row.id not in self._finished
            ]
        return "" if others else self.close(task, comment)

    def close(self, task: Task, comment: str) -> str:
        """Close the row's issue with `comment`, each of them once; a word for the notes.

        Raises:
            ForgeError: The forge will not, or did not answer in time.
        """
        issue, pulls = task.issue, self._pulls
        if issue is None:
            return ""
        number = _NUMBER.fullmatch(issue)
        if pulls is None or number is None:
            why = "no forge is configured" if pulls is None else "it is on another repository"
            return f"{issue} stays to be closed by hand: {why}"
        return self._close(pulls, task, int(number[1]), comment)

    def _close(self, pulls: PullRequests, task: Task, number: int, comment: str) -> str:
        self._display.doing(task.id, f"closes #{number}")
        pulls.comment_once(number, f"{self._task_file} #{number}", self._redactor.text(comment))
        closed = pulls.close_issue(number)
        self._journal.record(IssueClosed(number=number, closed=closed), task=task.id)
        return f"#{number} closed" if closed else f"#{number} was closed already"
