"""`mission completion`: what makes Tab complete `mission` in a shell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from cli.completing import SHELLS, VARIABLE
from cli.console import fact
from errors import UsageError
from tasks_md.nearest import did_you_mean

app = typer.Typer()

_SCRIPTS: Mapping[str, str] = {
    "bash": f"""\
_mission_complete() {{
    local IFS=$'\\n'
    COMPREPLY=($({VARIABLE}=$COMP_CWORD "${{COMP_WORDS[0]}}" "${{COMP_WORDS[@]:1}}" 2>/dev/null))
}}
complete -o default -F _mission_complete mission""",
    "zsh": f"""\
_mission_complete() {{
    local -a offered
    local said="$({VARIABLE}=$((CURRENT - 1)) "${{words[1]}}" "${{(@)words[2,-1]}}" 2>/dev/null)"
    offered=("${{(@f)said}}")
    offered=(${{offered:#}})
    if (( $#offered )); then compadd -- $offered; else _files; fi
}}
(( $+functions[compdef] )) || {{ autoload -Uz compinit && compinit }}
compdef _mission_complete mission""",
    "fish": f"""\
function __mission_complete
    set -l words (commandline -opc) (commandline -ct)
    {VARIABLE}=(math (count $words) - 1) $words[1] $words[2..-1] 2>/dev/null
end
complete -c mission -a '(__mission_complete)'""",
}
_FILES: Mapping[str, str] = {
    "bash": 'eval "$(mission completion bash)"        in ~/.bashrc',
    "zsh": 'eval "$(mission completion zsh)"         in ~/.zshrc',
    "fish": "mission completion fish | source         in ~/.config/fish/config.fish",
}


@app.command()
def completion(
    shell: Annotated[
        str | None, typer.Argument(metavar="[bash|zsh|fish]", help="Whose script is printed.")
    ] = None,
) -> None:
    """Print the script that lets Tab complete commands, options, rows and milestones.

    Without a shell, print the line to put into which file.
    """
    if shell is None:
        for line in _FILES.values():
            fact(line)
        return
    if shell not in _SCRIPTS:
        hint = did_you_mean(shell, SHELLS, f"There are: {', '.join(SHELLS)}")
        raise UsageError(f"no completion for {shell}", hint=hint)
    fact(_SCRIPTS[shell])
