"""What `notify` in mission.yaml refuses, and where."""

from __future__ import annotations

import pytest

from errors import ConfigError
from mission.config import parse_config

PHONE = "notify:\n  to:\n    - {type: apprise, address_env: PHONE, schemes: ["


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        (
            'notify:\n  quiet:\n    from: "07:00"\n    to: "07:00"\n',
            (2, 3),
            "nobody would ever be told",
        ),
        (f'{PHONE}"ntfys://"]}}\n', (3, 53), "cannot be ntfys://"),
        (f'{PHONE}""]}}\n', (3, 53), "schemes[0]"),
    ],
)
def test_what_could_tell_nobody_is_refused_with_its_place(
    text: str, place: tuple[int, int], why: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_config(text.encode())
    assert (refused.value.line, refused.value.column) == place
    assert why in str(refused.value)


def test_hours_and_schemes_that_are_some_are_taken() -> None:
    text = f'{PHONE}"ntfys", "kodi_2", "apprise+x"]}}\n  quiet: {{from: "07:01", to: "07:00"}}\n'
    assert parse_config(text.encode()).notify.to[0].called == "apprise"
