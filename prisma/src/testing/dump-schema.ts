import type { EmptyDatabase } from "./empty-database.ts";

const columns = `
select format('column %s.%s %s %s %s', c.relname, a.attname,
         format_type(a.atttypid, a.atttypmod),
         case when a.attnotnull then 'not null' else 'null' end,
         coalesce('default ' || pg_get_expr(d.adbin, d.adrelid), '')) as line,
       c.relname as of
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p', 'v', 'm')
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
 where c.relnamespace = 'public'::regnamespace
   and a.attnum > 0 and not a.attisdropped`;

const constraints = `
select format('constraint %s.%s %s', c.relname, o.conname,
         pg_get_constraintdef(o.oid)), c.relname
  from pg_constraint o join pg_class c on c.oid = o.conrelid
 where o.connamespace = 'public'::regnamespace`;

const indexes = `
select 'index ' || indexdef, tablename from pg_indexes
 where schemaname = 'public'`;

const triggers = `
select 'trigger ' || pg_get_triggerdef(t.oid), c.relname
  from pg_trigger t join pg_class c on c.oid = t.tgrelid
 where c.relnamespace = 'public'::regnamespace and not t.tgisinternal`;

const routines = `
select 'routine ' || pg_get_functiondef(oid), '' from pg_proc
 where pronamespace = 'public'::regnamespace and prokind in ('f', 'p')`;

const sequences = `
select format('sequence %s %s', sequencename, data_type), '' from pg_sequences
 where schemaname = 'public'`;

const enums = `
select format('enum %s %s', t.typname, e.enumlabel), '' from pg_enum e
  join pg_type t on t.oid = e.enumtypid
 where t.typnamespace = 'public'::regnamespace`;

const options = `
select format('options %s %s', relname, reloptions::text), relname from pg_class
 where relnamespace = 'public'::regnamespace and reloptions is not null`;

/**
 * Everything that migrations make, one line a fact, from the catalogs. The order of a table's columns is not among it:
 * a column that is added again comes last.
 */
export async function dumpSchema(database: EmptyDatabase): Promise<string[]> {
	const facts = [columns, constraints, indexes, triggers];
	const rest = [routines, sequences, enums, options];
	const rows = await database.query<{ line: string; of: string }>(
		[...facts, ...rest].join("\nunion all\n"),
	);
	return rows
		.filter((row) => row.of !== "_prisma_migrations")
		.map((row) => row.line)
		.sort();
}
