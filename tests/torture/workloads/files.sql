-- Workloads on whole files: attach, VACUUM INTO, import, delete, reopen.

== reopen
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*2 INSERT INTO t VALUES({i}, printf('%0300d', {i}))
.reopen
*2 INSERT INTO t VALUES(10 + {i}, printf('%0300d', {i}))
.reopen
UPDATE t SET b = 'end'

== in-a-directory
!files apps/notes/main.db
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*4 INSERT INTO t VALUES({i}, printf('%0300d', {i}))
.reopen
DELETE FROM t WHERE a = 1

== attach
!files a.db b.db
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
.attach b.db b
CREATE TABLE b.u(a INTEGER PRIMARY KEY, b TEXT)
*3 INSERT INTO t VALUES({i}, printf('%0200d', {i}))
*3 INSERT INTO u VALUES({i}, printf('%0200d', {i}))
.detach b
INSERT INTO t VALUES(9, 'nine')

== attach-one-transaction
!files a.db b.db
.attach b.db b
CREATE TABLE main.t(a INTEGER PRIMARY KEY, b TEXT)
CREATE TABLE b.u(a INTEGER PRIMARY KEY, b TEXT)
BEGIN
INSERT INTO t VALUES(1, 'in a')
INSERT INTO u VALUES(1, 'in b')
COMMIT
BEGIN
*4 INSERT INTO t VALUES(10 + {i}, printf('%0300d', {i}))
*4 INSERT INTO u VALUES(10 + {i}, printf('%0300d', {i}))
COMMIT
BEGIN
DELETE FROM t
DELETE FROM u
ROLLBACK
BEGIN
UPDATE t SET b = 'moved' WHERE a < 12
UPDATE u SET b = 'moved' WHERE a < 12
COMMIT

== attach-three-files
!files a.db b.db c.db
.attach b.db b
.attach c.db c
CREATE TABLE main.t(n INTEGER)
CREATE TABLE b.t(n INTEGER)
CREATE TABLE c.t(n INTEGER)
BEGIN
INSERT INTO main.t VALUES(100)
INSERT INTO b.t VALUES(100)
INSERT INTO c.t VALUES(100)
COMMIT
BEGIN
UPDATE main.t SET n = n - 30
UPDATE b.t SET n = n + 10
UPDATE c.t SET n = n + 20
COMMIT

== attach-and-spill
!files a.db b.db
!cache 5
.attach b.db b
PRAGMA b.cache_size = 5
CREATE TABLE main.t(a INTEGER PRIMARY KEY, b BLOB)
CREATE TABLE b.u(a INTEGER PRIMARY KEY, b BLOB)
BEGIN
*7 INSERT INTO t VALUES({i}, randomblob(1500))
*7 INSERT INTO u VALUES({i}, randomblob(1500))
COMMIT
BEGIN
DELETE FROM t WHERE a < 5
DELETE FROM u WHERE a > 3
COMMIT

== attach-copy-between
!files a.db b.db
CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)
*5 INSERT INTO t VALUES({i}, randomblob(800))
.attach b.db b
CREATE TABLE b.archive AS SELECT * FROM t WHERE a < 4
BEGIN
INSERT INTO b.archive SELECT * FROM t WHERE a >= 4
DELETE FROM t WHERE a >= 4
COMMIT

== vacuum-into
!files a.db c.db
CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)
*5 INSERT INTO t VALUES({i}, randomblob(900))
.vacuum_into c.db
INSERT INTO t VALUES(9, x'09')
.attach c.db c
DELETE FROM c.t WHERE a = 1
.detach c

== import-over-a-database
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*4 INSERT INTO t VALUES({i}, printf('%0300d', {i}))
.import a.db 20
INSERT INTO imported(b) VALUES('after')
.import a.db 5
DELETE FROM imported

== import-new
!files a.db b.db
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
.import b.db 12
.attach b.db b
BEGIN
INSERT INTO t VALUES(1, 'both')
INSERT INTO b.imported(b) VALUES('both')
COMMIT

== import-of-another-page-size
!page 4096
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
PRAGMA page_size = 1024
*2 INSERT INTO t VALUES({i}, printf('%02000d', {i}))
.import a.db 40
UPDATE imported SET b = a

== delete-database
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*3 INSERT INTO t VALUES({i}, printf('%0300d', {i}))
.delete a.db
.reopen
CREATE TABLE u(a INTEGER PRIMARY KEY, b TEXT)
*3 INSERT INTO u VALUES({i}, printf('%0200d', {i}))
.delete a.db
.reopen

== delete-another-database
!files a.db b.db
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
.attach b.db b
CREATE TABLE b.u(a)
INSERT INTO b.u VALUES(1)
.delete b.db
.reopen
INSERT INTO t VALUES(1, 'alone')

== temporary-tables
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
PRAGMA temp_store = FILE
CREATE TEMP TABLE s(a INTEGER PRIMARY KEY, b BLOB)
*3 INSERT INTO s VALUES({i}, randomblob(2000))
INSERT INTO t SELECT a, hex(b) FROM s
BEGIN
DELETE FROM s
UPDATE t SET b = 'x'
COMMIT

== wal-import-over-an-abandoned-database
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*9 INSERT INTO t VALUES({i}, printf('%0900d', {i}))
PRAGMA wal_checkpoint(TRUNCATE)
*2 UPDATE t SET b = printf('%0900d', -{i}) WHERE a = 2 + {i}
.abandon
.import a.db 20
INSERT INTO imported(b) VALUES('after')
