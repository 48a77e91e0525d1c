import { Card } from "@/app/_ui/card";
import { CopyBlock } from "@/app/_ui/copy-block";
import { checksOf, pageSnippet, type ServiceFacts, type Snippet, verifierSnippets } from "../snippets";

/** How this service checks its tokens, and how a page of ours asks for one: whole files, with its own values. */
export function Verifying({ facts }: { facts: ServiceFacts }) {
  return (
    <>
      <Card
        title="In the service: check the tokens"
        description="Each is a whole file. What is secret comes from the environment of the service, and is not shown here."
      >
        <div className="grid gap-6">
          {verifierSnippets(facts).map((snippet) => (
            <Code key={snippet.title} snippet={snippet} />
          ))}
          <details>
            <summary className="w-fit cursor-pointer font-medium">What to check in another language</summary>
            <ol className="mt-3 grid max-w-prose list-decimal gap-2 pl-5 text-sm wrap-anywhere">
              {checksOf(facts).map((check) => (
                <li key={check}>{check}</li>
              ))}
            </ol>
          </details>
        </div>
      </Card>
      <Card
        title="In a page: ask for a token"
        description="Whoever is signed in here gets a token for this service, for as long as the session lives at most. It works in pages of this origin."
      >
        <Code snippet={pageSnippet(facts)} />
      </Card>
    </>
  );
}

const Code = ({ snippet: { title, fileName, code } }: { snippet: Snippet }) => (
  <CopyBlock title={`${title} (${fileName})`}>{code}</CopyBlock>
);
