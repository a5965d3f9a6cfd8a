-- Workloads for the fault sweep alone: temporary files that go to the medium.

== temporary-tables-on-the-medium
!cache 5
PRAGMA temp_store = FILE
CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)
PRAGMA temp.cache_size = 5
CREATE TEMP TABLE s(a INTEGER PRIMARY KEY, b BLOB)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) INSERT INTO s SELECT i, randomblob(2500) FROM n
INSERT INTO t SELECT a, substr(b, 1, 50) FROM s
UPDATE s SET b = substr(b, 1, 1500)
DROP TABLE s

== sort-on-the-medium
!cache 5
PRAGMA temp_store = FILE
PRAGMA cache_spill = 2
CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) INSERT INTO t SELECT i, randomblob(700) FROM n
CREATE INDEX t_b ON t(b)
SELECT * FROM t ORDER BY substr(b, 2)
