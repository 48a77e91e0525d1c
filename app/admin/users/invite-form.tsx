import { ActionForm } from "@/app/_ui/action-form";
import { Card } from "@/app/_ui/card";
import { Field } from "@/app/_ui/field";
import { Select } from "@/app/_ui/select";
import { SubmitButton } from "@/app/_ui/submit-button";
import { TextInput } from "@/app/_ui/text-input";
import { invite } from "./actions";

export function InviteForm() {
  return (
    <Card
      title="Invite a person"
      description="You get a link to pass on. It works once, for an hour, and lets them choose a password."
    >
      <ActionForm action={invite} layout="plain" resetOnOk label="Invite a person">
        <div className="grid items-start gap-4 sm:grid-cols-2 lg:grid-cols-[2fr_2fr_1fr]">
          <Field name="email" label="E-mail address" required>
            <TextInput type="email" autoComplete="off" autoCapitalize="none" spellCheck={false} />
          </Field>
          <Field name="name" label="Name">
            <TextInput autoComplete="off" maxLength={100} />
          </Field>
          <Field name="role" label="Role" required>
            <Select defaultValue="user">
              <option value="user">User</option>
              <option value="admin">Administrator</option>
            </Select>
          </Field>
        </div>
        <div className="mt-5">
          <SubmitButton>Invite</SubmitButton>
        </div>
      </ActionForm>
    </Card>
  );
}
