"""What follows when something fails on the way of finished work, or of a job."""

from __future__ import annotations

from dataclasses import dataclass

from errors import (
    AlreadyMergedError,
    CheckoutBlockedError,
    DiskError,
    LockedError,
    MergeConflictError,
    MissionError,
    RemoteAwayError,
    SettingsChangedError,
    SingleWriterError,
    StoppedError,
    told,
)
from mission.clock import Clock
from mission.journal import Attempt, End, Journal, Step
from mission.outcome import Outcome
from mission.state import Status
from orchestrator.attempts.ending import Ending
from orchestrator.attempts.repairing import Repairing
from orchestrator.attempts.sending_back import SendingBack
from orchestrator.ports.assignment import Assignment
from orchestrator.ports.ends import Again, TaskEnd
from orchestrator.publishing.issues import IssueBook
from orchestrator.workplace.verifying import VerificationError
from workspace.disks import Disks


@dataclass(frozen=True, kw_only=True)
class Failing:
    """Turns an error into the end of its attempt."""

    ending: Ending
    sending_back: SendingBack
    repairing: Repairing
    issues: IssueBook
    journal: Journal
    clock: Clock
    disks: Disks

    def end_of(self, assignment: Assignment, error: MissionError | OSError) -> TaskEnd:
        """The end of an attempt that met `error`."""
        if not isinstance(error, StoppedError) and (disk := self.disks.to_blame(error)):
            return self.without_disk(assignment, disk)
        match error:
            case StoppedError():
                return self._at_a_stop(assignment, error)
            case RemoteAwayError() | LockedError():
                status = self._as_it_was(assignment)
                return self._stopped(assignment, status, str(error), fatal=True)
            case CheckoutBlockedError() | SettingsChangedError():
                return self._stopped(assignment, None, str(error), fatal=True)
            case SingleWriterError() | VerificationError():
                return self._not_good(assignment, error)
            case _:
                return self._held_up(assignment, told(error))

    def _at_a_stop(self, assignment: Assignment, stopped: StoppedError) -> TaskEnd:
        """The end of an attempt that the run's stop ended, or its row's."""
        if assignment.stop.held_back:
            return self._held_back(assignment, stopped.message)
        return self._stopped(assignment, None, stopped.message)

    def without_disk(
        self, assignment: Assignment, disk: DiskError, *, in_vain: bool = False
    ) -> TaskEnd:
        """The end of a job that a disk takes nothing for: nobody could do better until that is
        mended, so nothing further starts. What was finished is kept for the next run.

        Args:
            in_vain: Whether its agent has ended and could leave nothing.
        """
        step = self._now(assignment).step
        ends = {Step.STARTED: End.STOPPED, Step.UNFINISHED: End.AS_SAID}
        end = End.INTERRUPTED if in_vain else ends.get(step)
        status = None if end is None else Status.NOT_STARTED
        said = Outcome.STOPPED
        return self.ending.end(assignment, status, end, said=said, reason=str(disk), closes=True)

    def _found_merged(self, assignment: Assignment, merged: AlreadyMergedError) -> TaskEnd:
        """The end of an attempt that came too late: the base holds the row."""
        try:
            said = f"{assignment.task.id}, the last row for this issue, was {merged.message}."
            closed = self.issues.finish(assignment.task, said)
        except (MissionError, OSError) as error:
            return self._held_up(assignment, told(error))
        word = f"{merged.message}; {closed}" if closed else merged.message
        return self.ending.end(assignment, Status.DONE, End.SUPERSEDED, word=word)

    def _as_it_was(self, assignment: Assignment) -> Status | None:
        """The status of a row for which nothing was done; None where something is to be kept."""
        nothing = self._now(assignment).step is Step.STARTED
        return Status.NOT_STARTED if nothing else None

    def _now(self, assignment: Assignment) -> Attempt:
        """The attempt as far as it has come."""
        return self.journal.attempt(assignment.attempt.id)

    def _not_good(
        self, assignment: Assignment, refused: SingleWriterError | VerificationError
    ) -> TaskEnd:
        """The end of an attempt whose work may not merge: its agent may get it back."""
        attempt = self._now(assignment)
        red = isinstance(refused, VerificationError)
        end = End.VERIFICATION if red else End.SINGLE_WRITER
        if self.sending_back.may_go_back(attempt, end):
            if not red:
                self.sending_back.put_task_file_back(attempt)
            back = Again(at=self.clock.now())
            return self.ending.end(assignment, None, end, reason=refused.message, again=back)
        if red:
            return self.ending.end(assignment, Status.FAILED, end, reason=refused.message)
        return self.ending.end(assignment, Status.BLOCKED, end, reason=str(refused))

    def _held_up(self, assignment: Assignment, error: MissionError) -> TaskEnd:
        """The end of an attempt that something outside it stopped."""
        if isinstance(error, AlreadyMergedError):
            return self._found_merged(assignment, error)
        conflict = isinstance(error, MergeConflictError)
        if conflict and self.repairing.may_repair(self._now(assignment)):
            back = Again(at=self.clock.now())
            return self.ending.end(assignment, None, End.CONFLICT, reason=error.message, again=back)
        return self.ending.end(assignment, Status.BLOCKED, End.HELD_UP, reason=str(error))

    def _stopped(
        self, assignment: Assignment, status: Status | None, why: str, *, fatal: bool = False
    ) -> TaskEnd:
        """The end of a job that the run's stop ended: the next run carries its attempt on, unless
        nothing was done in it, and its row says so."""
        end = None if status is None else End.STOPPED
        said = Outcome.STOPPED
        return self.ending.end(assignment, status, end, said=said, reason=why, fatal=fatal)

    def _held_back(self, assignment: Assignment, why: str) -> TaskEnd:
        """The end of a job that ended for a while: the run goes on with what is finished, and
        begins anew what is not."""
        status = self._as_it_was(assignment)
        if status is not None:
            return self._stopped(assignment, status, why)
        return self.ending.end(assignment, None, None, reason=why, again=Again(at=self.clock.now()))
