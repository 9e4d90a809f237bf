"""A forge to test against: a real HTTP server with real git behind it and scripted CI.

Forges cannot be installed where these tests run, so the endpoints that the runner uses are written
here from the published API descriptions: Gitea 1.26 and Forgejo 12 (`/api/v1`), GitHub's REST API
2022-11-28 (as a GitHub Enterprise server, `/api/v3`), GitLab 18 (`/api/v4`). CI is scripted, and
held until a test releases it, so that no test sleeps; `tests.forge.faults` breaks answers.
"""
