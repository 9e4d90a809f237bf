"""Issues are closed once, with a comment, when the last row that names them is done."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

from forges.pulls import PullRequests
from mission.journal.kinds import IssueClosed
from mission.state import Status
from orchestrator.context import Context
from tasks_md.model import Plan, Task

_NUMBER = re.compile(r"#(\d+)")


class IssueBook:
    """Which issues are still named by rows that are not done. Used by all jobs."""

    def __init__(self, context: Context, plan: Callable[[], Plan]) -> None:
        self._context = context
        self._plan = plan
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
        return "" if others else close_issue(self._context, task, comment)


def close_issue(context: Context, task: Task, comment: str) -> str:
    """Close the row's issue with `comment`, each of them once; a word for the notes.

    Raises:
        ForgeError: The forge will not, or did not answer in time.
    """
    issue = task.issue
    if issue is None:
        return ""
    pulls = context.pulls
    number = _NUMBER.fullmatch(issue)
    if pulls is None or number is None:
        why = "no forge is configured" if pulls is None else "it is on another repository"
        return f"{issue} stays to be closed by hand: {why}"
    return _close(context, pulls, task, int(number[1]), comment)


def _close(context: Context, pulls: PullRequests, task: Task, number: int, comment: str) -> str:
    context.display.doing(task.id, f"closes #{number}")
    pulls.comment_once(number, f"{context.task_file} #{number}", context.redactor.text(comment))
    closed = pulls.close_issue(number)
    context.journal.record(IssueClosed(number=number, closed=closed), task=task.id)
    return f"#{number} closed" if closed else f"#{number} was closed already"
