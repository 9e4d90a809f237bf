"""Letters that came, and their answers, as the journal keeps them: none is applied twice."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from mission.answers import Answer, answer_text, read_answer, read_answers, unsigned
from mission.journal import Journal
from mission.journal.kinds import LetterAnswered, LetterCame, RequestAnswered

_NEWEST = 300
ELSEWHERE = "another clone has answered it"


class Answered:
    """Of one mission. For any thread."""

    def __init__(self, journal: Journal, *, signed: bool = False) -> None:
        """
        Args:
            signed: Whether what asks in a person's name has to be signed: then nobody's answers
                are believed but for the letters that they name.
        """
        self._journal = journal
        self._signed = signed
        self._lock = threading.Lock()  # guards the two that follow: memory
        self._open = {one.what.letter: one.what for one in journal.events(LetterCame)}
        self._answered: dict[str, str] = {}  # the answer's text, by letter, oldest first
        for event in journal.events(LetterAnswered):
            self._keep(event.what)

    def knows(self, letter: str) -> bool:
        """Whether it came already."""
        with self._lock:
            return letter in self._open or letter in self._answered

    def is_answered(self, letter: str) -> bool:
        """Whether it has its answer."""
        with self._lock:
            return letter in self._answered

    def waiting(self) -> Mapping[str, LetterCame]:
        """Those that were taken in and have no answer yet."""
        with self._lock:
            return dict(self._open)

    def decided(self, letter: str) -> Mapping[str, int]:
        """The requests of a letter that a clone before this one applied or refused, by row. It died
        before it could answer: what is decided is not asked again."""
        return {
            event.task: event.what.request
            for event in self._journal.events(RequestAnswered)
            if event.task is not None and event.what.letter == letter and event.what.request
        }

    def came(self, letter: LetterCame) -> None:
        """Note that one was taken in. Inside of a transaction with what it became."""
        self._journal.record(letter)
        with self._lock:
            self._open[letter.letter] = letter

    def answer(self, answer: Answer) -> None:
        """Note what became of one. The first answer stays."""
        if self.is_answered(answer.id):
            return
        noted = LetterAnswered(
            letter=answer.id, asked=answer.kind, by=answer.by, answer=answer_text(answer)
        )
        self._journal.record(noted)
        with self._lock:
            self._keep(noted)

    def newest(self) -> list[Answer]:
        """The last answers, oldest first."""
        with self._lock:
            texts = [*self._answered.values()][-_NEWEST:]
        return [answer for text in texts if (answer := read_answer(text)) is not None]

    def absorb(self, raw: bytes) -> None:
        """Take in what another clone has answered. What it answered is not pending here any more:
        applied here, too, it would count twice."""
        with self._journal.together():
            for event in self._journal.events(LetterAnswered):  # the other's record has some
                with self._lock:
                    self._keep(event.what)
            for answer in read_answers(raw):
                self.answer(unsigned(answer) if self._signed else answer)
        for came in self._journal.events(LetterCame):
            if self.is_answered(came.what.letter):
                for number in came.what.requests:
                    self._journal.finish_request(int(number), ELSEWHERE)

    def _keep(self, noted: LetterAnswered) -> None:
        self._open.pop(noted.letter, None)
        self._answered[noted.letter] = noted.answer
