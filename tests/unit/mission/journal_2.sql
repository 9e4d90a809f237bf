-- A journal of schema version 2, as it was written then; the folder is made up.
PRAGMA user_version = 2;
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
INSERT INTO "attempts" VALUES(1,1,'good',1,'worker','feat/good','001d30f72b1e50febc3cf539156be626560ed7f4','/scratch/home/worktrees/checkout-99b06c10/plan-TASKS-95394df5/good-1','/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/good-1.log','ended','143517e0951f105f6e9d4fc1e08e7f5fe1ec27f3','a015655e59d2e70a777e5ee50250d13540ba27c7','001d30f72b1e50febc3cf539156be626560ed7f4','2026-11-27T22:22:29.896320+00:00','2026-11-27T22:22:31.373896+00:00','success','','good: success',7,3,0,NULL,'s-good',0,'the row names it',5272,13257.81);
INSERT INTO "attempts" VALUES(2,1,'asks',1,'worker','feat/asks','001d30f72b1e50febc3cf539156be626560ed7f4','/scratch/home/worktrees/checkout-99b06c10/plan-TASKS-95394df5/asks-1','/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/asks-1.log','ended','44c04e6cbd9cd33edf1d7536d6ec2e3cfd4ad185',NULL,NULL,'2026-11-27T22:22:29.896757+00:00','2026-11-27T22:22:30.745907+00:00','needs-qa','','asks: needs-qa',7,3,0,NULL,'s-asks',0,'the row names it',5280,13257.83);
INSERT INTO "attempts" VALUES(3,1,'red',1,'worker','feat/red','001d30f72b1e50febc3cf539156be626560ed7f4','/scratch/home/worktrees/checkout-99b06c10/plan-TASKS-95394df5/red-1','/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/red-1.log','ended','dd1a2d6f943e94351b79c6b187a69c78eb6b8638',NULL,NULL,'2026-11-27T22:22:29.896930+00:00','2026-11-27T22:22:30.619130+00:00','verification','verify step good failed with exit code 1','red: success',7,3,0,NULL,'s-red',0,'the row names it',5294,13257.88);
INSERT INTO "attempts" VALUES(4,1,'nothing',1,'worker','feat/nothing','001d30f72b1e50febc3cf539156be626560ed7f4','/scratch/home/worktrees/checkout-99b06c10/plan-TASKS-95394df5/nothing-1','/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/nothing-1.log','ended','001d30f72b1e50febc3cf539156be626560ed7f4',NULL,NULL,'2026-11-27T22:22:29.897134+00:00','2026-11-27T22:22:30.351635+00:00','no-changes','feat/nothing: worker reported success and changed no file; it said: nothing: success. Read the log for what the agent did instead, make the description clearer, then `mission retry`','nothing: success',7,3,0,NULL,'s-nothing',0,'the row names it',5304,13257.92);
INSERT INTO "attempts" VALUES(5,1,'broken',1,'worker','feat/broken','001d30f72b1e50febc3cf539156be626560ed7f4','/scratch/home/worktrees/checkout-99b06c10/plan-TASKS-95394df5/broken-1','/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/broken-1.log','ended',NULL,NULL,NULL,'2026-11-27T22:22:30.337890+00:00','2026-11-27T22:22:30.662143+00:00','crashed','worker: crashed: broken: crashed. Read the end of its log, which `mission history ID` names','broken: crashed',7,3,0,NULL,'s-broken',0,'the row names it',5444,13258.26);
INSERT INTO "attempts" VALUES(6,1,'red',2,'worker','feat/red','001d30f72b1e50febc3cf539156be626560ed7f4','/scratch/home/worktrees/checkout-99b06c10/plan-TASKS-95394df5/red-1','/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/red-2.log','ended','2a1c1f35db8066c0de53b57942da2bb77757839b',NULL,NULL,'2026-11-27T22:22:30.620469+00:00','2026-11-27T22:22:31.192789+00:00','verification','verify step good failed with exit code 1','red: success',7,3,0,NULL,'s-red',0,'the row names it',5523,13258.53);
INSERT INTO "attempts" VALUES(7,1,'broken',2,'worker','feat/broken','001d30f72b1e50febc3cf539156be626560ed7f4','/scratch/home/worktrees/checkout-99b06c10/plan-TASKS-95394df5/broken-1','/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/broken-2.log','ended',NULL,NULL,NULL,'2026-11-27T22:22:30.664059+00:00','2026-11-27T22:22:30.970376+00:00','crashed','worker: crashed: broken: crashed (after 2 attempts). Read the end of its log, which `mission history ID` names; then `mission retry`','broken: crashed',7,3,0,NULL,'s-broken',0,'the row names it',5530,13258.55);
INSERT INTO "attempts" VALUES(8,1,'cannot',1,'worker','feat/cannot','001d30f72b1e50febc3cf539156be626560ed7f4','/scratch/home/worktrees/checkout-99b06c10/plan-TASKS-95394df5/cannot-1','/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/cannot-1.log','ended',NULL,NULL,NULL,'2026-11-27T22:22:30.732050+00:00','2026-11-27T22:22:31.169026+00:00','blocked','worker: blocked: cannot: blocked. Provide what the reason names, then `mission unblock`','cannot: blocked',7,3,0,NULL,'s-cannot',0,'the row names it',5584,13258.71);
INSERT INTO "attempts" VALUES(9,1,'writes',1,'worker','feat/writes','001d30f72b1e50febc3cf539156be626560ed7f4','/scratch/home/worktrees/checkout-99b06c10/plan-TASKS-95394df5/writes-1','/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/writes-1.log','ended','0caeaa0d1c66462f74b255b403926aad37266165',NULL,NULL,'2026-11-27T22:22:30.962145+00:00','2026-11-27T22:22:31.508948+00:00','single-writer','feat/writes changes plan/TASKS.md, which only the runner may write: it is kept and not merged','writes: success',7,3,0,NULL,'s-writes',0,'the row names it',5643,13258.89);
INSERT INTO "attempts" VALUES(10,1,'approved',1,'worker','feat/approved','a015655e59d2e70a777e5ee50250d13540ba27c7','/scratch/home/worktrees/checkout-99b06c10/plan-TASKS-95394df5/approved-1','/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/approved-1.log','worked','0bf9a02a0de8f55530db23bcb45fb52c8eee6917',NULL,NULL,'2026-11-27T22:22:31.161395+00:00',NULL,NULL,'','approved: needs-qa',7,3,0,NULL,'s-approved',0,'the row names it',5744,13259.11);
INSERT INTO "attempts" VALUES(11,1,'asked',1,'worker','feat/asked','a015655e59d2e70a777e5ee50250d13540ba27c7','/scratch/home/worktrees/checkout-99b06c10/plan-TASKS-95394df5/asked-1','/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/asked-1.log','pushed','4fb54c1d041a8f655f1a79fc29eb023675aedd8f',NULL,NULL,'2026-11-27T22:22:31.185935+00:00',NULL,'needs-qa','','asked: needs-qa',7,3,0,NULL,'s-asked',0,'the row names it',5752,13259.14);
INSERT INTO "attempts" VALUES(12,1,'taken',1,'worker','feat/taken','a015655e59d2e70a777e5ee50250d13540ba27c7','/scratch/home/worktrees/checkout-99b06c10/plan-TASKS-95394df5/taken-1','/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/taken-1.log','verified','cac974170a38a5e533158c58920446b56fc51563','3e0008abe635c5403881b10f96e5f61f036705ae','a015655e59d2e70a777e5ee50250d13540ba27c7','2026-11-27T22:22:31.364267+00:00',NULL,'success','','taken: success',7,3,0,NULL,'s-taken',0,'the row names it',5809,13259.29);
INSERT INTO "attempts" VALUES(13,1,'writes',2,'worker','feat/writes','a015655e59d2e70a777e5ee50250d13540ba27c7','/scratch/home/worktrees/checkout-99b06c10/plan-TASKS-95394df5/writes-1','/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/writes-2.log','ended','aeb43498afc7863faf733411f083881729769c92',NULL,NULL,'2026-11-27T22:22:31.510082+00:00','2026-11-27T22:22:31.852252+00:00','single-writer','feat/writes changes plan/TASKS.md, which only the runner may write: it is kept and not merged. If the repository tells agents to write it, take that out; then `mission unblock writes` tries again','writes: success',7,3,0,NULL,'s-writes',0,'the row names it',5863,13259.39);
INSERT INTO "attempts" VALUES(14,1,'landing',1,'worker','feat/landing','a015655e59d2e70a777e5ee50250d13540ba27c7','/scratch/home/worktrees/checkout-99b06c10/plan-TASKS-95394df5/landing-1','/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/landing-1.log','merging','b571a1ed57fccbb7933b06c68c967c678653b8df','9b18f990a844838f90be856df534b0df85440f39','42617e5364ac69ecbccef146cfcf54fd9801a393','2026-11-27T22:22:31.839839+00:00',NULL,'success','','landing: success',7,3,0,NULL,'s-landing',0,'the row names it',5977,13259.75);
INSERT INTO "attempts" VALUES(15,1,'answered',1,'worker','feat/answered','a015655e59d2e70a777e5ee50250d13540ba27c7','/scratch/home/worktrees/checkout-99b06c10/plan-TASKS-95394df5/answered-1','/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/answered-1.log','answered',NULL,'42617e5364ac69ecbccef146cfcf54fd9801a393','3e0008abe635c5403881b10f96e5f61f036705ae','2026-11-27T22:22:32.007576+00:00',NULL,'success','','answered: success',7,3,0,NULL,'s-answered',0,'the row names it',6054,13259.96);
INSERT INTO "attempts" VALUES(16,1,'gated',1,'worker','feat/gated','a015655e59d2e70a777e5ee50250d13540ba27c7','/scratch/home/worktrees/checkout-99b06c10/plan-TASKS-95394df5/gated-1','/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/gated-1.log','ended','b58ff584f640b1c51a019a359ec54dbc8fd65b32',NULL,NULL,'2026-11-27T22:22:32.037426+00:00','2026-11-27T22:22:33.738429+00:00','blocked','Gate script did not say clear for the push within 1s: unknown: exit code 1. `mission gate queue --purpose push --branch feat/gated` asks alone','gated: success',7,3,0,NULL,'s-gated',0,'the row names it',6080,13260.0);
INSERT INTO "attempts" VALUES(17,1,'limited',1,'worker','feat/limited','3e0008abe635c5403881b10f96e5f61f036705ae','/scratch/home/worktrees/checkout-99b06c10/plan-TASKS-95394df5/limited-1','/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/limited-1.log','ended',NULL,NULL,NULL,'2026-11-27T22:22:32.758509+00:00','2026-11-27T22:22:32.988340+00:00','quota','worker: quota: limited: quota; other stands in. Wait until it is refilled, or buy more; the run goes on by itself','limited: quota',7,3,0,NULL,'s-limited',0,'the row names it',6337,13260.68);
INSERT INTO "attempts" VALUES(18,1,'limited',2,'other','feat/limited','3e0008abe635c5403881b10f96e5f61f036705ae','/scratch/home/worktrees/checkout-99b06c10/plan-TASKS-95394df5/limited-1','/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/limited-2.log','ended','44cfcade48fa6049047151f54304c0423ea0309c','6500dc4303426d2eafe523c5ef3cb66bb05266ce','9b18f990a844838f90be856df534b0df85440f39','2026-11-27T22:22:32.989216+00:00','2026-11-27T22:22:33.977506+00:00','success','','limited: success',7,3,0,NULL,'s-limited',0,'stands in (the row names it)',6386,13260.85);
INSERT INTO "attempts" VALUES(19,1,'reads',1,'worker',NULL,'42617e5364ac69ecbccef146cfcf54fd9801a393','/scratch/home/worktrees/checkout-99b06c10/plan-TASKS-95394df5/reads-1','/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/reads-1.log','ended','42617e5364ac69ecbccef146cfcf54fd9801a393',NULL,NULL,'2026-11-27T22:22:33.324050+00:00','2026-11-27T22:22:33.610403+00:00','success','','reads: success',7,3,0,NULL,'s-reads',0,'the row names it',6515,13261.22);
INSERT INTO "attempts" VALUES(20,1,'counts',1,'operation:close-milestone',NULL,NULL,NULL,'/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/counts-1.log','ended',NULL,NULL,NULL,'2026-11-27T22:22:33.581770+00:00','2026-11-27T22:22:33.601770+00:00','success','M1 has open rows: asks, red, nothing, broken, cannot, writes, approved, asked, gated, limited, reads','M1 has open rows: asks, red, nothing, broken, cannot, writes, approved, asked, gated, limited, reads',0,0,0,NULL,NULL,1,'its branch is (aggregate)',NULL,NULL);
INSERT INTO "attempts" VALUES(21,1,'begun',1,'worker','feat/begun',NULL,NULL,NULL,'started',NULL,NULL,NULL,'2026-11-27T22:22:34.239619+00:00',NULL,NULL,'','',0,0,0,NULL,NULL,NULL,'the row names it',NULL,NULL);
INSERT INTO "attempts" VALUES(22,1,'said',1,'worker','feat/said',NULL,NULL,NULL,'started',NULL,NULL,NULL,'2026-11-27T22:22:34.239860+00:00',NULL,'rate-limit','','too fast',0,0,0,NULL,NULL,1,'the row names it',NULL,NULL);
INSERT INTO "attempts" VALUES(23,1,'many',1,'worker','feat/many',NULL,NULL,NULL,'ended',NULL,NULL,NULL,'2026-11-27T22:22:34.240099+00:00','2026-11-27T22:22:34.240200+00:00','interrupted','interrupted','',0,0,0,NULL,NULL,NULL,'the row names it',NULL,NULL);
INSERT INTO "attempts" VALUES(24,1,'many',2,'worker','feat/many',NULL,NULL,NULL,'ended',NULL,NULL,NULL,'2026-11-27T22:22:34.240287+00:00','2026-11-27T22:22:34.240382+00:00','superseded','superseded','',0,0,0,NULL,NULL,NULL,'the row names it',NULL,NULL);
INSERT INTO "attempts" VALUES(25,1,'many',3,'worker','feat/many',NULL,NULL,NULL,'ended',NULL,NULL,NULL,'2026-11-27T22:22:34.240459+00:00','2026-11-27T22:22:34.240546+00:00','conflict','conflict','',0,0,0,NULL,NULL,NULL,'the row names it',NULL,NULL);
INSERT INTO "attempts" VALUES(26,1,'many',4,'worker','feat/many',NULL,NULL,NULL,'ended',NULL,NULL,NULL,'2026-11-27T22:22:34.240621+00:00','2026-11-27T22:22:34.240708+00:00','review','review','',0,0,0,NULL,NULL,NULL,'the row names it',NULL,NULL);
INSERT INTO "attempts" VALUES(27,1,'many',5,'worker','feat/many',NULL,NULL,NULL,'ended',NULL,NULL,NULL,'2026-11-27T22:22:34.240784+00:00','2026-11-27T22:22:34.240869+00:00','stopped','stopped','',0,0,0,NULL,NULL,NULL,'the row names it',NULL,NULL);
INSERT INTO "attempts" VALUES(28,1,'many',6,'worker','feat/many',NULL,NULL,NULL,'ended',NULL,NULL,NULL,'2026-11-27T22:22:34.240941+00:00','2026-11-27T22:22:34.241055+00:00','failed','failed','',0,0,0,NULL,NULL,NULL,'the row names it',NULL,NULL);
INSERT INTO "attempts" VALUES(29,1,'stopped',1,'worker','feat/stopped',NULL,NULL,NULL,'ended',NULL,NULL,NULL,'2026-11-27T22:22:34.241235+00:00','2026-11-27T22:22:34.241413+00:00','stopped','x','asked to',0,0,0,NULL,NULL,1,'the row names it',NULL,NULL);
INSERT INTO "attempts" VALUES(30,1,'M2',1,'worker','feat/M2',NULL,NULL,NULL,'ended',NULL,NULL,NULL,'2026-11-27T22:22:34.241491+00:00','2026-11-27T22:22:34.241580+00:00','success','','planned',4,0,0,NULL,NULL,NULL,'expand',NULL,NULL);
INSERT INTO "attempts" VALUES(31,1,'alone',1,'other','feat/alone',NULL,NULL,NULL,'ended',NULL,NULL,NULL,'2026-11-27T22:22:34.241748+00:00','2026-11-27T22:22:34.241844+00:00','quota','q','used up',0,0,0,NULL,NULL,1,'stands in (the row names it)',NULL,NULL);
CREATE TABLE events (
    id      INTEGER PRIMARY KEY,
    at      TEXT NOT NULL,
    kind    TEXT NOT NULL,
    run     INTEGER REFERENCES runs (id),
    task    TEXT,
    attempt INTEGER REFERENCES attempts (id),
    data    TEXT NOT NULL -- a JSON object
);
INSERT INTO "events" VALUES(1,'2026-11-27T22:22:29.888006+00:00','taken-over',1,NULL,NULL,'{"rows": []}');
INSERT INTO "events" VALUES(2,'2026-11-27T22:22:29.903992+00:00','status',1,'good',1,'{"old": "not-started", "new": "in-progress", "by": "runner", "reason": ""}');
INSERT INTO "events" VALUES(3,'2026-11-27T22:22:29.904115+00:00','status',1,'asks',2,'{"old": "not-started", "new": "in-progress", "by": "runner", "reason": ""}');
INSERT INTO "events" VALUES(4,'2026-11-27T22:22:29.904166+00:00','status',1,'red',3,'{"old": "not-started", "new": "in-progress", "by": "runner", "reason": ""}');
INSERT INTO "events" VALUES(5,'2026-11-27T22:22:29.904205+00:00','status',1,'nothing',4,'{"old": "not-started", "new": "in-progress", "by": "runner", "reason": ""}');
INSERT INTO "events" VALUES(6,'2026-11-27T22:22:30.154580+00:00','agent',1,'good',1,'{"outcome": "success", "denied": ""}');
INSERT INTO "events" VALUES(7,'2026-11-27T22:22:30.182575+00:00','agent',1,'asks',2,'{"outcome": "needs-qa", "denied": ""}');
INSERT INTO "events" VALUES(8,'2026-11-27T22:22:30.259384+00:00','agent',1,'red',3,'{"outcome": "success", "denied": ""}');
INSERT INTO "events" VALUES(9,'2026-11-27T22:22:30.289449+00:00','agent',1,'nothing',4,'{"outcome": "success", "denied": ""}');
INSERT INTO "events" VALUES(10,'2026-11-27T22:22:30.351296+00:00','status',1,'nothing',4,'{"old": "in-progress", "new": "failed", "by": "runner", "reason": "feat/nothing: worker reported success and changed no file; it said: nothing: success. Read the log for what the agent did instead, make the description clearer, then `mission retry`"}');
INSERT INTO "events" VALUES(11,'2026-11-27T22:22:30.351533+00:00','status',1,'broken',5,'{"old": "not-started", "new": "in-progress", "by": "runner", "reason": ""}');
INSERT INTO "events" VALUES(12,'2026-11-27T22:22:30.463273+00:00','verify',1,'asks',2,'{"step": "good", "ok": true, "tree": "aed35152cdc8256c12b39dc83d3f0f22c5a3bc50", "command": "41ab53a25b9c05b0a352b482c911b6bb6428a8eda0f8a9fb9dd5d27a332d7847", "reason": "", "seconds": 0.144, "exit_code": 0, "log": "/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/verify-2/01-good.log"}');
INSERT INTO "events" VALUES(13,'2026-11-27T22:22:30.477806+00:00','verify',1,'good',1,'{"step": "good", "ok": true, "tree": "7ff24a19b9c9488f3096c48755d4959d94a37bad", "command": "41ab53a25b9c05b0a352b482c911b6bb6428a8eda0f8a9fb9dd5d27a332d7847", "reason": "", "seconds": 0.181, "exit_code": 0, "log": "/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/verify-1/01-good.log"}');
INSERT INTO "events" VALUES(14,'2026-11-27T22:22:30.552326+00:00','gate',1,'asks',2,'{"gate": "pause", "purpose": "push", "state": "clear", "branch": "feat/asks", "commit": "44c04e6cbd9cd33edf1d7536d6ec2e3cfd4ad185", "detail": "not paused", "host": null}');
INSERT INTO "events" VALUES(15,'2026-11-27T22:22:30.566769+00:00','gate',1,'good',1,'{"gate": "pause", "purpose": "push", "state": "clear", "branch": "feat/good", "commit": "143517e0951f105f6e9d4fc1e08e7f5fe1ec27f3", "detail": "not paused", "host": null}');
INSERT INTO "events" VALUES(16,'2026-11-27T22:22:30.573410+00:00','verify',1,'red',3,'{"step": "good", "ok": false, "tree": "5edc15c8573952aa2bdeec9224860cf46d7f7fc2", "command": "41ab53a25b9c05b0a352b482c911b6bb6428a8eda0f8a9fb9dd5d27a332d7847", "reason": "verify step good failed with exit code 1", "seconds": 0.104, "exit_code": 1, "log": "/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/verify-3/01-good.log"}');
INSERT INTO "events" VALUES(17,'2026-11-27T22:22:30.653667+00:00','gate',1,'asks',2,'{"gate": "script", "purpose": "push", "state": "clear", "branch": "feat/asks", "commit": "44c04e6cbd9cd33edf1d7536d6ec2e3cfd4ad185", "detail": "exit code 0", "host": null}');
INSERT INTO "events" VALUES(18,'2026-11-27T22:22:30.685831+00:00','gate',1,'good',1,'{"gate": "script", "purpose": "push", "state": "clear", "branch": "feat/good", "commit": "143517e0951f105f6e9d4fc1e08e7f5fe1ec27f3", "detail": "exit code 0", "host": null}');
INSERT INTO "events" VALUES(19,'2026-11-27T22:22:30.731093+00:00','push',1,'asks',2,'{"branch": "feat/asks", "commit": "44c04e6cbd9cd33edf1d7536d6ec2e3cfd4ad185", "host": null}');
INSERT INTO "events" VALUES(20,'2026-11-27T22:22:30.743622+00:00','status',1,'asks',2,'{"old": "in-progress", "new": "needs-qa", "by": "runner", "reason": "feat/asks waits for a person (worker asks: asks: needs-qa): mission approve asks"}');
INSERT INTO "events" VALUES(21,'2026-11-27T22:22:30.745806+00:00','status',1,'cannot',8,'{"old": "not-started", "new": "in-progress", "by": "runner", "reason": ""}');
INSERT INTO "events" VALUES(22,'2026-11-27T22:22:30.745654+00:00','push',1,'good',1,'{"branch": "feat/good", "commit": "143517e0951f105f6e9d4fc1e08e7f5fe1ec27f3", "host": null}');
INSERT INTO "events" VALUES(23,'2026-11-27T22:22:30.890925+00:00','gate',1,'good',1,'{"gate": "pause", "purpose": "merge", "state": "clear", "branch": "feat/good", "commit": "143517e0951f105f6e9d4fc1e08e7f5fe1ec27f3", "detail": "not paused", "host": null}');
INSERT INTO "events" VALUES(24,'2026-11-27T22:22:30.892566+00:00','agent',1,'red',6,'{"outcome": "success", "denied": ""}');
INSERT INTO "events" VALUES(25,'2026-11-27T22:22:30.970176+00:00','status',1,'broken',7,'{"old": "in-progress", "new": "failed", "by": "runner", "reason": "worker: crashed: broken: crashed (after 2 attempts). Read the end of its log, which `mission history ID` names; then `mission retry`"}');
INSERT INTO "events" VALUES(26,'2026-11-27T22:22:30.970318+00:00','status',1,'writes',9,'{"old": "not-started", "new": "in-progress", "by": "runner", "reason": ""}');
INSERT INTO "events" VALUES(27,'2026-11-27T22:22:31.053832+00:00','gate',1,'good',1,'{"gate": "script", "purpose": "merge", "state": "clear", "branch": "feat/good", "commit": "143517e0951f105f6e9d4fc1e08e7f5fe1ec27f3", "detail": "exit code 0", "host": null}');
INSERT INTO "events" VALUES(28,'2026-11-27T22:22:31.157230+00:00','verify',1,'red',6,'{"step": "good", "ok": false, "tree": "f3ec813878f78efe82b76055fa6397bdad70b356", "command": "41ab53a25b9c05b0a352b482c911b6bb6428a8eda0f8a9fb9dd5d27a332d7847", "reason": "verify step good failed with exit code 1", "seconds": 0.132, "exit_code": 1, "log": "/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/verify-6/01-good.log"}');
INSERT INTO "events" VALUES(29,'2026-11-27T22:22:31.164121+00:00','merge',1,'good',1,'{"commit": "a015655e59d2e70a777e5ee50250d13540ba27c7"}');
INSERT INTO "events" VALUES(30,'2026-11-27T22:22:31.168827+00:00','status',1,'cannot',8,'{"old": "in-progress", "new": "blocked", "by": "runner", "reason": "worker: blocked: cannot: blocked. Provide what the reason names, then `mission unblock`"}');
INSERT INTO "events" VALUES(31,'2026-11-27T22:22:31.168968+00:00','status',1,'approved',10,'{"old": "not-started", "new": "in-progress", "by": "runner", "reason": ""}');
INSERT INTO "events" VALUES(32,'2026-11-27T22:22:31.192553+00:00','status',1,'red',6,'{"old": "in-progress", "new": "failed", "by": "runner", "reason": "verify step good failed with exit code 1"}');
INSERT INTO "events" VALUES(33,'2026-11-27T22:22:31.192731+00:00','status',1,'asked',11,'{"old": "not-started", "new": "in-progress", "by": "runner", "reason": ""}');
INSERT INTO "events" VALUES(34,'2026-11-27T22:22:31.286227+00:00','agent',1,'writes',9,'{"outcome": "success", "denied": ""}');
INSERT INTO "events" VALUES(35,'2026-11-27T22:22:31.373603+00:00','status',1,'good',1,'{"old": "in-progress", "new": "done", "by": "runner", "reason": "merged as a015655e59, attempt 1 by worker"}');
INSERT INTO "events" VALUES(36,'2026-11-27T22:22:31.373808+00:00','status',1,'taken',12,'{"old": "not-started", "new": "in-progress", "by": "runner", "reason": ""}');
INSERT INTO "events" VALUES(37,'2026-11-27T22:22:31.469919+00:00','agent',1,'approved',10,'{"outcome": "needs-qa", "denied": ""}');
INSERT INTO "events" VALUES(38,'2026-11-27T22:22:31.490278+00:00','agent',1,'asked',11,'{"outcome": "needs-qa", "denied": ""}');
INSERT INTO "events" VALUES(39,'2026-11-27T22:22:31.675666+00:00','agent',1,'taken',12,'{"outcome": "success", "denied": ""}');
INSERT INTO "events" VALUES(40,'2026-11-27T22:22:31.730986+00:00','verify',1,'approved',10,'{"step": "good", "ok": true, "tree": "31ee50eb151dcd01e8e09eb25bf8d3bceed35369", "command": "41ab53a25b9c05b0a352b482c911b6bb6428a8eda0f8a9fb9dd5d27a332d7847", "reason": "", "seconds": 0.121, "exit_code": 0, "log": "/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/verify-10/01-good.log"}');
INSERT INTO "events" VALUES(41,'2026-11-27T22:22:31.746122+00:00','verify',1,'asked',11,'{"step": "good", "ok": true, "tree": "4177ef7bb4ec1e48f0914d1d5c840940c28b5096", "command": "41ab53a25b9c05b0a352b482c911b6bb6428a8eda0f8a9fb9dd5d27a332d7847", "reason": "", "seconds": 0.128, "exit_code": 0, "log": "/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/verify-11/01-good.log"}');
INSERT INTO "events" VALUES(42,'2026-11-27T22:22:31.766176+00:00','agent',1,'writes',13,'{"outcome": "success", "denied": ""}');
INSERT INTO "events" VALUES(43,'2026-11-27T22:22:31.790782+00:00','gate',1,'approved',10,'{"gate": "pause", "purpose": "push", "state": "clear", "branch": "feat/approved", "commit": "0bf9a02a0de8f55530db23bcb45fb52c8eee6917", "detail": "not paused", "host": null}');
INSERT INTO "events" VALUES(44,'2026-11-27T22:22:31.832360+00:00','gate',1,'asked',11,'{"gate": "pause", "purpose": "push", "state": "clear", "branch": "feat/asked", "commit": "4fb54c1d041a8f655f1a79fc29eb023675aedd8f", "detail": "not paused", "host": null}');
INSERT INTO "events" VALUES(45,'2026-11-27T22:22:31.851982+00:00','status',1,'writes',13,'{"old": "in-progress", "new": "blocked", "by": "runner", "reason": "feat/writes changes plan/TASKS.md, which only the runner may write: it is kept and not merged. If the repository tells agents to write it, take that out; then `mission unblock writes` tries again"}');
INSERT INTO "events" VALUES(46,'2026-11-27T22:22:31.852189+00:00','status',1,'landing',14,'{"old": "not-started", "new": "in-progress", "by": "runner", "reason": ""}');
INSERT INTO "events" VALUES(47,'2026-11-27T22:22:31.949358+00:00','gate',1,'approved',10,'{"gate": "script", "purpose": "push", "state": "clear", "branch": "feat/approved", "commit": "0bf9a02a0de8f55530db23bcb45fb52c8eee6917", "detail": "exit code 0", "host": null}');
INSERT INTO "events" VALUES(48,'2026-11-27T22:22:31.989113+00:00','gate',1,'asked',11,'{"gate": "script", "purpose": "push", "state": "clear", "branch": "feat/asked", "commit": "4fb54c1d041a8f655f1a79fc29eb023675aedd8f", "detail": "exit code 0", "host": null}');
INSERT INTO "events" VALUES(49,'2026-11-27T22:22:31.997287+00:00','verify',1,'taken',12,'{"step": "good", "ok": true, "tree": "13fca5012d0dc5073181c17b94f3d2d0108dd7f4", "command": "41ab53a25b9c05b0a352b482c911b6bb6428a8eda0f8a9fb9dd5d27a332d7847", "reason": "", "seconds": 0.155, "exit_code": 0, "log": "/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/verify-12/01-good.log"}');
INSERT INTO "events" VALUES(50,'2026-11-27T22:22:32.004657+00:00','push',1,'approved',10,'{"branch": "feat/approved", "commit": "0bf9a02a0de8f55530db23bcb45fb52c8eee6917", "host": null}');
INSERT INTO "events" VALUES(51,'2026-11-27T22:22:32.015246+00:00','status',1,'approved',10,'{"old": "in-progress", "new": "needs-qa", "by": "runner", "reason": "feat/approved waits for a person (worker asks: approved: needs-qa): mission approve approved"}');
INSERT INTO "events" VALUES(52,'2026-11-27T22:22:32.015376+00:00','status',1,'answered',15,'{"old": "not-started", "new": "in-progress", "by": "runner", "reason": ""}');
INSERT INTO "events" VALUES(53,'2026-11-27T22:22:32.033746+00:00','push',1,'asked',11,'{"branch": "feat/asked", "commit": "4fb54c1d041a8f655f1a79fc29eb023675aedd8f", "host": null}');
INSERT INTO "events" VALUES(54,'2026-11-27T22:22:32.045760+00:00','status',1,'asked',11,'{"old": "in-progress", "new": "needs-qa", "by": "runner", "reason": "feat/asked waits for a person (worker asks: asked: needs-qa): mission approve asked"}');
INSERT INTO "events" VALUES(55,'2026-11-27T22:22:32.045883+00:00','status',1,'gated',16,'{"old": "not-started", "new": "in-progress", "by": "runner", "reason": ""}');
INSERT INTO "events" VALUES(56,'2026-11-27T22:22:32.049478+00:00','gate',1,'taken',12,'{"gate": "pause", "purpose": "push", "state": "clear", "branch": "feat/taken", "commit": "cac974170a38a5e533158c58920446b56fc51563", "detail": "not paused", "host": null}');
INSERT INTO "events" VALUES(57,'2026-11-27T22:22:32.124832+00:00','gate',1,'taken',12,'{"gate": "script", "purpose": "push", "state": "clear", "branch": "feat/taken", "commit": "cac974170a38a5e533158c58920446b56fc51563", "detail": "exit code 0", "host": null}');
INSERT INTO "events" VALUES(58,'2026-11-27T22:22:32.168223+00:00','push',1,'taken',12,'{"branch": "feat/taken", "commit": "cac974170a38a5e533158c58920446b56fc51563", "host": null}');
INSERT INTO "events" VALUES(59,'2026-11-27T22:22:32.214500+00:00','agent',1,'landing',14,'{"outcome": "success", "denied": ""}');
INSERT INTO "events" VALUES(60,'2026-11-27T22:22:32.315953+00:00','gate',1,'taken',12,'{"gate": "pause", "purpose": "merge", "state": "clear", "branch": "feat/taken", "commit": "cac974170a38a5e533158c58920446b56fc51563", "detail": "not paused", "host": null}');
INSERT INTO "events" VALUES(61,'2026-11-27T22:22:32.318494+00:00','agent',1,'answered',15,'{"outcome": "success", "denied": ""}');
INSERT INTO "events" VALUES(62,'2026-11-27T22:22:32.352824+00:00','agent',1,'gated',16,'{"outcome": "success", "denied": ""}');
INSERT INTO "events" VALUES(63,'2026-11-27T22:22:32.477399+00:00','gate',1,'taken',12,'{"gate": "script", "purpose": "merge", "state": "clear", "branch": "feat/taken", "commit": "cac974170a38a5e533158c58920446b56fc51563", "detail": "exit code 0", "host": null}');
INSERT INTO "events" VALUES(64,'2026-11-27T22:22:32.536404+00:00','verify',1,'landing',14,'{"step": "good", "ok": true, "tree": "a22f904e4bfec3060ad665364cd4d98f5730eb5e", "command": "41ab53a25b9c05b0a352b482c911b6bb6428a8eda0f8a9fb9dd5d27a332d7847", "reason": "", "seconds": 0.132, "exit_code": 0, "log": "/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/verify-14/01-good.log"}');
INSERT INTO "events" VALUES(65,'2026-11-27T22:22:32.577867+00:00','verify',1,'answered',15,'{"step": "good", "ok": true, "tree": "1d3fa91b291daf6c541fd38dcb779792e28d2010", "command": "41ab53a25b9c05b0a352b482c911b6bb6428a8eda0f8a9fb9dd5d27a332d7847", "reason": "", "seconds": 0.119, "exit_code": 0, "log": "/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/verify-15/01-good.log"}');
INSERT INTO "events" VALUES(66,'2026-11-27T22:22:32.589359+00:00','verify',1,'gated',16,'{"step": "good", "ok": true, "tree": "3710140b0f32a66fc9526cb371b957fd7ed3534a", "command": "41ab53a25b9c05b0a352b482c911b6bb6428a8eda0f8a9fb9dd5d27a332d7847", "reason": "", "seconds": 0.105, "exit_code": 0, "log": "/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/verify-16/01-good.log"}');
INSERT INTO "events" VALUES(67,'2026-11-27T22:22:32.618512+00:00','merge',1,'taken',12,'{"commit": "3e0008abe635c5403881b10f96e5f61f036705ae"}');
INSERT INTO "events" VALUES(68,'2026-11-27T22:22:32.625433+00:00','gate',1,'landing',14,'{"gate": "pause", "purpose": "push", "state": "clear", "branch": "feat/landing", "commit": "b571a1ed57fccbb7933b06c68c967c678653b8df", "detail": "not paused", "host": null}');
INSERT INTO "events" VALUES(69,'2026-11-27T22:22:32.634610+00:00','gate',1,'answered',15,'{"gate": "pause", "purpose": "push", "state": "clear", "branch": "feat/answered", "commit": "7c3d41c173a4be00cb4a6a41406644388c5ac87e", "detail": "not paused", "host": null}');
INSERT INTO "events" VALUES(70,'2026-11-27T22:22:32.665794+00:00','gate',1,'gated',16,'{"gate": "pause", "purpose": "push", "state": "clear", "branch": "feat/gated", "commit": "b58ff584f640b1c51a019a359ec54dbc8fd65b32", "detail": "not paused", "host": null}');
INSERT INTO "events" VALUES(71,'2026-11-27T22:22:32.766125+00:00','status',1,'taken',12,'{"old": "in-progress", "new": "done", "by": "runner", "reason": "merged as 3e0008abe6, attempt 1 by worker"}');
INSERT INTO "events" VALUES(72,'2026-11-27T22:22:32.766300+00:00','status',1,'limited',17,'{"old": "not-started", "new": "in-progress", "by": "runner", "reason": ""}');
INSERT INTO "events" VALUES(73,'2026-11-27T22:22:32.772344+00:00','gate',1,'gated',16,'{"gate": "script", "purpose": "push", "state": "unknown", "branch": "feat/gated", "commit": "b58ff584f640b1c51a019a359ec54dbc8fd65b32", "detail": "exit code 1", "host": null}');
INSERT INTO "events" VALUES(74,'2026-11-27T22:22:32.787734+00:00','gate',1,'answered',15,'{"gate": "script", "purpose": "push", "state": "clear", "branch": "feat/answered", "commit": "7c3d41c173a4be00cb4a6a41406644388c5ac87e", "detail": "exit code 0", "host": null}');
INSERT INTO "events" VALUES(75,'2026-11-27T22:22:32.795083+00:00','gate',1,'landing',14,'{"gate": "script", "purpose": "push", "state": "clear", "branch": "feat/landing", "commit": "b571a1ed57fccbb7933b06c68c967c678653b8df", "detail": "exit code 0", "host": null}');
INSERT INTO "events" VALUES(76,'2026-11-27T22:22:32.819147+00:00','push',1,'answered',15,'{"branch": "feat/answered", "commit": "7c3d41c173a4be00cb4a6a41406644388c5ac87e", "host": null}');
INSERT INTO "events" VALUES(77,'2026-11-27T22:22:32.831971+00:00','push',1,'landing',14,'{"branch": "feat/landing", "commit": "b571a1ed57fccbb7933b06c68c967c678653b8df", "host": null}');
INSERT INTO "events" VALUES(78,'2026-11-27T22:22:33.011449+00:00','verify',1,'answered',15,'{"step": "good", "ok": true, "tree": "37993edb80bdc18a2bab1026476062979716a171", "command": "41ab53a25b9c05b0a352b482c911b6bb6428a8eda0f8a9fb9dd5d27a332d7847", "reason": "", "seconds": 0.063, "exit_code": 0, "log": "/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/verify-15/01-good.log"}');
INSERT INTO "events" VALUES(79,'2026-11-27T22:22:33.023745+00:00','gate',1,'answered',15,'{"gate": "pause", "purpose": "merge", "state": "clear", "branch": "feat/answered", "commit": "7c3d41c173a4be00cb4a6a41406644388c5ac87e", "detail": "not paused", "host": null}');
INSERT INTO "events" VALUES(80,'2026-11-27T22:22:33.103742+00:00','gate',1,'answered',15,'{"gate": "script", "purpose": "merge", "state": "clear", "branch": "feat/answered", "commit": "7c3d41c173a4be00cb4a6a41406644388c5ac87e", "detail": "exit code 0", "host": null}');
INSERT INTO "events" VALUES(81,'2026-11-27T22:22:33.171083+00:00','agent',1,'limited',18,'{"outcome": "success", "denied": ""}');
INSERT INTO "events" VALUES(82,'2026-11-27T22:22:33.202380+00:00','verify',1,'landing',14,'{"step": "good", "ok": true, "tree": "56e692a04182214a505382dc5e9380819ae6f10d", "command": "41ab53a25b9c05b0a352b482c911b6bb6428a8eda0f8a9fb9dd5d27a332d7847", "reason": "", "seconds": 0.072, "exit_code": 0, "log": "/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/verify-14/01-good.log"}');
INSERT INTO "events" VALUES(83,'2026-11-27T22:22:33.215509+00:00','merge',1,'answered',15,'{"commit": "42617e5364ac69ecbccef146cfcf54fd9801a393"}');
INSERT INTO "events" VALUES(84,'2026-11-27T22:22:33.299429+00:00','gate',1,'landing',14,'{"gate": "pause", "purpose": "merge", "state": "clear", "branch": "feat/landing", "commit": "b571a1ed57fccbb7933b06c68c967c678653b8df", "detail": "not paused", "host": null}');
INSERT INTO "events" VALUES(85,'2026-11-27T22:22:33.329205+00:00','status',1,'answered',15,'{"old": "in-progress", "new": "done", "by": "runner", "reason": "merged as 42617e5364, attempt 1 by worker"}');
INSERT INTO "events" VALUES(86,'2026-11-27T22:22:33.329327+00:00','status',1,'reads',19,'{"old": "not-started", "new": "in-progress", "by": "runner", "reason": ""}');
INSERT INTO "events" VALUES(87,'2026-11-27T22:22:33.379100+00:00','gate',1,'landing',14,'{"gate": "script", "purpose": "merge", "state": "clear", "branch": "feat/landing", "commit": "b571a1ed57fccbb7933b06c68c967c678653b8df", "detail": "exit code 0", "host": null}');
INSERT INTO "events" VALUES(88,'2026-11-27T22:22:33.385268+00:00','verify',1,'limited',18,'{"step": "good", "ok": true, "tree": "88b426146115edbbf9c7d2f499662040517f2233", "command": "41ab53a25b9c05b0a352b482c911b6bb6428a8eda0f8a9fb9dd5d27a332d7847", "reason": "", "seconds": 0.091, "exit_code": 0, "log": "/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/verify-18/01-good.log"}');
INSERT INTO "events" VALUES(89,'2026-11-27T22:22:33.473705+00:00','gate',1,'limited',18,'{"gate": "pause", "purpose": "push", "state": "clear", "branch": "feat/limited", "commit": "44cfcade48fa6049047151f54304c0423ea0309c", "detail": "not paused", "host": null}');
INSERT INTO "events" VALUES(90,'2026-11-27T22:22:33.485336+00:00','merge',1,'landing',14,'{"commit": "9b18f990a844838f90be856df534b0df85440f39"}');
INSERT INTO "events" VALUES(91,'2026-11-27T22:22:33.558750+00:00','gate',1,'limited',18,'{"gate": "script", "purpose": "push", "state": "clear", "branch": "feat/limited", "commit": "44cfcade48fa6049047151f54304c0423ea0309c", "detail": "exit code 0", "host": null}');
INSERT INTO "events" VALUES(92,'2026-11-27T22:22:33.570508+00:00','agent',1,'reads',19,'{"outcome": "success", "denied": ""}');
INSERT INTO "events" VALUES(93,'2026-11-27T22:22:33.580969+00:00','status',1,'landing',14,'{"old": "in-progress", "new": "done", "by": "runner", "reason": "merged as 9b18f990a8, attempt 1 by worker"}');
INSERT INTO "events" VALUES(94,'2026-11-27T22:22:33.595106+00:00','push',1,'limited',18,'{"branch": "feat/limited", "commit": "44cfcade48fa6049047151f54304c0423ea0309c", "host": null}');
INSERT INTO "events" VALUES(95,'2026-11-27T22:22:33.597812+00:00','status',1,'counts',20,'{"old": "not-started", "new": "in-progress", "by": "runner", "reason": ""}');
INSERT INTO "events" VALUES(96,'2026-11-27T22:22:33.601664+00:00','status',1,'counts',20,'{"old": "in-progress", "new": "failed", "by": "runner", "reason": "M1 has open rows: asks, red, nothing, broken, cannot, writes, approved, asked, gated, limited, reads"}');
INSERT INTO "events" VALUES(97,'2026-11-27T22:22:33.610239+00:00','status',1,'reads',19,'{"old": "in-progress", "new": "done", "by": "runner", "reason": "attempt 1 by worker, reports/reads.md: reads: success"}');
INSERT INTO "events" VALUES(98,'2026-11-27T22:22:33.666056+00:00','gate',1,'gated',16,'{"gate": "pause", "purpose": "push", "state": "clear", "branch": "feat/gated", "commit": "b58ff584f640b1c51a019a359ec54dbc8fd65b32", "detail": "not paused", "host": null}');
INSERT INTO "events" VALUES(99,'2026-11-27T22:22:33.732540+00:00','gate',1,'gated',16,'{"gate": "script", "purpose": "push", "state": "unknown", "branch": "feat/gated", "commit": "b58ff584f640b1c51a019a359ec54dbc8fd65b32", "detail": "exit code 1", "host": null}');
INSERT INTO "events" VALUES(100,'2026-11-27T22:22:33.738271+00:00','status',1,'gated',16,'{"old": "in-progress", "new": "blocked", "by": "runner", "reason": "Gate script did not say clear for the push within 1s: unknown: exit code 1. `mission gate queue --purpose push --branch feat/gated` asks alone"}');
INSERT INTO "events" VALUES(101,'2026-11-27T22:22:33.759109+00:00','verify',1,'limited',18,'{"step": "good", "ok": true, "tree": "31ea8b3791ef3c74336a54af0f69a64e0207926b", "command": "41ab53a25b9c05b0a352b482c911b6bb6428a8eda0f8a9fb9dd5d27a332d7847", "reason": "", "seconds": 0.067, "exit_code": 0, "log": "/scratch/checkout/.git/mission-runner/plan-TASKS-95394df5/logs/verify-18/01-good.log"}');
INSERT INTO "events" VALUES(102,'2026-11-27T22:22:33.766978+00:00','gate',1,'limited',18,'{"gate": "pause", "purpose": "merge", "state": "clear", "branch": "feat/limited", "commit": "44cfcade48fa6049047151f54304c0423ea0309c", "detail": "not paused", "host": null}');
INSERT INTO "events" VALUES(103,'2026-11-27T22:22:33.845338+00:00','gate',1,'limited',18,'{"gate": "script", "purpose": "merge", "state": "clear", "branch": "feat/limited", "commit": "44cfcade48fa6049047151f54304c0423ea0309c", "detail": "exit code 0", "host": null}');
INSERT INTO "events" VALUES(104,'2026-11-27T22:22:33.912980+00:00','merge',1,'limited',18,'{"commit": "6500dc4303426d2eafe523c5ef3cb66bb05266ce"}');
INSERT INTO "events" VALUES(105,'2026-11-27T22:22:33.977340+00:00','status',1,'limited',18,'{"old": "in-progress", "new": "done", "by": "runner", "reason": "merged as 6500dc4303, attempt 2 by other"}');
INSERT INTO "events" VALUES(106,'2026-11-27T22:22:34.013162+00:00','gate',1,NULL,NULL,'{"gate": "pause", "purpose": "push", "state": "clear", "branch": "main", "commit": null, "detail": "not paused", "host": null}');
INSERT INTO "events" VALUES(107,'2026-11-27T22:22:34.078056+00:00','gate',1,NULL,NULL,'{"gate": "script", "purpose": "push", "state": "clear", "branch": "main", "commit": null, "detail": "exit code 0", "host": null}');
INSERT INTO "events" VALUES(108,'2026-11-27T22:22:34.228189+00:00','publish',1,NULL,NULL,'{"ok": true, "commit": "a38b03e1624e61df3e0d37b167e70312f9d5feb4", "reason": ""}');
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
INSERT INTO "runs" VALUES(1,'plan','here',5175,13256.42,NULL,'2026-11-27T22:22:29.818523+00:00','2026-11-27T22:22:34.228570+00:00','ended');
CREATE INDEX runs_open ON runs (id) WHERE ended IS NULL;
CREATE INDEX attempts_open ON attempts (id) WHERE ended IS NULL;
CREATE INDEX attempts_of_run ON attempts (run);
CREATE INDEX events_of_task ON events (task, id) WHERE task IS NOT NULL;
CREATE INDEX events_of_kind ON events (kind, id);
CREATE INDEX events_of_attempt ON events (attempt, id) WHERE attempt IS NOT NULL;
CREATE INDEX requests_pending ON requests (id) WHERE finished IS NULL;
COMMIT;
