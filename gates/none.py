"""The gate of a mission that asks for none."""

from __future__ import annotations

from gates.protocol import GateRequest, GateState, GateVerdict


class NoGate:
    """Always clear, because the configuration says `type: none`."""

    name = "none"

    def check(self, request: GateRequest) -> GateVerdict:
        return GateVerdict(
            state=GateState.CLEAR,
            gate=self.name,
            detail="the configuration asks for no gate",
            commit=request.commit,
        )
