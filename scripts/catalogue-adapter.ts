import { PrismaPg } from "@prisma/adapter-pg";
import {
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from "@prisma/driver-adapter-utils";
import type { Pool, QueryArrayResult } from "pg";

/** OIDs of the one-byte "char" of Postgres's own catalogue, and of a type that the adapter reads the same way. */
const CATALOGUE_CHAR = 18;
const TEXT = 25;

/**
 * Prisma's adapter over `pool`, able to read Postgres's catalogue as the schema engine does: the adapter refuses the
 * catalogue's "char" columns, and the engine takes nothing but a character for them.
 */
export function catalogueAdapter(pool: Pool): SqlMigrationAwareDriverAdapterFactory {
  const factory = new PrismaPg(pool);
  /** Which columns were "char", by the array of rows that the adapter hands on unchanged. */
  const characters = new WeakMap<object, number[]>();
  const query = pool.query.bind(pool) as (...parameters: unknown[]) => Promise<QueryArrayResult>;
  const queryAsText = async (...parameters: unknown[]) => {
    const result = await query(...parameters);
    const found = result.fields.flatMap(({ dataTypeID }, index) =>
      dataTypeID === CATALOGUE_CHAR ? index : [],
    );
    for (const index of found) Object.assign(result.fields[index] ?? {}, { dataTypeID: TEXT });
    characters.set(result.rows, found);
    return result;
  };
  pool.query = queryAsText as typeof pool.query;

  const withCharacters = (adapter: SqlDriverAdapter): SqlDriverAdapter => {
    const queryRaw = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = async (statement) => {
      const result = await queryRaw(statement);
      for (const index of characters.get(result.rows) ?? [])
        result.columnTypes[index] = ColumnTypeEnum.Character;
      return result;
    };
    return adapter;
  };
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => withCharacters(await factory.connect()),
    connectToShadowDb: () => factory.connectToShadowDb(),
  };
}
