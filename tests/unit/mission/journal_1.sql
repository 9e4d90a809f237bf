-- A journal of schema version 1, as it was written then; the folder is made up.
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE attempts (
    id            INTEGER PRIMARY KEY,
    run           INTEGER NOT NULL REFERENCES runs (id),
    task          TEXT NOT NULL,
    number        INTEGER NOT NULL, -- from 1 within the task
    agent         TEXT NOT NULL,
    branch        TEXT,
    base_commit   TEXT,
    worktree      TEXT,
    log           TEXT,
    stage         TEXT NOT NULL,
    head          TEXT,
    squash        TEXT,
    merge_base    TEXT,
    started       TEXT NOT NULL,
    ended         TEXT,
    outcome       TEXT,
    reason        TEXT NOT NULL DEFAULT '',
    summary       TEXT NOT NULL DEFAULT '',
    input_tokens  INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens INTEGER NOT NULL DEFAULT 0,
    cost_usd      REAL,
    session       TEXT,
    exit_code     INTEGER,
    route         TEXT NOT NULL DEFAULT '',
    pid           INTEGER,
    pid_started   REAL,
    UNIQUE (task, number)
);
INSERT INTO "attempts" VALUES(1,1,'FED-M1-10',1,'sonnet',NULL,'5f25a3ad94deeaa991952cc3dc2e591c7aeb1e2a','/scratch/home/worktrees/checkout-ee50120f/missions-federation-v1-TASKS-879086b8/FED-M1-10-1','/scratch/checkout/.git/mission-runner/missions-federation-v1-TASKS-879086b8/logs/FED-M1-10-1.log','ended','5f25a3ad94deeaa991952cc3dc2e591c7aeb1e2a',NULL,NULL,'2026-11-27T19:05:05.089179+00:00','2026-11-27T19:05:06.037638+00:00','success','','Read 15 files at 5f25a3a: no credential in any file',0,0,0,NULL,NULL,0,'the row names it',11699,1413.16);
INSERT INTO "attempts" VALUES(2,1,'FED-M1-11',1,'haiku','feat/federation-m1-docs','5f25a3ad94deeaa991952cc3dc2e591c7aeb1e2a','/scratch/home/worktrees/checkout-ee50120f/missions-federation-v1-TASKS-879086b8/FED-M1-11-1','/scratch/checkout/.git/mission-runner/missions-federation-v1-TASKS-879086b8/logs/FED-M1-11-1.log','ended','61e9b1c8cb67a231838354819a83b246fea6ec85','32f968b299889306fa0d93d402c9fab725c27ccb','5f25a3ad94deeaa991952cc3dc2e591c7aeb1e2a','2026-11-27T19:05:05.982221+00:00','2026-11-27T19:05:12.228973+00:00','success','','Wrote docs/federation/fed-m1-11.md, docs/guides/fed-m1-11.md, README.md',0,0,0,NULL,NULL,0,'the row names it',11915,1414.07);
INSERT INTO "attempts" VALUES(3,1,'FED-M1-12',1,'operation:close-milestone',NULL,NULL,NULL,'/scratch/checkout/.git/mission-runner/missions-federation-v1-TASKS-879086b8/logs/FED-M1-12-1.log','ended',NULL,NULL,NULL,'2026-11-27T19:05:12.229955+00:00','2026-11-27T19:05:14.224114+00:00','success','','FED-M1 closed at 32f968b299: 11 rows done, 1 merged by this runner and confirmed; #460 stays to be closed by hand: no forge is configured',0,0,0,NULL,NULL,0,'its branch is (aggregate)',NULL,NULL);
CREATE TABLE events (
    id      INTEGER PRIMARY KEY,
    at      TEXT NOT NULL,
    kind    TEXT NOT NULL,
    run     INTEGER REFERENCES runs (id),
    task    TEXT,
    attempt INTEGER REFERENCES attempts (id),
    data    TEXT NOT NULL -- a JSON object
);
INSERT INTO "events" VALUES(1,'2026-11-27T19:05:04.690347+00:00','taken-over',1,NULL,NULL,'{"rows": ["FED-M1-01", "FED-M1-02", "FED-M1-03", "FED-M1-04", "FED-M1-05", "FED-M1-06", "FED-M1-07", "FED-M1-08", "FED-M1-09"]}');
INSERT INTO "events" VALUES(2,'2026-11-27T19:05:05.177932+00:00','status',1,'FED-M1-10',1,'{"old": "not-started", "new": "in-progress", "by": "runner", "reason": ""}');
INSERT INTO "events" VALUES(3,'2026-11-27T19:05:05.911900+00:00','agent',1,'FED-M1-10',1,'{"outcome": "success", "denied": ""}');
INSERT INTO "events" VALUES(4,'2026-11-27T19:05:06.037426+00:00','status',1,'FED-M1-10',1,'{"old": "in-progress", "new": "done", "by": "runner", "reason": "attempt 1 by sonnet, reports/FED-M1-10.md: Read 15 files at 5f25a3a: no credential in any file"}');
INSERT INTO "events" VALUES(5,'2026-11-27T19:05:06.037573+00:00','status',1,'FED-M1-11',2,'{"old": "not-started", "new": "in-progress", "by": "runner", "reason": ""}');
INSERT INTO "events" VALUES(6,'2026-11-27T19:05:07.002888+00:00','agent',1,'FED-M1-11',2,'{"outcome": "success", "denied": ""}');
INSERT INTO "events" VALUES(7,'2026-11-27T19:05:07.606835+00:00','verify',1,'FED-M1-11',2,'{"step": "links", "command": "c2bc4e87ca8e92534cd1f1759ecbda48410188a51d547ae4775bb576bd83f234", "tree": "2267bd093bddc8214cd2911114ab128d7416f898", "ok": true, "reason": "", "seconds": 0.461, "exit_code": 0, "log": "/scratch/checkout/.git/mission-runner/missions-federation-v1-TASKS-879086b8/logs/verify-2/01-links.log"}');
INSERT INTO "events" VALUES(8,'2026-11-27T19:05:07.621587+00:00','gate',1,'FED-M1-11',2,'{"gate": "pause", "purpose": "push", "branch": "feat/federation-m1-docs", "commit": "61e9b1c8cb67a231838354819a83b246fea6ec85", "state": "clear", "detail": "not paused"}');
INSERT INTO "events" VALUES(9,'2026-11-27T19:05:07.838754+00:00','gate',1,'FED-M1-11',2,'{"gate": "queue guard", "purpose": "push", "branch": "feat/federation-m1-docs", "commit": "61e9b1c8cb67a231838354819a83b246fea6ec85", "state": "clear", "detail": "CI is idle (exit code 0)"}');
INSERT INTO "events" VALUES(10,'2026-11-27T19:05:08.115344+00:00','push',1,'FED-M1-11',2,'{"branch": "feat/federation-m1-docs", "commit": "61e9b1c8cb67a231838354819a83b246fea6ec85"}');
INSERT INTO "events" VALUES(11,'2026-11-27T19:05:08.429213+00:00','gate',1,'FED-M1-11',2,'{"gate": "pause", "purpose": "merge", "branch": "feat/federation-m1-docs", "commit": "61e9b1c8cb67a231838354819a83b246fea6ec85", "state": "clear", "detail": "not paused"}');
INSERT INTO "events" VALUES(12,'2026-11-27T19:05:08.849554+00:00','gate',1,'FED-M1-11',2,'{"gate": "queue guard", "purpose": "merge", "branch": "feat/federation-m1-docs", "commit": "61e9b1c8cb67a231838354819a83b246fea6ec85", "state": "busy", "detail": "CI run federation-m1-docs-61e9b1c8 goes on for 2 s (exit code 75)"}');
INSERT INTO "events" VALUES(13,'2026-11-27T19:05:09.663676+00:00','gate',1,'FED-M1-11',2,'{"gate": "pause", "purpose": "merge", "branch": "feat/federation-m1-docs", "commit": "61e9b1c8cb67a231838354819a83b246fea6ec85", "state": "clear", "detail": "not paused"}');
INSERT INTO "events" VALUES(14,'2026-11-27T19:05:09.877479+00:00','gate',1,'FED-M1-11',2,'{"gate": "queue guard", "purpose": "merge", "branch": "feat/federation-m1-docs", "commit": "61e9b1c8cb67a231838354819a83b246fea6ec85", "state": "busy", "detail": "CI run federation-m1-docs-61e9b1c8 goes on for 1 s (exit code 75)"}');
INSERT INTO "events" VALUES(15,'2026-11-27T19:05:11.503458+00:00','gate',1,'FED-M1-11',2,'{"gate": "pause", "purpose": "merge", "branch": "feat/federation-m1-docs", "commit": "61e9b1c8cb67a231838354819a83b246fea6ec85", "state": "clear", "detail": "not paused"}');
INSERT INTO "events" VALUES(16,'2026-11-27T19:05:11.693500+00:00','gate',1,'FED-M1-11',2,'{"gate": "queue guard", "purpose": "merge", "branch": "feat/federation-m1-docs", "commit": "61e9b1c8cb67a231838354819a83b246fea6ec85", "state": "clear", "detail": "CI is idle (exit code 0)"}');
INSERT INTO "events" VALUES(17,'2026-11-27T19:05:11.997844+00:00','merge',1,'FED-M1-11',2,'{"commit": "32f968b299889306fa0d93d402c9fab725c27ccb"}');
INSERT INTO "events" VALUES(18,'2026-11-27T19:05:12.228809+00:00','status',1,'FED-M1-11',2,'{"old": "in-progress", "new": "done", "by": "runner", "reason": "merged as 32f968b299, attempt 1 by haiku"}');
INSERT INTO "events" VALUES(19,'2026-11-27T19:05:12.254358+00:00','status',1,'FED-M1-12',3,'{"old": "not-started", "new": "in-progress", "by": "runner", "reason": ""}');
INSERT INTO "events" VALUES(20,'2026-11-27T19:05:12.757247+00:00','gate',1,'FED-M1-12',3,'{"gate": "pause", "purpose": "merge", "branch": "main", "commit": "32f968b299889306fa0d93d402c9fab725c27ccb", "state": "clear", "detail": "not paused"}');
INSERT INTO "events" VALUES(21,'2026-11-27T19:05:12.988676+00:00','gate',1,'FED-M1-12',3,'{"gate": "queue guard", "purpose": "merge", "branch": "main", "commit": "32f968b299889306fa0d93d402c9fab725c27ccb", "state": "busy", "detail": "CI run main-32f968b2 goes on for 1 s (exit code 75)"}');
INSERT INTO "events" VALUES(22,'2026-11-27T19:05:14.009116+00:00','gate',1,'FED-M1-12',3,'{"gate": "pause", "purpose": "merge", "branch": "main", "commit": "32f968b299889306fa0d93d402c9fab725c27ccb", "state": "clear", "detail": "not paused"}');
INSERT INTO "events" VALUES(23,'2026-11-27T19:05:14.184467+00:00','gate',1,'FED-M1-12',3,'{"gate": "queue guard", "purpose": "merge", "branch": "main", "commit": "32f968b299889306fa0d93d402c9fab725c27ccb", "state": "clear", "detail": "CI is idle (exit code 0)"}');
INSERT INTO "events" VALUES(24,'2026-11-27T19:05:14.186075+00:00','evidence',1,'FED-M1-12',3,'{"check": "rows", "found": "11 others, all done", "version": "", "seconds": ""}');
INSERT INTO "events" VALUES(25,'2026-11-27T19:05:14.186164+00:00','evidence',1,'FED-M1-12',3,'{"check": "merges", "found": "1 are on the remote''s base", "version": "32f968b299889306fa0d93d402c9fab725c27ccb", "seconds": "0.13"}');
INSERT INTO "events" VALUES(26,'2026-11-27T19:05:14.186205+00:00','evidence',1,'FED-M1-12',3,'{"check": "gates", "found": "clear: pause, queue guard", "version": "32f968b299889306fa0d93d402c9fab725c27ccb", "seconds": "1.43"}');
INSERT INTO "events" VALUES(27,'2026-11-27T19:05:14.186235+00:00','evidence',1,'FED-M1-12',3,'{"check": "issue", "found": "#460 stays to be closed by hand: no forge is configured", "version": "", "seconds": ""}');
INSERT INTO "events" VALUES(28,'2026-11-27T19:05:14.223956+00:00','status',1,'FED-M1-12',3,'{"old": "in-progress", "new": "done", "by": "runner", "reason": "FED-M1 closed at 32f968b299: 11 rows done, 1 merged by this runner and confirmed; #460 stays to be closed by hand: no forge is configured"}');
INSERT INTO "events" VALUES(29,'2026-11-27T19:05:14.367718+00:00','gate',1,NULL,NULL,'{"gate": "pause", "purpose": "push", "branch": "main", "commit": null, "state": "clear", "detail": "not paused"}');
INSERT INTO "events" VALUES(30,'2026-11-27T19:05:14.554021+00:00','gate',1,NULL,NULL,'{"gate": "queue guard", "purpose": "push", "branch": "main", "commit": null, "state": "clear", "detail": "CI is idle (exit code 0)"}');
INSERT INTO "events" VALUES(31,'2026-11-27T19:05:15.246585+00:00','publish',1,NULL,NULL,'{"ok": true, "commit": "268e710eeada2770159639119c4b1bd1197a103a"}');
INSERT INTO "events" VALUES(32,'2026-11-27T19:05:25.714690+00:00','conflict',1,'FED-M1-10',1,'{"other": "FED-M1-11", "files": ["docs/a.md", "docs/b.md"]}');
INSERT INTO "events" VALUES(33,'2026-11-27T19:05:25.729276+00:00','conflict',1,'FED-M1-10',1,'{"expected": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "commit": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}');
INSERT INTO "events" VALUES(34,'2026-11-27T19:05:25.729445+00:00','review',1,'FED-M1-10',1,'{"chain": 0, "head": "cccccccccccccccccccccccccccccccccccccccc", "reviewer": "opus", "verdict": "request-changes", "passed": false, "text": "request-changes: no test", "answer": "{\"verdict\": \"request-changes\", \"summary\": \"no test\", \"findings\": []}", "tokens": 30, "input_tokens": 1020, "output_tokens": 10, "cached_tokens": 1000, "cost_usd": 0.01}');
INSERT INTO "events" VALUES(35,'2026-11-27T19:05:25.729548+00:00','no-review',1,'FED-M1-10',1,'{"chain": 0, "head": "cccccccccccccccccccccccccccccccccccccccc", "reviewer": "haiku", "outcome": "crashed", "reason": "crashed: gone"}');
INSERT INTO "events" VALUES(36,'2026-11-27T19:05:25.729644+00:00','usage',1,'FED-M1-10',1,'{"reviewer": "opus", "input_tokens": 1020, "output_tokens": 10, "cached_tokens": 1000, "cost_usd": 0.01}');
INSERT INTO "events" VALUES(37,'2026-11-27T19:05:25.729711+00:00','pull',1,'FED-M1-10',1,'{"number": 7, "url": "https://forge.example/pulls/7"}');
INSERT INTO "events" VALUES(38,'2026-11-27T19:05:25.729763+00:00','pull',1,'FED-M1-10',1,'{"number": 7, "url": "https://forge.example/pulls/7", "landed": "dddddddddddddddddddddddddddddddddddddddd"}');
INSERT INTO "events" VALUES(39,'2026-11-27T19:05:25.729814+00:00','issue',1,'FED-M1-10',NULL,'{"number": 460, "closed": true}');
INSERT INTO "events" VALUES(40,'2026-11-27T19:05:25.730127+00:00','expand',1,NULL,NULL,'{"milestone": "FED-M2", "rows": 9}');
INSERT INTO "events" VALUES(41,'2026-11-27T19:05:25.730216+00:00','remote',1,'FED-M1-10',1,'{"remote_run": "0198", "about": null, "commit": "cccccccccccccccccccccccccccccccccccccccc"}');
INSERT INTO "events" VALUES(42,'2026-11-27T19:05:25.730282+00:00','held',1,'FED-M1-10',1,'{"branch": "feat/x", "commit": "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "host": "worker-1"}');
INSERT INTO "events" VALUES(43,'2026-11-27T19:05:25.730340+00:00','push',1,'FED-M1-10',1,'{"branch": "feat/x", "commit": "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "host": "worker-1"}');
INSERT INTO "events" VALUES(44,'2026-11-27T19:05:25.730412+00:00','verify',1,'FED-M1-10',1,'{"step": "tests", "command": "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "tree": "9999999999999999999999999999999999999999", "ok": false, "reason": "exit code 1", "seconds": 1.5, "exit_code": 1, "log": "/scratch/verify.log", "together": ["FED-M1-10", "FED-M1-10"]}');
INSERT INTO "events" VALUES(45,'2026-11-27T19:05:25.730470+00:00','note',NULL,'FED-M1-10',NULL,'{"text": "a third party''s word"}');
INSERT INTO "events" VALUES(46,'2026-11-27T19:05:25.730823+00:00','request',NULL,'FED-M1-10',NULL,'{"request": 1, "asked": "approve", "status": null, "note": "looks right", "by": "ann@laptop", "error": null}');
INSERT INTO "events" VALUES(47,'2026-11-27T19:05:25.731052+00:00','request',NULL,'FED-M1-10',NULL,'{"request": 2, "asked": "set", "status": "done", "note": null, "by": "ann@laptop", "error": "the row is done already"}');
CREATE TABLE requests (
    id        INTEGER PRIMARY KEY,
    kind      TEXT NOT NULL,
    task      TEXT NOT NULL,
    status    TEXT,          -- for `set`: the status that is asked for
    note      TEXT,
    by        TEXT NOT NULL, -- who asked
    submitted TEXT NOT NULL,
    finished  TEXT,          -- NULL: not yet applied
    error     TEXT           -- why it was refused; NULL when it was applied
);
INSERT INTO "requests" VALUES(1,'approve','FED-M1-10',NULL,'looks right','ann@laptop','2026-11-27T19:05:25.730557+00:00','2026-11-27T19:05:25.730719+00:00',NULL);
INSERT INTO "requests" VALUES(2,'set','FED-M1-10','done',NULL,'ann@laptop','2026-11-27T19:05:25.730958+00:00','2026-11-27T19:05:25.731015+00:00','the row is done already');
CREATE TABLE runs (
    id          INTEGER PRIMARY KEY,
    mission     TEXT NOT NULL,
    host        TEXT NOT NULL,
    pid         INTEGER NOT NULL,
    pid_started REAL NOT NULL,   -- tells a process from a later one with the same number
    engine_run  TEXT,            -- the engine's own name of the run
    started     TEXT NOT NULL,
    ended       TEXT,
    outcome     TEXT
);
INSERT INTO "runs" VALUES(1,'federation-v1','laptop',27338,1299.28,'122eed90-a772-49f1-9c6a-a5a8a8168bc8','2026-11-27T19:05:04.251689+00:00','2026-11-27T19:05:15.394644+00:00','ended');
CREATE INDEX runs_open ON runs (id) WHERE ended IS NULL;
CREATE INDEX attempts_open ON attempts (id) WHERE ended IS NULL;
CREATE INDEX attempts_of_run ON attempts (run);
CREATE INDEX events_of_task ON events (task, id) WHERE task IS NOT NULL;
CREATE INDEX events_of_kind ON events (kind, id);
CREATE INDEX requests_pending ON requests (id) WHERE finished IS NULL;
COMMIT;
