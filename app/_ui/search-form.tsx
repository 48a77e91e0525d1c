import Form from "next/form";
import Link from "next/link";
import { type ReactNode, useId } from "react";
import { Button } from "./button";
import { SearchInput } from "./search-input";

interface SearchFormProps {
  /** The page's own path. */
  action: string;
  label: string;
  /** What was searched for; shows the link that clears it. */
  query?: string;
  /** More filters, each a control in a `Field` that is `required`. */
  children?: ReactNode;
}

/** A search that is a GET: the result has an address. */
export function SearchForm({ action, label, query = "", children }: SearchFormProps) {
  const id = useId();
  return (
    <Form
      action={action}
      prefetch={false}
      role="search"
      aria-label={label}
      className="flex flex-wrap items-end gap-3"
    >
      <div className="grid min-w-0 flex-[1_1_16rem] gap-1.5">
        <label htmlFor={id} className="text-sm font-medium">
          {label}
        </label>
        <SearchInput id={id} name="q" query={query} />
      </div>
      {children}
      <Button type="submit">Search</Button>
      {query && (
        <Link href={action} prefetch={false} className="inline-flex min-h-10 items-center px-1 text-sm">
          Clear
        </Link>
      )}
    </Form>
  );
}
