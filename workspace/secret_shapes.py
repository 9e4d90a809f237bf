"""What secrets look like whose value nobody told us: tokens that say what they are, headers."""

from __future__ import annotations

import re

# Between a name and its value, in a header, in JSON and in JSON within JSON.
_IS = rb"[\"'\\]{0,4}\s{0,4}[:=]\s{0,4}[\"'\\]{0,4}"
_HEADER = rb"(?P<kept>(?i:authorization)" + _IS + rb"(?i:basic|bearer|negotiate|token)\s{1,4})"
_AWS = rb"(?P<kept>(?i:secret_?access_?key|session_?token)" + _IS + rb")"

# Each shape with a text that every match of it holds: looking for that first makes long lines
# cheap. None of them can match a quote or a backslash, so that JSON stays JSON. What one has read
# once it does not read again from a later start, whether it was a secret or not: lines are long.
_SHAPES: tuple[tuple[bytes, re.Pattern[bytes]], ...] = (
    (b"://", re.compile(rb"(?<=://)[^\s/@:\"'\\<>]*:[^\s/@\"'\\<>]+(?=@)")),
    (b"://", re.compile(rb"(?<=https://)[^\s/@:\"'\\<>]{6,}(?=@)")),
    (b"gh", re.compile(rb"\bgh[pousr]_[A-Za-z0-9]{20,}")),
    (b"github_pat_", re.compile(rb"\bgithub_pat_[A-Za-z0-9_]{20,}")),
    (
        b"gl",
        re.compile(
            rb"\bgl(?:agent|cbt|dt|ffct|ft|imt|oas|pat|ptt|rt|rtr|soat|wt)-[A-Za-z0-9_.\-]{16,}"
        ),
    ),
    (b"sk-", re.compile(rb"\bsk-[A-Za-z0-9_\-]{20,}")),
    (b"xox", re.compile(rb"\bxox[a-z](?:\.xox[a-z])?-[A-Za-z0-9\-]{10,}")),
    (b"xapp-", re.compile(rb"\bxapp-[A-Za-z0-9\-]{10,}")),
    (b"hooks.slack.com/", re.compile(rb"(?<=hooks\.slack\.com/)[A-Za-z0-9_/\-]{20,}")),
    (b"_live_", re.compile(rb"\b[rs]k_live_[A-Za-z0-9]{16,}")),
    (b"_test_", re.compile(rb"\b[rs]k_test_[A-Za-z0-9]{16,}")),
    (b"whsec_", re.compile(rb"\bwhsec_[A-Za-z0-9+/=]{20,}")),
    (b"hf_", re.compile(rb"\bhf_[A-Za-z0-9]{30,}")),
    (b"api_org_", re.compile(rb"\bapi_org_[A-Za-z0-9]{30,}")),
    (b"dckr_", re.compile(rb"\bdckr_[op]at_[A-Za-z0-9_\-]{20,}")),
    (b"mgw.", re.compile(rb"(?<=\bmgw\.)[a-z0-9_\-]{1,63}\.[A-Za-z0-9_\-]{43}")),  # our gateway's
    (b"AKIA", re.compile(rb"\bAKIA[0-9A-Z]{16}\b")),
    (b"ASIA", re.compile(rb"\bASIA[0-9A-Z]{16}\b")),
    (b"IQoJb3JpZ2lu", re.compile(rb"\bIQoJb3JpZ2lu[A-Za-z0-9+/=%]{20,}")),
    (b"oGZXIvYXdz", re.compile(rb"\bF[wQ]oGZXIvYXdz[A-Za-z0-9+/=%]{20,}")),
    (b"ess", re.compile(_AWS + rb"[A-Za-z0-9+/=]{40,}")),
    (b"ESS", re.compile(_AWS + rb"[A-Za-z0-9+/=]{40,}")),
    (b".", re.compile(rb"\b[0-9a-f]{32}\.[A-Za-z0-9]{16}\b")),  # Z.ai
    (b"AIza", re.compile(rb"\bAIza[A-Za-z0-9_\-]{35}")),
    (b"npm_", re.compile(rb"\bnpm_[A-Za-z0-9]{36}")),
    (b"pypi-", re.compile(rb"\bpypi-[A-Za-z0-9_\-]{40,}")),
    (
        b"eyJ",
        re.compile(rb"\beyJ[A-Za-z0-9_\-]{8,}+(?P<rest>\.[A-Za-z0-9_\-]{8,}+\.[A-Za-z0-9_\-]*+)?"),
    ),
    (b"uthorization", re.compile(_HEADER + rb"[A-Za-z0-9_.~+/=\-]{6,}")),
    (b"UTHORIZATION", re.compile(_HEADER + rb"[A-Za-z0-9_.~+/=\-]{6,}")),
    (b"earer ", re.compile(rb"(?<=[Bb]earer )[A-Za-z0-9_.~+/=\-]{12,}")),
    (b"PRIVATE KEY", re.compile(rb"(?<=PRIVATE KEY-----)[A-Za-z0-9+/=\s\\]+(?=-----END)")),
)


def hide_shapes(line: bytes, hidden: bytes) -> bytes:
    """`line` with `hidden` in the place of all that has the shape of a secret."""

    def hide(found: re.Match[bytes]) -> bytes:
        groups = found.groupdict()
        if "rest" in groups and groups["rest"] is None:
            return found[0]  # it only began as a secret does
        return groups.get("kept", b"") + hidden

    for anchor, shape in _SHAPES:
        if anchor in line:
            line = shape.sub(hide, line)
    return line
