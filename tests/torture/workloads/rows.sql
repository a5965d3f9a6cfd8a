-- Workloads on rows: inserts, updates, deletes, transactions, savepoints.

== insert-autocommit
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*10 INSERT INTO t VALUES({i}, printf('%0100d', {i}))

== insert-transaction
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
BEGIN
*20 INSERT INTO t VALUES({i}, printf('%0200d', {i}))
COMMIT
BEGIN IMMEDIATE
*10 INSERT INTO t VALUES(100 + {i}, printf('%0200d', {i}))
COMMIT

== insert-many-at-once
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*4 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30) INSERT INTO t(b) SELECT printf('%050d', i * {i}) FROM n

== balances
CREATE TABLE account(id INTEGER PRIMARY KEY, cents INTEGER)
CREATE TABLE movement(id INTEGER PRIMARY KEY, cents INTEGER, note TEXT)
*4 INSERT INTO account VALUES({i}, 1000)
BEGIN
UPDATE account SET cents = cents - 7 WHERE id = 2
UPDATE account SET cents = cents + 7 WHERE id = 3
INSERT INTO movement VALUES(1, 7, printf('%0200d', 1))
COMMIT
BEGIN
UPDATE account SET cents = cents - 14 WHERE id = 3
UPDATE account SET cents = cents + 14 WHERE id = 4
INSERT INTO movement VALUES(2, 14, printf('%0200d', 2))
COMMIT
BEGIN
UPDATE account SET cents = cents - 21 WHERE id = 4
UPDATE account SET cents = cents + 21 WHERE id = 1
INSERT INTO movement VALUES(3, 21, printf('%0200d', 3))
COMMIT
BEGIN
UPDATE account SET cents = cents - 28 WHERE id = 1
UPDATE account SET cents = cents + 28 WHERE id = 2
INSERT INTO movement VALUES(4, 28, printf('%0200d', 4))
COMMIT
BEGIN
UPDATE account SET cents = cents - 35 WHERE id = 2
UPDATE account SET cents = cents + 35 WHERE id = 3
INSERT INTO movement VALUES(5, 35, printf('%0200d', 5))
COMMIT

== update-in-place
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) INSERT INTO t SELECT i, printf('%080d', i) FROM n
*6 UPDATE t SET b = printf('%080d', a * {i}) WHERE a % 7 = {i}
UPDATE t SET b = upper(b)

== delete-some
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) INSERT INTO t SELECT i, printf('%0120d', i) FROM n
*5 DELETE FROM t WHERE a % 5 = {i} - 1
INSERT INTO t(b) VALUES('after')

== delete-all-and-refill
CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)
*3 INSERT INTO t(b) VALUES(zeroblob(3000 + {i}))
DELETE FROM t
*3 INSERT INTO t(b) VALUES(randomblob(2500 + {i}))
DELETE FROM t

== replace
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT UNIQUE)
*4 INSERT INTO t VALUES({i}, 'k{i}')
*5 REPLACE INTO t VALUES({i} + 2, 'k' || ({i} % 3))

== upsert
CREATE TABLE c(word TEXT PRIMARY KEY, count INTEGER)
*10 INSERT INTO c VALUES('w' || ({i} % 3), 1) ON CONFLICT(word) DO UPDATE SET count = count + 1

== blobs-on-overflow-pages
CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)
*4 INSERT INTO t VALUES({i}, randomblob(7000 * {i}))
UPDATE t SET b = randomblob(9000) WHERE a = 2
DELETE FROM t WHERE a = 3
UPDATE t SET b = zeroblob(100) WHERE a = 4

== blobs-that-grow
!page 512
CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)
INSERT INTO t VALUES(1, x'00')
*6 UPDATE t SET b = b || randomblob(900 * {i})

== wide-rows
!page 4096
CREATE TABLE t(a INTEGER PRIMARY KEY, b, c, d, e, f)
*5 INSERT INTO t VALUES({i}, randomblob(900), randomblob(900), {i} * 1.5, NULL, printf('%01200d', {i}))
UPDATE t SET d = d + 1

== rollback
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
*3 INSERT INTO t VALUES({i}, 'kept')
BEGIN
*8 INSERT INTO t VALUES(10 + {i}, printf('%0300d', {i}))
ROLLBACK
INSERT INTO t VALUES(99, 'kept')
BEGIN
UPDATE t SET b = 'lost'
ROLLBACK

== rollback-after-spill
!cache 5
CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)
*3 INSERT INTO t VALUES({i}, zeroblob(900))
BEGIN
*12 INSERT INTO t VALUES(10 + {i}, randomblob(1500))
ROLLBACK
INSERT INTO t VALUES(99, x'01')

== savepoints
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)
INSERT INTO t VALUES(0, 'base')
SAVEPOINT one
INSERT INTO t VALUES(1, 'one')
SAVEPOINT two
*3 INSERT INTO t VALUES(10 + {i}, printf('%0400d', {i}))
ROLLBACK TO two
INSERT INTO t VALUES(2, 'two')
RELEASE one
INSERT INTO t VALUES(3, 'three')

== savepoints-that-spill
!cache 5
CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)
BEGIN
*5 INSERT INTO t VALUES({i}, randomblob(1500))
SAVEPOINT one
*6 INSERT INTO t VALUES(10 + {i}, randomblob(1500))
ROLLBACK TO one
*3 INSERT INTO t VALUES(20 + {i}, randomblob(1500))
RELEASE one
COMMIT

== small-cache-spills
!cache 5
CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)
BEGIN
*15 INSERT INTO t VALUES({i}, randomblob(1200))
COMMIT
BEGIN
UPDATE t SET b = zeroblob(1300)
COMMIT

== constraint-failures
CREATE TABLE t(a INTEGER PRIMARY KEY, b INTEGER CHECK(b < 100), c TEXT NOT NULL)
INSERT INTO t VALUES(1, 1, 'x')
fails: INSERT INTO t VALUES(1, 2, 'y')
fails: INSERT INTO t VALUES(2, 200, 'y')
fails: INSERT INTO t SELECT a + 10, b + 99, NULL FROM t
BEGIN
INSERT INTO t VALUES(3, 3, 'z')
fails: INSERT INTO t VALUES(3, 3, 'z')
INSERT INTO t VALUES(4, 4, 'z')
COMMIT

== foreign-keys
CREATE TABLE p(id INTEGER PRIMARY KEY, name TEXT)
CREATE TABLE c(id INTEGER PRIMARY KEY, p INTEGER REFERENCES p ON DELETE CASCADE)
*3 INSERT INTO p VALUES({i}, 'p{i}')
*6 INSERT INTO c VALUES({i}, 1 + {i} % 3)
fails: INSERT INTO c VALUES(99, 99)
DELETE FROM p WHERE id = 2

== returning-and-limits
CREATE TABLE t(a INTEGER PRIMARY KEY, b)
*4 INSERT INTO t(b) VALUES({i}) RETURNING a
UPDATE t SET b = b * 2 WHERE a IN (SELECT a FROM t ORDER BY a DESC LIMIT 2) RETURNING b
DELETE FROM t WHERE b > 5 RETURNING a, b

== monotone-counter
CREATE TABLE counter(n INTEGER)
INSERT INTO counter VALUES(0)
*15 UPDATE counter SET n = n + 1

== autoincrement
CREATE TABLE t(a INTEGER PRIMARY KEY AUTOINCREMENT, b)
*5 INSERT INTO t(b) VALUES({i})
DELETE FROM t WHERE a > 3
*3 INSERT INTO t(b) VALUES({i})

== json
CREATE TABLE t(a INTEGER PRIMARY KEY, doc TEXT)
*4 INSERT INTO t VALUES({i}, json_object('n', {i}, 'list', json_array(1, 2, {i})))
CREATE INDEX t_n ON t(doc ->> 'n')
UPDATE t SET doc = json_set(doc, '$.n', 10 * a)
UPDATE t SET doc = jsonb(doc) WHERE a % 2
