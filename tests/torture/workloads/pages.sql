-- Workloads on pages: sizes, vacuum, checkpoints, journal modes.

== page-size-512
!page 512
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*6 INSERT INTO t VALUES({i}, printf('%0300d', {i}))
UPDATE t SET b = 'short' WHERE a % 2

== page-size-2048
!page 2048
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*6 INSERT INTO t VALUES({i}, printf('%0900d', {i}))
DELETE FROM t WHERE a % 2

== page-size-4096
!page 4096
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*6 INSERT INTO t VALUES({i}, printf('%01500d', {i}))
UPDATE t SET b = 'short' WHERE a % 2

== page-size-8192
!page 8192
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*5 INSERT INTO t VALUES({i}, printf('%03000d', {i}))
UPDATE t SET b = 'short' WHERE a % 2

== page-size-16384
!page 16384
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*4 INSERT INTO t VALUES({i}, printf('%09000d', {i}))
DELETE FROM t WHERE a = 2

== page-size-32768
!page 32768
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*3 INSERT INTO t VALUES({i}, printf('%020000d', {i}))

== page-size-65536
!page 65536
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*3 INSERT INTO t VALUES({i}, printf('%040000d', {i}))

== vacuum
CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25) INSERT INTO t SELECT i, randomblob(500) FROM n
DELETE FROM t WHERE a % 3
VACUUM
INSERT INTO t(b) VALUES(zeroblob(700))
VACUUM

== vacuum-with-small-cache
!cache 5
CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)
CREATE INDEX t_b ON t(b)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20) INSERT INTO t SELECT i, randomblob(400) FROM n
DELETE FROM t WHERE a > 8
VACUUM

== auto-vacuum-full
PRAGMA auto_vacuum = FULL
VACUUM
CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)
*6 INSERT INTO t VALUES({i}, randomblob(2500))
*3 DELETE FROM t WHERE a = {i}
DROP TABLE t

== auto-vacuum-incremental
PRAGMA auto_vacuum = INCREMENTAL
VACUUM
CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)
*5 INSERT INTO t VALUES({i}, randomblob(2500))
DELETE FROM t WHERE a < 4
PRAGMA incremental_vacuum(3)
PRAGMA incremental_vacuum
INSERT INTO t VALUES(9, randomblob(1500))

== freelist-reuse
CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)
CREATE TABLE u(a INTEGER PRIMARY KEY, b BLOB)
*3 INSERT INTO t VALUES({i}, randomblob(5000))
DELETE FROM t WHERE a = 1
INSERT INTO u VALUES(1, randomblob(3000))
DELETE FROM t
BEGIN
INSERT INTO u VALUES(2, randomblob(9000))
ROLLBACK
INSERT INTO u VALUES(3, randomblob(12000))

== secure-delete
PRAGMA secure_delete = ON
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*6 INSERT INTO t VALUES({i}, printf('%0700d', {i}))
DELETE FROM t WHERE a % 2

== checkpoint-passive
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*5 INSERT INTO t VALUES({i}, printf('%0200d', {i}))
PRAGMA wal_checkpoint(PASSIVE)
*5 INSERT INTO t VALUES(10 + {i}, printf('%0200d', {i}))
PRAGMA wal_checkpoint(PASSIVE)
INSERT INTO t VALUES(99, 'last')

== checkpoint-full
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*3 INSERT INTO t VALUES({i}, printf('%0200d', {i}))
PRAGMA wal_checkpoint(FULL)
*3 UPDATE t SET b = printf('%0250d', {i}) WHERE a = {i}
PRAGMA wal_checkpoint(FULL)

== checkpoint-restart
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*6 INSERT INTO t VALUES({i}, printf('%0200d', {i}))
PRAGMA wal_checkpoint(RESTART)
*2 INSERT INTO t VALUES(10 + {i}, printf('%0200d', {i}))
PRAGMA wal_checkpoint(RESTART)
INSERT INTO t VALUES(99, 'last')

== checkpoint-truncate
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*4 INSERT INTO t VALUES({i}, printf('%0200d', {i}))
PRAGMA wal_checkpoint(TRUNCATE)
*4 INSERT INTO t VALUES(10 + {i}, printf('%0200d', {i}))
PRAGMA wal_checkpoint(TRUNCATE)
INSERT INTO t VALUES(99, 'last')

== auto-checkpoint
PRAGMA wal_autocheckpoint = 4
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*12 INSERT INTO t VALUES({i}, printf('%0200d', {i}))

== wal-wraps-around
PRAGMA wal_autocheckpoint = 3
PRAGMA journal_size_limit = 4096
CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)
*10 REPLACE INTO t VALUES({i} % 3, randomblob(1300))

== journal-size-limit
PRAGMA journal_size_limit = 2048
CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)
*4 INSERT INTO t VALUES({i}, randomblob(4000))
UPDATE t SET b = randomblob(4000)
UPDATE t SET b = x'01' WHERE a = 1

== journal-modes-in-turn
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
INSERT INTO t VALUES(1, 'as opened')
PRAGMA journal_mode = WAL
INSERT INTO t VALUES(2, printf('%0500d', 2))
PRAGMA journal_mode = DELETE
INSERT INTO t VALUES(3, printf('%0500d', 3))
PRAGMA journal_mode = PERSIST
INSERT INTO t VALUES(4, printf('%0500d', 4))
PRAGMA journal_mode = TRUNCATE
INSERT INTO t VALUES(5, printf('%0500d', 5))
PRAGMA journal_mode = WAL
UPDATE t SET b = 'end'

== exclusive-locking
PRAGMA locking_mode = EXCLUSIVE
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*5 INSERT INTO t VALUES({i}, printf('%0300d', {i}))
PRAGMA locking_mode = NORMAL
*3 INSERT INTO t VALUES(10 + {i}, printf('%0300d', {i}))
