-- Some of the rows; never more than there are.
SELECT count(*) <= 21 AS within FROM clicks TABLESAMPLE BERNOULLI (50)
