import type { Client } from "pg";

/** A table as the database's own catalogue describes it. Names are quoted for use in SQL. */
export interface Table {
  name: string;
  columns: readonly { name: string; type: string }[];
  /** The tables that its foreign keys point to. */
  parents: readonly string[];
  /** The columns by which its rows point to others of its own. */
  ownParents: readonly string[];
}

/** Columns that each database fills by itself: generated ones, and transaction ids, which count within one server. */
const TABLES = `
  SELECT c.oid::regclass::text AS name,
         json_agg(
           json_build_object('name', format('%I', a.attname), 'type', format_type(a.atttypid, a.atttypmod))
           ORDER BY a.attnum
         ) AS columns,
         ARRAY(
           SELECT confrelid::regclass::text FROM pg_constraint
           WHERE conrelid = c.oid AND contype = 'f' AND confrelid <> conrelid
         ) AS parents,
         ARRAY(
           SELECT format('%I', own.attname) FROM pg_constraint
           JOIN pg_attribute own ON own.attrelid = conrelid AND own.attnum = ANY(conkey)
           WHERE conrelid = c.oid AND contype = 'f' AND confrelid = conrelid
         ) AS "ownParents"
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid
  WHERE n.nspname = current_schema() AND c.relkind = 'r' AND c.relname <> '_prisma_migrations'
    AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.atttypid <> 'xid8'::regtype
  GROUP BY c.oid`;

/** Latchkey's tables that are in both databases, each after those that it points to. */
export async function readSharedTables(source: Client, target: Client): Promise<Table[]> {
  const { rows: present } = await target.query<Table>(TABLES);
  const names = new Set(present.map(({ name }) => name));
  const { rows: tables } = await source.query<Table>(TABLES);
  return parentsFirst(tables.filter(({ name }) => names.has(name)));
}

/** Orders tables so that each comes after all of its parents. */
export function parentsFirst(tables: readonly Table[]): Table[] {
  const ordered: Table[] = [];
  let waiting = [...tables];
  while (waiting.length > 0) {
    const isWaiting = (name: string) => waiting.some((table) => table.name === name);
    const ready = waiting.filter(({ parents }) => !parents.some(isWaiting));
    if (ready.length === 0) throw new Error(`Tables point to each other: ${waiting.map(({ name }) => name)}`);
    ordered.push(...ready);
    waiting = waiting.filter((table) => !ready.includes(table));
  }
  return ordered;
}
