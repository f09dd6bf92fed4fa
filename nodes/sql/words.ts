/** What DuckDB's words mean. Tests ask DuckDB itself whether these lists are still whole. */

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

/** Words that are never a name unless quoted, after a dot, or after AS: safe to fold. DuckDB's reserved ones, and those for functions and types. */
export const keywords = words(
  'all show analyze and any array as asc asymmetric both case cast check collate column constraint create default deferrable analyse describe distinct do else '
  + 'end except false fetch for foreign from group having in initially intersect into lambda lateral leading limit not null offset on only or order pivot '
  + 'pivot_longer pivot_wider placing primary qualify references returning select with some summarize symmetric table then to trailing true union unique unpivot '
  + 'using variadic when where window desc '
  + 'anti right at authorization binary by collation columns concurrently asof freeze full generated glob ilike inner is isnull join left like map natural notnull '
  + 'outer overlaps positional verbose semi similar struct tablesample try_cast unpack cross',
);

/** Functions that draw on chance, or on state that a step cannot name (`seeded`). */
export const chance = words(
  'random setseed uuid uuidv4 uuidv7 gen_random_uuid nextval currval',
);

/** Functions and keywords that read the clock or the world beside the inputs (`observe`). */
export const clock = words(
  'now today current_date current_time current_timestamp localtime localtimestamp get_current_time get_current_timestamp transaction_timestamp '
  + 'statement_timestamp clock_timestamp txid_current current_transaction_id current_query current_query_id current_connection_id write_log sleep_ms stats getenv',
);

/** Those of `clock` that are written without parentheses. */
export const bareClock = words('current_date current_time current_timestamp localtime localtimestamp');

/** Table functions whose first argument is a path, or a list of paths. */
export const fileFunctions = words(
  'read_csv read_csv_auto sniff_csv read_parquet parquet_scan parquet_metadata parquet_schema parquet_file_metadata parquet_full_metadata parquet_kv_metadata '
  + 'parquet_bloom_probe read_json read_json_auto read_json_objects read_json_objects_auto read_ndjson read_ndjson_auto read_ndjson_objects read_text read_blob '
  + 'read_duckdb glob',
);

/** Words that begin a query. */
export const queryStarts = words('select from with values table describe desc show summarize pivot pivot_wider unpivot pivot_longer');

/** Words that end a list of tables at their own level. */
export const fromEnds = words('select where group having window qualify order limit offset union except intersect returning set values');

/** Schemas and tables that every database has; they are no wires. */
export const systemSchemas = words('information_schema pg_catalog system');
export const systemTable = /^(?:duckdb_(?:columns|constraints|databases|indexes|logs|schemas|tables|types|views)|sqlite_(?:master|schema|temp_master|temp_schema)|pragma_database_list|pg_(?:am|attrdef|attribute|class|collation|constraint|database|depend|description|enum|index|indexes|namespace|prepared_statements|proc|sequence|sequences|settings|tables|tablespace|type|views))$/;
