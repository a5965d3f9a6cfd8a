-- Workloads on the schema: indexes, triggers, views, virtual tables, table kinds.

== indexes
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c INTEGER)
CREATE INDEX t_b ON t(b)
CREATE UNIQUE INDEX t_c ON t(c DESC)
*8 INSERT INTO t VALUES({i}, printf('%060d', 17 * {i} % 11), {i})
DROP INDEX t_b
REINDEX t_c

== index-on-full-table
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 80) INSERT INTO t SELECT i, printf('%040d', i * 31 % 83) FROM n
CREATE INDEX t_b ON t(b)
DROP INDEX t_b
CREATE INDEX t_b2 ON t(b, a)

== partial-and-expression-indexes
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, done INTEGER)
CREATE INDEX open_ones ON t(b) WHERE done = 0
CREATE INDEX by_length ON t(length(b))
*6 INSERT INTO t VALUES({i}, printf('%0' || (10 * {i}) || 'd', {i}), {i} % 2)
UPDATE t SET done = 1 - done

== without-rowid
CREATE TABLE t(k TEXT PRIMARY KEY, v BLOB) WITHOUT ROWID
*8 INSERT INTO t VALUES('key ' || (97 * {i} % 13), randomblob(150))
DELETE FROM t WHERE k < 'key 3'

== strict-and-generated
CREATE TABLE t(a INTEGER PRIMARY KEY, b REAL, c TEXT AS (printf('%.2f', b)) STORED, d INT AS (a * 2)) STRICT
CREATE INDEX t_d ON t(d)
*5 INSERT INTO t(b) VALUES({i} * 1.25)
fails: INSERT INTO t(b) VALUES('text')
UPDATE t SET b = b + 1

== triggers
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
CREATE TABLE log(n INTEGER PRIMARY KEY, what TEXT)
CREATE TRIGGER t_i AFTER INSERT ON t BEGIN INSERT INTO log(what) VALUES('insert ' || new.a); END
CREATE TRIGGER t_u AFTER UPDATE ON t BEGIN INSERT INTO log(what) VALUES(old.b || ' to ' || new.b); END
CREATE TRIGGER t_d BEFORE DELETE ON t BEGIN INSERT INTO log(what) VALUES('delete ' || old.a); END
*4 INSERT INTO t VALUES({i}, 'value {i}')
UPDATE t SET b = b || '!'
DELETE FROM t WHERE a < 3

== trigger-that-refuses
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
CREATE TRIGGER no BEFORE INSERT ON t WHEN new.a > 5 BEGIN SELECT RAISE(ABORT, 'too big'); END
*5 INSERT INTO t VALUES({i}, printf('%0300d', {i}))
fails: INSERT INTO t SELECT a + 2, b FROM t
fails: INSERT INTO t VALUES(6, 'six')
INSERT INTO t VALUES(0, 'zero')

== views-with-instead-of
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
CREATE VIEW v AS SELECT a, upper(b) AS u FROM t
CREATE TRIGGER v_i INSTEAD OF INSERT ON v BEGIN INSERT INTO t VALUES(new.a, lower(new.u)); END
*5 INSERT INTO v VALUES({i}, 'TEXT {i}')
DROP VIEW v

== alter-table
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*3 INSERT INTO t VALUES({i}, 'b{i}')
ALTER TABLE t ADD COLUMN c INTEGER DEFAULT 7
ALTER TABLE t RENAME COLUMN b TO bee
ALTER TABLE t RENAME TO tea
UPDATE tea SET c = a
ALTER TABLE tea DROP COLUMN bee

== create-and-drop
*5 CREATE TABLE t{i}(a INTEGER PRIMARY KEY, b TEXT UNIQUE)
*3 INSERT INTO t{i} VALUES(1, printf('%0900d', {i}))
*5 DROP TABLE t{i}

== schema-in-a-transaction
BEGIN
CREATE TABLE a(x INTEGER PRIMARY KEY, y TEXT)
CREATE INDEX a_y ON a(y)
*4 INSERT INTO a VALUES({i}, printf('%0200d', {i}))
COMMIT
BEGIN
CREATE TABLE b AS SELECT * FROM a
DROP TABLE a
ROLLBACK
BEGIN
CREATE TABLE c AS SELECT y FROM a
DROP TABLE a
COMMIT

== fts5
!page 4096
CREATE VIRTUAL TABLE f USING fts5(title, body)
*6 INSERT INTO f VALUES('title {i}', 'the quick brown fox {i} jumps over the lazy dog')
DELETE FROM f WHERE rowid = 2
UPDATE f SET body = 'sphinx of black quartz' WHERE rowid = 3
INSERT INTO f(f) VALUES('optimize')

== fts5-merge
CREATE VIRTUAL TABLE f USING fts5(body, prefix='2')
INSERT INTO f(f, rank) VALUES('automerge', 2)
*8 INSERT INTO f VALUES('word{i} word' || ({i} * 7) || ' common')
INSERT INTO f(f, rank) VALUES('merge', 50)
INSERT INTO f(f) VALUES('rebuild')

== fts5-external-content
CREATE TABLE doc(id INTEGER PRIMARY KEY, body TEXT)
CREATE VIRTUAL TABLE f USING fts5(body, content='doc', content_rowid='id')
CREATE TRIGGER d_i AFTER INSERT ON doc BEGIN INSERT INTO f(rowid, body) VALUES(new.id, new.body); END
CREATE TRIGGER d_d AFTER DELETE ON doc BEGIN INSERT INTO f(f, rowid, body) VALUES('delete', old.id, old.body); END
*5 INSERT INTO doc VALUES({i}, 'document number {i} about rivers')
DELETE FROM doc WHERE id = 2
INSERT INTO f(f) VALUES('integrity-check')

== r-tree
CREATE VIRTUAL TABLE r USING rtree(id, x0, x1, y0, y1)
*12 INSERT INTO r VALUES({i}, {i}, {i} + 2, 3 * {i} % 7, 3 * {i} % 7 + 1)
DELETE FROM r WHERE x0 BETWEEN 3 AND 6
UPDATE r SET y1 = y1 + 1 WHERE id > 8

== r-tree-with-data
CREATE VIRTUAL TABLE r USING rtree_i32(id, x0, x1, +name)
*6 INSERT INTO r VALUES({i}, {i} * 10, {i} * 10 + 5, 'place {i}')
DELETE FROM r WHERE id = 4

== analyze
CREATE TABLE t(a INTEGER PRIMARY KEY, b, c)
CREATE INDEX t_bc ON t(b, c)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) INSERT INTO t SELECT i, i % 5, i % 7 FROM n
ANALYZE
DELETE FROM t WHERE b = 1
ANALYZE t

== user-version
PRAGMA user_version = 1
CREATE TABLE t(a)
PRAGMA application_id = 4711
BEGIN
ALTER TABLE t ADD COLUMN b
PRAGMA user_version = 2
COMMIT
