import type { ReactNode } from "react";

export interface Column<Row> {
  /** Unique among the columns. */
  key: string;
  header: string;
  cell: (row: Row) => ReactNode;
  /** The name is read aloud but not shown: a column of boxes or of buttons. */
  hideHeader?: boolean;
  align?: "start" | "end";
  /** Its cells say themselves what is what: they need no name beside them where a row is a card. */
  labelsItself?: boolean;
}

// A table element laid out as anything but a table loses its role in Safari.
export const TABLE_ROLES = {
  table: { role: "table" },
  group: { role: "rowgroup" },
  row: { role: "row" },
  header: { role: "columnheader" },
  rowHeader: { role: "rowheader" },
  cell: { role: "cell" },
} as const;

const WIDE =
  "@2xl:table-cell @2xl:align-baseline @2xl:border-b @2xl:border-line @2xl:px-3 @2xl:py-3 @2xl:first:pl-6 @2xl:last:pr-6 @2xl:[tr:last-child>&]:border-b-0";
const LABELLED = "stacked-label grid grid-cols-[6.5rem_minmax(0,1fr)] gap-3";

interface DataCellProps<Row> {
  column: Column<Row>;
  namesRow: boolean;
  children: ReactNode;
}

export function DataCell<Row>({ column, namesRow, children }: DataCellProps<Row>) {
  const wide = `${WIDE} ${column.align === "end" ? "@2xl:text-right" : ""}`;
  if (namesRow) {
    return (
      <th {...TABLE_ROLES.rowHeader} scope="row" className={`block text-left font-medium ${wide}`}>
        {children}
      </th>
    );
  }
  const label = column.hideHeader || column.labelsItself ? undefined : column.header;
  const narrow = children === null ? "hidden" : label ? LABELLED : "block";
  return (
    <td {...TABLE_ROLES.cell} data-label={label} className={`${narrow} ${wide}`}>
      <div className="min-w-0">{children}</div>
    </td>
  );
}
