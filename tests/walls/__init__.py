"""What an agent, another user, a page or a line of text must not be able to do, each attack tried.

Execution outside the sandbox: `planted_settings`, `planted_programs`, `relative_paths`, `homes`,
`sandbox_sight`, `sandbox_privileges`, `hostile_agents`, `settings_files`, `injection`.
What lands is what was verified: `vouching`, `stash`. Denial: `denial`. The gateway: `gateway`.
Files: `files`.

Where an attack needs the fixtures of a room, it is there: on the local Prefect server in
`integration/flows/test_server_secret.py`, on passwords in `unit/tiers/test_destination.py`, with
secrets in `integration/workspace/test_disclosure.py` and `unit/workspace/test_redact.py`, with
patterns in `integration/project/test_patterns.py`, with git settings, hooks, pipes and submodules
beside these in `integration/workspace/`.
"""
