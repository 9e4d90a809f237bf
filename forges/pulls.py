"""Pull requests and issues, so that doing a thing twice does it once.

Each step looks first at what is there, because an earlier try may have done it and its answer may
be lost. What a refused merge means is read from the pull request, not from the status code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from errors import BaseMovedError, ForgeError, UsageError
from forges.errors import NotYetError, RefusedError, UnreachableError
from forges.persistence import Persistence
from forges.protocol import Forge, Pull, PullState, PullText

_MARK = "<!-- mission-runner: {} -->"  # people do not see it, and we know our comment by it


@dataclass(frozen=True, kw_only=True)
class PullRequests:
    """What the merge queue asks of a forge. Every method may be called again after a crash."""

    forge: Forge
    persistence: Persistence = field(default_factory=Persistence)

    def open_or_update(self, text: PullText) -> Pull:
        """The open pull request of a branch, saying `text`; opened if there is none.

        Raises:
            ForgeError: The forge will not, or did not answer in time.
        """

        def attempt(left: timedelta) -> Pull:
            forge = self.forge.within(left)
            found = _open_one(forge, text) or _opened(forge, text)
            if _same(found.title, text.title) and _same(found.body, text.body):
                return found
            return forge.update_pull(found.number, text)

        return self.persistence.until_done(attempt)

    def find(self, branch: str, base: str, head: str) -> Pull | None:
        """The pull request of exactly `head`: merged, or else open; None where there is neither.

        After a crash it tells whether the merge happened.
        """

        def attempt(left: timedelta) -> Pull | None:
            found = [p for p in self.forge.within(left).pulls(branch, base) if p.head == head]
            for state in (PullState.MERGED, PullState.OPEN):
                for pull in found:
                    if pull.state is state:
                        return pull
            return None

        return self.persistence.until_done(attempt)

    def merge(
        self, number: int, *, head: str, title: str, message: str, base_commit: str | None = None
    ) -> Pull:
        """Squash-merge a pull request, if its head is still `head`.

        Args:
            base_commit: The base that was verified; the merge is not asked for on another one.

        Returns:
            The merged pull request; also when an earlier try had merged it.

        Raises:
            BaseMovedError: The base is elsewhere.
            ForgeError: It was not merged; a conflict, another head, or no answer in time.
        """
        merging = _Merge(number=number, head=head, title=title, message=message)
        merging.base_commit = base_commit
        return self.persistence.until_done(lambda left: merging.attempt(self.forge.within(left)))

    def settle(self, text: PullText, *, head: str, commit: str) -> Pull | None:
        """End the open pull request of `head`, whose work is on the base as `commit` without having
        been merged by the forge. It says `text` from then on. None: there is no such one.

        Raises:
            ForgeError: The forge will not, or did not answer in time.
        """

        def attempt(left: timedelta) -> Pull | None:
            forge = self.forge.within(left)
            found = _open_one(forge, text)
            if found is None or found.head != head:
                return None
            if not (_same(found.title, text.title) and _same(found.body, text.body)):
                forge.update_pull(found.number, text)
            forge.close_pull(found.number, merged_as=commit)
            return forge.pull(found.number)

        return self.persistence.until_done(attempt)

    def delete_branch(self, name: str, *, head: str, base: str) -> bool:
        """Delete a merged branch, if its head is still `head`. False: somebody pushed to it.

        Raises:
            UsageError: It is the base.
            ForgeError: The forge will not, or did not answer in time.
        """
        if name == base:
            raise UsageError(f"{name} is the base and is not deleted")

        def attempt(left: timedelta) -> bool:
            forge = self.forge.within(left)
            branch = forge.branch(name)
            if branch is not None and branch.commit != head:
                return False
            if branch is not None:
                forge.delete_branch(name)
            return True

        return self.persistence.until_done(attempt)

    def close_issue(self, number: int) -> bool:
        """Close an issue. False: it was closed already."""
        closed = False

        def attempt(left: timedelta) -> bool:
            nonlocal closed
            forge = self.forge.within(left)
            if not forge.issue(number).open:
                return closed
            closed = True  # also when the answer is lost: then the next look finds it closed
            forge.close_issue(number)
            return closed

        return self.persistence.until_done(attempt)

    def comment_once(self, number: int, mark: str, body: str) -> bool:
        """Comment on an issue, unless there is a comment with this `mark`. False: there was one."""
        hidden = _MARK.format(mark)
        added = False

        def attempt(left: timedelta) -> bool:
            nonlocal added
            forge = self.forge.within(left)
            if any(hidden in comment.body for comment in forge.comments(number)):
                return added
            added = True
            forge.add_comment(number, f"{body}\n\n{hidden}")
            return added

        return self.persistence.until_done(attempt)


@dataclass(kw_only=True)
class _Merge:
    """One merge, through all its tries."""

    number: int
    head: str
    title: str
    message: str
    base_commit: str | None = None
    asked: bool = False  # the forge took it and has only scheduled it
    lost: bool = False  # an answer got lost, so that the forge may be about to merge

    def attempt(self, forge: Forge) -> Pull:
        pull = forge.pull(self.number)
        if self._is_merged(pull):
            return pull
        if self.asked:
            raise NotYetError(
                f"{pull.url} is scheduled to be merged, and is not merged", status=201
            )
        self._check_base(forge, pull.base)
        try:
            self.asked = not forge.merge(
                self.number, head=self.head, title=self.title, message=self.message
            )
        except NotYetError:
            raise
        except RefusedError as error:
            return self._refused(forge, error)
        except UnreachableError:
            self.lost = True
            raise
        pull = forge.pull(self.number)
        if self._is_merged(pull):
            return pull
        raise NotYetError(f"{pull.url} does not say yet that it is merged", status=200)

    def _refused(self, forge: Forge, error: RefusedError) -> Pull:
        """The forge says no: perhaps because it said yes before and we did not hear it."""
        pull = forge.pull(self.number)
        if self._is_merged(pull):
            return pull
        if self.lost:
            raise NotYetError(error.message, status=error.status, words=error.words) from error
        raise error

    def _is_merged(self, pull: Pull) -> bool:
        if pull.state is PullState.CLOSED:
            raise ForgeError(f"{pull.url} was closed without a merge")
        merged = pull.state is PullState.MERGED
        if pull.head != self.head:
            other = f"the head {pull.head[:10]}, and not {self.head[:10]}, which was verified"
            if merged:
                raise ForgeError(f"{pull.url} was merged with {other}")
            # A forge takes a moment to see what was pushed.
            raise NotYetError(f"{pull.url} has {other}", status=409)
        return merged

    def _check_base(self, forge: Forge, base: str) -> None:
        if self.base_commit is None:
            return
        branch = forge.branch(base)
        found = branch.commit if branch else "nothing"
        if found != self.base_commit:
            raise BaseMovedError(
                f"{base} is at {found[:10]}, and not at {self.base_commit[:10]}, which was verified"
            )


def _open_one(forge: Forge, text: PullText) -> Pull | None:
    pulls = forge.pulls(text.branch, text.base)
    return next((pull for pull in pulls if pull.state is PullState.OPEN), None)


def _opened(forge: Forge, text: PullText) -> Pull:
    try:
        return forge.open_pull(text)
    except RefusedError as error:
        # 409 and 422 also say that there is one, which the list before did not show yet.
        if error.status in (409, 422) and "exist" in error.words.lower():
            raise NotYetError(error.message, status=error.status, words=error.words) from error
        raise


def _same(text: str, other: str) -> bool:
    """Whether a forge's text is ours: some change line ends and cut blanks at the end."""
    return text.replace("\r\n", "\n").rstrip() == other.replace("\r\n", "\n").rstrip()
