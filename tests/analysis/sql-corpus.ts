/** Queries made by hand to be hard for a scanner: names of tables where names of other things may stand, and the reverse. */
export const handMade: readonly string[] = `
select 1
select * from a
from a
from a select x
from a select distinct x, y where x > 1
select * from a, b
select * from a, b, c where a.x = b.x
select * from a x, b as y, c z(p, q)
select * from a join b on a.x = b.x
select * from a join b on a.x = b.x, c
select * from a join b using (x), c
select * from a left join b using (x) right join c using (y)
select * from a full outer join b on true cross join c
select * from a natural join b natural left join c
select * from a asof join b on a.t >= b.t
select * from a positional join b
select * from a semi join b using (x)
select * from a anti join b using (x)
select * from (a join b on a.x = b.x) join c on true
select * from (a cross join b), c
select * from ((a join b using (x)) join c using (y))
select * from (select * from a) s, b
select * from (from a) s join (from b) t using (x)
select * from (select 1 union select x from a) s
select * from ((select 1) union (select x from a)) s
((select 1) union select x from a)
(from a) union (from b)
select x from a union all select y from b intersect select z from c
select x from a except select y from b
select x from a union by name select y from b
select x from a union all by name from b
from a union from b union from c
from a where x in (select y from b)
from a where x in (from b)
from a where exists (from b where b.x = a.x)
from a where not exists (select 1 from b where b.x = a.x)
from a where x = any (select y from b)
from a where x > all (select y from b)
select (select max(x) from a), (from b limit 1)
select array(select x from a)
select list_transform([1, 2], x -> x + (select max(y) from a))
select [x for x in [1, 2] if x > (select min(y) from a)]
select {'a': (select max(x) from a), 'b': [(from b)]}
select case when (select true from a) then 1 else (select 2 from b) end
select extract(year from d) from a
select extract(year from (select max(d) from b)) from a
select substring(x from 1 for 2) from a
select trim(both 'x' from y) from a
select trim(from y) from a
select trim(leading from y), trim(y from z) from a
select overlay(x placing 'y' from 2 for 3) from a
select position('a' in x) from a
select x is distinct from y from a
select x is not distinct from y from a, b
select distinct on (x) x, y from a order by y
select count(distinct x) from a
select count(*) filter (where x > 1) from a
select sum(x) over (partition by y order by z rows between unbounded preceding and current row) from a
select sum(x) over w from a window w as (partition by y)
select row_number() over (order by (select max(q) from b)) from a
select x from a qualify row_number() over (partition by x) = 1
select x, count(*) from a group by all having count(*) > 1 order by all limit 10 offset 2
select x from a group by rollup (x, y), cube (z)
select x from a group by grouping sets ((x), (y, z))
select * exclude (x, y) from a
select * exclude x replace (y + 1 as y) from a
select * rename (x as y) from a
select columns('a.*') from a
select columns(c -> c like 'x%') from a
select a.*, b.x from a, b
select a.x.y.z from a
select "from" from a
select x as "from", y as "join b" from a
select x as from, y as join, z as select from a
select x as table, a.from, a.join from a
select 'from b' from a
select 'it''s from b' as x from a
select e'it\\'s from b', x from a
select $$ from b $$, $q$ ' from c $q$ from a
select 1 -- from b
select 1 /* from b /* from c */ from d */ from a
select x from a -- join b
select "a""b" from "c""d"
from "a b"
from "A", b, B
from "select"
from a."b"
from a.b
from a.b.c
from main.a
from memory.main.a
from a, a.b, main.c
from s.a join s.b using (x)
with c as (from a) from c
with c as (from a), d as (from c, b) from d
with c as (from c) from c
with c(x, y) as (select 1, 2) from c
with C as (from a) from c
with "C" as (from a) from c
with c as (from a) from "C"
with c as (from a) from main.c
with c as (from a) from c.c
with c as (from a) from c, C, main.c, d
with c as materialized (from a) from c
with c as not materialized (from a) from c
with recursive c as (select 1 x union all select x + 1 from c where x < 3) from c
with recursive c(x) as (select x from a union select c.x from c join b using (x)) from c
with recursive c as ((select 1 x) union all (select x + 1 from c where x < 3)) from c, d
with recursive c as (select 1 union all select 2), d as (from c, e) from d
with recursive c as (from c) from c
with recursive c as (select x from c union all select x + 1 from c) from c
with recursive c(x) using key (x) as (select 1 union select x + 1 from c where x < 3) from c
with c as (from a) select (with c as (from b) select max(x) from c), y from c
with c as (with d as (from a) from d) from c, d
with c as (from a) select * from (with d as (from c) from d) s, d
with c as (from a) (from c) union (from b)
with c as (from a) select 1 from b where exists (from c)
with c as (values (1)) from c, b
with c as (from a) table c
with c as (from d), d as (from a) from c
select * from (with c as (from a) from c) s, c
select * from (with c as (from a) select 1 union from c) s
table a
table a.b
select 1 union table a
(table a)
select * from (table a) s
values (1), (2)
values ((select max(x) from a))
select * from (values (1, 2), (3, 4)) v(x, y), a
from values (1), (2) v(x)
from a join (values (1), (2)) v(x) using (x)
select * from a, lateral (select * from b where b.x = a.x) l
select * from a left join lateral (from b) l on true
select * from a, (select a.x + 1), b
select * from range(10)
select * from range(10) t(i), a
select * from generate_series(1, 10) g, a
from unnest([1, 2]) u(x), a
select unnest(x) from a
from a, unnest(a.l) u(x), b
select * from range((select max(x) from a))
from f(a, b)
from f((from a)), b
from f(x := 1, y := (select max(z) from a))
from s.f(1), s.a
select f(a, b), x.f() from c
from range
from generate_series
from 'data.csv'
from 'data/*.parquet', a
from 'x.csv' f join "y.csv" using (k)
from read_csv('a.csv')
from read_parquet(['a.parquet', 'b.parquet']), b
from read_csv('a.csv', columns = {'x': 'INTEGER'}, header = true) r join a using (x)
from a pivot (sum(x) for y in ('p', 'q'))
from a pivot (sum(x) as s, max(x) for y in ('p', 'q') z in (1, 2) group by k)
from (pivot a on y in ('p', 'q') using sum(x))
pivot a on y in ('p', 'q') using sum(x) group by z order by z limit 3
pivot (from a join b using (k)) on y in (1, 2) using sum(x), max(z)
with p as (pivot a on y in (1, 2) using sum(x)) from p, b
from a unpivot (v for n in (p, q, r))
from a unpivot include nulls (v for n in (p, q, r)) u, b
unpivot a on p, q, r into name n value v
select * from (unpivot a on p, q into name n value v) u, b
from a pivot (sum(x) for y in (1)) p join b using (k)
describe a
describe a.b
describe from a
describe select * from a, b
summarize a
summarize select x from a
show a
show tables
show all tables
show databases
from (describe a), b
from (summarize from a) s
from (show tables) t
from (describe select * from b) where x in (from a)
select * from x: a, y: (from b), 'z.csv'
from t: a select t.x
select y: x + 1, z: (from b) from a
from a tablesample 10%
from a tablesample reservoir(10 rows) repeatable (3), b
from a using sample 10 rows
from a join b using (x) using sample 5%
from a limit 10%
from a limit (select max(x) from b)
from a order by (select 1 from b), x nulls first
from a order by x desc, y asc nulls last
from a at (version => 3), b
select x::date, cast(y as decimal(3, 1)), try_cast(z as int[]) from a
select x::struct(a int, b varchar), interval '1' day, date '2020-01-01' from a
select x at time zone 'utc' from a
select x[1:2], y[1:(select max(z) from b)], m['k'] from a
select x -> 'a' ->> 'b', y.a."from" from a
select lambda x : x + 1 from a
select list_reduce(l, lambda p, q: p + q), r from a, b
select map {'a': 1, 'b': (select 2 from b)} from a
select not x, -y, +z, @w, x ^ 2, x ** 2, x // 3, x % 4, x || y from a
select x between 1 and (select max(y) from b) from a
select x like 'from%' escape '!', y ilike 'x', z similar to 'q', w glob '*' from a
select x in (1, 2, 3), y not in (select z from b), z in [1, 2] from a
select (x, y) = (select p, q from b) from a
select coalesce(x, (select 1 from b)), nullif(y, 1), greatest(1, 2) from a
select first(x order by y), string_agg(x, ',' order by y desc), quantile_cont(x, 0.5) from a
select percentile_cont(0.5) within group (order by x) from a
select count() from a
select ifnull(x, 1).abs().round(2) from a
select current_date, current_timestamp, x from a
select 1; select 2 from b; from c
from a;
;from a;;
from duckdb_tables
from duckdb_tables() t, a
from information_schema.tables, a
from pg_catalog.pg_class, a
from sqlite_master
from Weather, WEATHER, weather
from météo, "été"
select from_, join_, a_from from a
select a from a
select b from a
select a.b from a, b
select a, b from c group by a, b
from a anti join b on a.x = b.x semi join c on true, d
from a where x = (select y from b where z = (select w from c)) and exists (from d)
from a join b on exists (from c) join d on a.x in (from e), f
from a join (b join c on true) on true join d on true
from a join (from b) x on x.k = a.k and [1, 2][1] = 1, c
select all x from a
select distinct x from a
select * from a where (x, y) in ((1, 2), (3, 4))
select * from a where x > 1 and y in (select z from b) or w is null and v is not null
select sum(x) from a where y notnull or z isnull
select grouping(x), grouping_id(x) from a group by x
from a, b where a.x = b.x group by all
from a select x, y, z order by x
from a select sum(x), max(y) group by z having max(y) > (from b)
select struct_pack(x := 1, y := (from b)) from a
select row(1, 2), (1, 2, 3), [1, [2, 3]] from a
select 1e5, 1.5, .5, 1_000, 5. from a
select x as y, z as "Q" , 1 as 'lit' from a
select try(x), try_cast(y as int) from a
select exists (from b), not exists (from c) from a
select a.from_date, b."join" from a join b on a."on" = b."using"
select date_part('year', d), date_trunc('month', d), d + interval 1 month, d - interval '3 days' from a
select * from a join b on (a.x = b.x), c join d on (c.x = d.x and c.y = d.y)
select * like 'x%' from a
select a.* exclude (x), b.* replace (1 as y) from a, b
from a where x == 1 and y != 2 and z <> 3 and w <= 4 and v >= 5
`.trim().split('\n');
