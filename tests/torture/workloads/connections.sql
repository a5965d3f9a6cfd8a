-- Workloads with two connections to one file in one process.
--
-- Where a mode lets a reader stand in the way of a writer and another does not, the script keeps
-- to what all modes share: nobody reads while somebody else writes, or the name says "wal".

== two-writers-in-turn
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*2 INSERT INTO t VALUES({i}, printf('%0200d', {i}))
*2 2> INSERT INTO t VALUES(10 + {i}, printf('%0200d', {i}))
INSERT INTO t VALUES(20, 'first again')
2> UPDATE t SET b = 'second again'

== two-writers-collide
CREATE TABLE t(n INTEGER)
INSERT INTO t VALUES(0)
2> SELECT n FROM t
BEGIN IMMEDIATE
UPDATE t SET n = n + 1
2> busy: BEGIN IMMEDIATE
2> busy: UPDATE t SET n = n + 100
COMMIT
2> BEGIN IMMEDIATE
2> UPDATE t SET n = n + 1
busy: UPDATE t SET n = n + 100
2> COMMIT
UPDATE t SET n = n + 1

== reader-before-writer
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*3 INSERT INTO t VALUES({i}, printf('%0200d', {i}))
2> BEGIN
2> SELECT count(*) FROM t
2> COMMIT
BEGIN IMMEDIATE
INSERT INTO t VALUES(10, 'ten')
2> SELECT count(*) FROM t
COMMIT
2> INSERT INTO t VALUES(11, 'eleven')

== wal-reader-keeps-its-snapshot
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*2 INSERT INTO t VALUES({i}, printf('%0200d', {i}))
2> BEGIN
2> SELECT count(*) FROM t
*3 INSERT INTO t VALUES(10 + {i}, printf('%0200d', {i}))
2> SELECT sum(length(b)) FROM t
2> COMMIT
2> INSERT INTO t VALUES(99, 'second')

== wal-checkpoint-beside-a-reader
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*3 INSERT INTO t VALUES({i}, printf('%0200d', {i}))
2> BEGIN
2> SELECT count(*) FROM t
INSERT INTO t VALUES(10, 'ten')
PRAGMA wal_checkpoint(PASSIVE)
PRAGMA wal_checkpoint(RESTART)
INSERT INTO t VALUES(11, 'eleven')
2> COMMIT
PRAGMA wal_checkpoint(TRUNCATE)
INSERT INTO t VALUES(12, 'twelve')

== second-connection-closes-first
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
2> INSERT INTO t VALUES(1, 'one')
INSERT INTO t VALUES(2, 'two')
.reopen
2> INSERT INTO t VALUES(3, 'three')
DELETE FROM t WHERE a = 1

== schema-change-seen-by-the-other
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
2> INSERT INTO t VALUES(1, 'one')
ALTER TABLE t ADD COLUMN c
2> UPDATE t SET c = a
2> CREATE INDEX t_c ON t(c)
INSERT INTO t VALUES(2, 'two', 2)
