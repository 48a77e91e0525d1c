import { AddressField, type At } from "@/app/_parts/kinds-of-field";
import { Field } from "@/app/_ui/field";
import { TextArea } from "@/app/_ui/text-area";
import { TextInput } from "@/app/_ui/text-input";

export function LifetimeField({ at, hint, required = false }: At & { hint: string; required?: boolean }) {
  return (
    <Field name="lifetimeSeconds" label="Lifetime in seconds" hint={hint} required={required}>
      <TextInput inputMode="numeric" autoComplete="off" defaultValue={at ?? undefined} />
    </Field>
  );
}

export function ScopeField({ at }: At) {
  return (
    <Field
      name="scope"
      label="Scope"
      hint="Words with one space between, such as orders:read orders:write. Every token that a signed-in page asks for carries them."
    >
      <TextInput autoComplete="off" autoCapitalize="none" spellCheck={false} defaultValue={at ?? undefined} />
    </Field>
  );
}

/** One of the two: the key that tokens are encrypted to, or where the service publishes it. */
export function RecipientFields({ jwk, jwksUri }: { jwk: string | null; jwksUri: string | null }) {
  return (
    <>
      <Field
        name="encryptionJwk"
        label="Public key of the service"
        hint="A JWK of the curve P-256 (ECDH-ES+A256KW). Never the private key."
      >
        <TextArea placeholder='{"kty":"EC","crv":"P-256","x":"…","y":"…"}' defaultValue={jwk ?? undefined} />
      </Field>
      <AddressField
        at={jwksUri}
        name="jwksUri"
        label="Or the address of its JWKS"
        hint="Latchkey asks for the key there every five minutes. Over https, and not at a private address unless PRIVATE_HOSTS allows it."
        placeholder="https://orders.example/jwks.json"
      />
    </>
  );
}
