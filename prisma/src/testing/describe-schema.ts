import type { EmptyDatabase } from "./empty-database.ts";

// Prisma cannot say NOT NULL of a list, so a list's nullability is left out.
const columns = `
select format('%s.%s: %s%s%s', c.relname, a.attname,
         format_type(a.atttypid, a.atttypmod),
         case when a.attnotnull and t.typelem = 0 then ', not null'
              when t.typelem = 0 then ', nullable' else '' end,
         case when a.atthasdef or a.attidentity <> '' then ', with a default'
              else '' end) as line
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p')
  join pg_type t on t.oid = a.atttypid
 where c.relnamespace = 'public'::regnamespace
   and a.attnum > 0 and not a.attisdropped`;

// A unique constraint and a unique index promise the same; a partial one
// exists in SQL only.
const keys = `
select format('%s %s (%s)', c.relname,
         case when i.indisprimary then 'primary key' else 'unique' end,
         (select string_agg(pg_get_indexdef(i.indexrelid, n, true), ', ' order by n)
            from generate_series(1, i.indnkeyatts) n)) as line
  from pg_index i join pg_class c on c.oid = i.indrelid
 where c.relnamespace = 'public'::regnamespace
   and i.indisunique and i.indpred is null and i.indexprs is null`;

const foreignKeys = `
select format('%s %s', conrelid::regclass, pg_get_constraintdef(oid)) as line
  from pg_constraint
 where connamespace = 'public'::regnamespace and contype = 'f'`;

/**
 * What schema.prisma can express of a database, one line a fact: columns,
 * keys and foreign keys. CHECKs and partial indexes are not among it.
 */
export async function describeSchema(
	database: EmptyDatabase,
): Promise<string[]> {
	const facts = [columns, keys, foreignKeys].join("\nunion all\n");
	const rows = await database.query<{ line: string }>(facts);
	return rows
		.map((row) => row.line)
		.filter((line) => !line.startsWith("_prisma_migrations"))
		.sort();
}
