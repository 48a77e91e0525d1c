import type { ReactNode } from "react";
import { type Column, DataCell, TABLE_ROLES } from "./data-cell";

export type { Column } from "./data-cell";

interface DataTableProps<Row> {
  /** Read aloud; the page's own heading says it to the eye. */
  caption: string;
  /** The first one names the row. */
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  /** Instead of the table when there is no row. */
  empty?: ReactNode;
}

/** A table where there is room, a stack of cards where there is not: the same elements, by CSS alone. */
export function DataTable<Row>({ caption, columns, rows, rowKey, empty }: DataTableProps<Row>) {
  if (rows.length === 0 && empty) return empty;
  return (
    <div className="@container">
      <table {...TABLE_ROLES.table} className="block w-full text-left @2xl:table">
        <caption className="sr-only">{caption}</caption>
        <HeaderRow columns={columns} />
        <tbody {...TABLE_ROLES.group} className="block @2xl:table-row-group">
          {rows.map((row) => (
            <tr
              {...TABLE_ROLES.row}
              key={rowKey(row)}
              className="grid gap-2 border-b border-line px-5 py-4 last:border-b-0 @2xl:table-row @2xl:p-0"
            >
              {columns.map((column, index) => (
                <DataCell key={column.key} column={column} namesRow={index === 0}>
                  {column.cell(row)}
                </DataCell>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function HeaderRow<Row>({ columns }: { columns: readonly Column<Row>[] }) {
  return (
    <thead {...TABLE_ROLES.group} className="sr-only @2xl:not-sr-only @2xl:table-header-group">
      <tr {...TABLE_ROLES.row}>
        {columns.map(({ key, header, hideHeader, align }) => (
          <th
            {...TABLE_ROLES.header}
            key={key}
            scope="col"
            className={`border-b border-line px-3 py-2.5 text-sm font-medium whitespace-nowrap text-muted first:pl-6 last:pr-6 ${align === "end" ? "text-right" : ""}`}
          >
            <span className={hideHeader ? "sr-only" : ""}>{header}</span>
          </th>
        ))}
      </tr>
    </thead>
  );
}
