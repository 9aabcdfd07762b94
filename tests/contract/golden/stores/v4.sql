BEGIN TRANSACTION;
CREATE TABLE added (name TEXT PRIMARY KEY, entry TEXT, options TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "added" VALUES('late','late:Op','{"replicas":2}');
CREATE TABLE audit (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, actor TEXT NOT NULL, uid INTEGER, verb TEXT NOT NULL,
    request TEXT NOT NULL, outcome TEXT NOT NULL
);
INSERT INTO "audit" VALUES(1,1700000000.0,'root',0,'reload','{"modules":["op"]}','promoted');
CREATE TABLE blobs (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, data BLOB NOT NULL);
INSERT INTO "blobs" VALUES(1,'0692719b55e24448107b6e13cebec2679000eafec7d23dce0de0d533d221700b',X'789C2B49AD2851C84F534831040014E70370');
INSERT INTO "blobs" VALUES(2,'172c6572c78db10e5e0d44920b77110e9cd15bce829a576e9a3262f2e7931b51',X'789C2B49AD2851C84F534831020014E80371');
INSERT INTO "blobs" VALUES(3,'744f7812e2f7770e394b4b73e1810ef8001eed651c53aae5033d8c2766529108',X'789C2B49AD2851C84F534831060014E90372');
CREATE TABLE bundles (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, manifest BLOB NOT NULL);
INSERT INTO "bundles" VALUES(1,'d1',X'789C4D8CC10A80201005FFE59D97B06BBF121E16DD481095D54311FD7B6697AE33C35CD842948A655D51589B99CA0932345B4B90D4340C895CD0C196A3171DB521D4C24EF0868EB5877E5C7A4988DC3EC3C9ED597F0B399AA41A727A99BD1F4B04297B');
INSERT INTO "bundles" VALUES(2,'d2',X'789C4D8CC10A80201005FFE59D97908EFD4A785874234154560F45F4EF995DBACE0C73610B512A967545616D662A27C8D06C2D4152D330247241075B8E5E74D486500B3BC11B3AD61EFA71E9252172FB0C27B767FD2DE468926AC8E965F67E004B6C297C');
INSERT INTO "bundles" VALUES(3,'d3',X'789C4D8CC10A80201005FFE59D9710BAF52BE161D18D0451593D14D1BF6776E93A33CC852D44A958D61585B599A99C2043B3B504494DC390C8051D6C397AD1511B422DEC046FE8587BE8C7A59784C8ED339CDC9EF5B790A349AA21A797D9FB014BD4297D');
CREATE TABLE daemon (id INTEGER PRIMARY KEY CHECK (id = 1), paused INTEGER NOT NULL, paused_until REAL);
INSERT INTO "daemon" VALUES(1,1,1700000600.0);
CREATE TABLE environments (id INTEGER PRIMARY KEY, python TEXT NOT NULL, packages TEXT NOT NULL);
INSERT INTO "environments" VALUES(1,'3.11.7','{"rich":"13.7"}');
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, at TEXT NOT NULL, event TEXT NOT NULL, module TEXT, generation INTEGER, instance TEXT,
    actor TEXT, cause TEXT, message TEXT NOT NULL, fields TEXT NOT NULL
);
INSERT INTO "events" VALUES(1,'2026-11-23T20:41:07.204Z','reload.promoted','op',1,NULL,'root','hotctl reload','told','{}');
INSERT INTO "events" VALUES(2,'2026-11-23T20:41:07.204Z','reload.promoted','op',1,NULL,'root','hotctl reload','told','{"digest":"d2"}');
CREATE TABLE failures (
    id INTEGER PRIMARY KEY, module TEXT NOT NULL, at REAL NOT NULL, generation INTEGER, instance TEXT,
    error TEXT NOT NULL
, cause TEXT, actor TEXT, duration_ms REAL);
INSERT INTO "failures" VALUES(1,'op',1700000002.0,1,'op-1','{"code":"syntax-error","message":"invalid syntax","hint":"fix it","file":"/ops/op.py","line":3,"traceback":"Traceback \u2026","left":[]}','hotctl undo','root',2.5);
CREATE TABLE generations (
    module TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL, cause TEXT NOT NULL, actor TEXT NOT NULL,
    created REAL NOT NULL, duration_ms REAL NOT NULL, verdict TEXT NOT NULL, executed TEXT,
    environment INTEGER, origins TEXT, PRIMARY KEY (module, number)
) WITHOUT ROWID;
INSERT INTO "generations" VALUES('op',1,'d1','hotctl reload','root',1700000000.0,12.5,'superseded','["op","part0"]',1,'[{"root":"/srv/ops","target":"/srv/releases/7","commit":"1a2b3c4d1a2b3c4d1a2b3c4d1a2b3c4d1a2b3c4d"}]');
INSERT INTO "generations" VALUES('op',2,'d2','hotctl reload','root',1700000000.0,12.5,'promoted','["op"]',1,'[]');
INSERT INTO "generations" VALUES('op',3,'d3','hotctl reload','root',1700000000.0,12.5,'none','[]',1,'[]');
CREATE TABLE modules (
    name TEXT PRIMARY KEY, current INTEGER, permanent INTEGER, line TEXT NOT NULL,
    paused INTEGER NOT NULL, stopped INTEGER NOT NULL, pinned INTEGER NOT NULL, replicas INTEGER,
    quarantine TEXT NOT NULL, deaths TEXT NOT NULL
, carried TEXT NOT NULL DEFAULT '{}', paused_until REAL) WITHOUT ROWID;
INSERT INTO "modules" VALUES('op',2,1,'[1,2]',1,0,1,3,'{"d3":"rejected"}','{"d2":1}','{"d3":[["op","late"]]}',1700000600.0);
INSERT INTO "modules" VALUES('other',NULL,NULL,'[]',0,0,0,NULL,'{}','{}','{}',NULL);
CREATE TABLE rejections (
    id INTEGER PRIMARY KEY, module TEXT NOT NULL, digest TEXT NOT NULL, error TEXT NOT NULL, at REAL NOT NULL,
    cause TEXT NOT NULL, actor TEXT NOT NULL, duration_ms REAL NOT NULL
);
INSERT INTO "rejections" VALUES(1,'op','d3','{"code":"syntax-error","message":"invalid syntax","hint":"fix it","file":"/ops/op.py","line":3,"traceback":"Traceback \u2026","left":[]}',1700000003.0,'watch: op.py','watch',3.5);
CREATE TABLE revisions (
    revision INTEGER PRIMARY KEY, at REAL NOT NULL, cause TEXT NOT NULL, actor TEXT NOT NULL,
    listed INTEGER NOT NULL, outcome TEXT, change TEXT, duration_ms REAL, commits TEXT, targets TEXT
);
INSERT INTO "revisions" VALUES(1,1700000001.0,'hotctl reload','root',1,'promoted','{"revision":1,"modules":[{"module":"op","outcome":"promoted","generation":1,"previous":null,"reloaded":["op"],"serving":{"current":1,"old":0},"duration_ms":12.5,"error":null,"plan":[],"kept":[],"note":"","instance":null,"shared":[],"left":[]}],"outcome":"promoted","note":"","hold":null,"origins":[]}',20.0,NULL,NULL);
INSERT INTO "revisions" VALUES(2,1700000002.0,'hotctl reload','root',1,'promoted','{"revision":2,"modules":[{"module":"op","outcome":"promoted","generation":2,"previous":1,"reloaded":["op"],"serving":{"current":1,"old":0},"duration_ms":12.5,"error":null,"plan":[],"kept":[],"note":"","instance":null,"shared":[],"left":[]}],"outcome":"promoted","note":"","hold":null,"origins":[{"root":"/srv/ops","target":"/srv/releases/7","commit":"1a2b3c4d1a2b3c4d1a2b3c4d1a2b3c4d1a2b3c4d"}]}',20.0,NULL,NULL);
INSERT INTO "revisions" VALUES(3,1700000003.0,'hotctl reload','root',1,'undone','{"revision":3,"modules":[{"module":"op","outcome":"undone","generation":1,"previous":null,"reloaded":["op"],"serving":{"current":1,"old":0},"duration_ms":12.5,"error":null,"plan":[],"kept":[],"note":"","instance":null,"shared":[],"left":[]}],"outcome":"undone","note":"","hold":null,"origins":[]}',20.0,NULL,NULL);
INSERT INTO "revisions" VALUES(4,1700000004.0,'hotctl reload','root',1,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE runs (run INTEGER PRIMARY KEY, started REAL NOT NULL UNIQUE, ended REAL);
INSERT INTO "runs" VALUES(1,1700000000.0,NULL);
CREATE TABLE touched (
    module TEXT NOT NULL, revision INTEGER NOT NULL, previous INTEGER, generation INTEGER,
    PRIMARY KEY (module, revision)
) WITHOUT ROWID;
INSERT INTO "touched" VALUES('op',1,NULL,1);
INSERT INTO "touched" VALUES('op',2,1,2);
INSERT INTO "touched" VALUES('op',3,NULL,1);
INSERT INTO "touched" VALUES('op',4,2,3);
CREATE TABLE uses (bundle INTEGER NOT NULL, blob INTEGER NOT NULL, PRIMARY KEY (bundle, blob)) WITHOUT ROWID;
INSERT INTO "uses" VALUES(1,1);
INSERT INTO "uses" VALUES(2,2);
INSERT INTO "uses" VALUES(3,3);
CREATE INDEX touched_by_revision ON touched (revision);
CREATE INDEX rejections_of_module ON rejections (module, digest);
CREATE INDEX failures_of_module ON failures (module);
COMMIT;
PRAGMA application_id = 1752134756;
PRAGMA user_version = 4;
