"use client";

import { useEffect, useRef } from "react";
import { CONTROL_STYLE } from "./control-style";

interface SearchInputProps {
  id: string;
  name: string;
  query: string;
}

/** Follows the address: a link to another search changes `defaultValue`, which a field that was typed in ignores. */
export function SearchInput({ id, name, query }: SearchInputProps) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (input.current) input.current.value = query;
  }, [query]);
  return (
    <input
      id={id}
      ref={input}
      type="search"
      name={name}
      defaultValue={query}
      autoComplete="off"
      className={CONTROL_STYLE}
    />
  );
}
