import { Field } from "@/app/_ui/field";
import { SearchForm } from "@/app/_ui/search-form";
import { Select } from "@/app/_ui/select";
import { PATH, type SessionsQuery } from "./query";

export function SessionSearch({ query: { q, state } }: { query: SessionsQuery }) {
  return (
    <SearchForm action={PATH} label="Person or address" query={q ?? ""}>
      <Field name="state" label="State" required>
        <Select defaultValue={state}>
          <option value="live">Signed in</option>
          <option value="ended">Ended</option>
          <option value="expired">Expired</option>
          <option value="all">All</option>
        </Select>
      </Field>
    </SearchForm>
  );
}
