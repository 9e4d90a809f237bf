"""With a forge: a task's branch is a pull request, and the forge does the squash merge."""

from __future__ import annotations

from dataclasses import dataclass, replace
from textwrap import indent

from agents.fence import fence
from errors import GitError
from forges.protocol import PullText
from forges.pulls import PullRequests
from mission.journal import Attempt, Journal
from mission.journal.kinds import PullOpened, ReviewMade, Verified
from orchestrator.merging.squashing import Squashing
from orchestrator.ports.display import Display
from orchestrator.workplace.finished import Work
from orchestrator.workplace.verifying import FinishedWork
from tasks_md.model import Task
from workspace.redact import Redactor
from workspace.repository import Repository
from workspace.squash import inert


@dataclass(frozen=True, kw_only=True)
class Pulling:
    """Pull requests of rows, from their opening to their end."""

    squashing: Squashing
    journal: Journal
    repository: Repository
    redactor: Redactor
    display: Display

    def show_pull(self, pulls: PullRequests, task: Task, attempt: Attempt) -> None:
        """Open the pull request of a pushed branch, or bring its text up to date.

        Raises:
            ForgeError: The forge will not, or did not answer in time.
        """
        self.display.doing(task.id, "opens its pull request")
        pull = pulls.open_or_update(self.pull_text(task, attempt))
        opened = PullOpened(number=pull.number, url=pull.url)
        self.journal.record(opened, task=task.id, attempt=attempt.id)

    def merge_pull(self, pulls: PullRequests, row: FinishedWork, base: str) -> str:
        """Let the forge squash-merge exactly the pushed head, while the base is at `base`; the
        commit.

        Raises:
            BaseMovedError: The base is elsewhere; nothing was merged.
            ForgeError: The forge will not, or did not answer in time.
            GitError: The forge says that it is merged, and the base does not hold it.
        """
        task, attempt = row.task, row.attempt
        work = Work.of(attempt)
        pull = pulls.open_or_update(self.pull_text(task, attempt))
        title, _, message = self.squashing.squash_message(task, attempt).partition("\n\n")
        merged = pulls.merge(
            pull.number, head=work.head, title=title, message=message, base_commit=base
        )
        self.repository.fetch_base()
        commit = merged.merge_commit
        if commit is None or self.repository.git.commit(commit) is None:
            raise GitError(
                f"{merged.url} says that it is merged, but its commit is not on the remote's "
                f"{self.repository.base}",
                hint="Look at it there; run again to check once more",
            )
        return commit

    def settle_pull(self, pulls: PullRequests, row: FinishedWork, commit: str) -> None:
        """Tell the pull request of work that reached the base by other means that it is there, and
        end it. Nothing to do where there is no open one.

        Raises:
            ForgeError: The forge will not, or did not answer in time.
        """
        work = Work.of(row.attempt)
        text = self.pull_text(row.task, row.attempt)
        said = f"\nThe runner has put this on {text.base} as {commit}.\n"
        settled = pulls.settle(replace(text, body=text.body + said), head=work.head, commit=commit)
        if settled is None:
            return
        self.journal.record(
            PullOpened(number=settled.number, url=settled.url, landed=commit),
            task=row.task.id,
            attempt=row.attempt.id,
        )

    def clear_pull(self, pulls: PullRequests, attempt: Attempt) -> None:
        """Delete the merged branch on the forge, unless somebody pushed to it since."""
        work = Work.of(attempt)
        if not pulls.delete_branch(work.branch, head=work.head, base=self.repository.base):
            self.display.say(f"{attempt.task}: {work.branch} has new commits and is kept")

    def pull_text(self, task: Task, attempt: Attempt) -> PullText:
        """Title and body: the task, who did it, what was checked, what it cost."""
        passed = [
            event.what.step
            for event in self.journal.events(Verified, task=task.id, attempt=attempt.id)
            if event.what.ok
        ]
        tokens = sum(one.tokens for one in self.journal.attempts(task.id))
        estimate = f" of {task.estimate_tokens:,} estimated" if task.estimate_tokens else ""
        facts = [
            ("Task", task.id),
            ("Issue", task.issue or "none"),
            ("Agent", f"{attempt.agent} ({attempt.route})"),
            ("Attempts", str(attempt.number)),
            ("Verified", ", ".join(dict.fromkeys(passed)) or "no step is configured"),
            ("Tokens", f"{tokens:,}{estimate}"),
        ]
        rows = "\n".join(f"| {name} | {_cell(value)} |" for name, value in facts)
        # In fences: elsewhere `closes #1` would close an issue, and `@name` call somebody.
        said = f"\n\nThe agent says:\n\n{_quoted(attempt.summary)}" if attempt.summary else ""
        reviews = [event.what.text for event in self.journal.events(ReviewMade, task=task.id)]
        if reviews:
            said += f"\n\nReview, round {len(reviews)}:\n\n{_quoted(reviews[-1])}"
        title = self.squashing.squash_message(task, attempt).partition("\n")[0]
        body = f"{inert(task.description)}\n\n| | |\n| --- | --- |\n{rows}{said}\n"
        redact = self.redactor.text
        return PullText(
            branch=Work.of(attempt).branch,
            base=self.repository.base,
            title=redact(title),
            body=redact(body),
        )


def _quoted(text: str) -> str:
    """A fenced block, indented as Markdown allows: a forge may make the body the message of a
    commit, and a line of ours that begins like a trailer there tells what is merged."""
    return indent(fence(text), " ")


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
