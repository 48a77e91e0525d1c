import { Client } from "pg";
import type { BenchPostgres } from "./postgres";

interface PlanNode {
  "Node Type": string;
  "Relation Name"?: string;
  "Actual Rows"?: number;
  "Actual Loops"?: number;
  "Rows Removed by Filter"?: number;
  "Rows Removed by Index Recheck"?: number;
  Plans?: PlanNode[];
}

export interface PlanSummary {
  /** The tables that were read from end to end. */
  scanned: string[];
  /** Rows that the plan has read and looked at, those it threw away included. */
  rowsRead: number;
  indexes: string[];
}

/** What Postgres says (EXPLAIN ANALYZE, through auto_explain) of the statements that `work` really sends. */
export async function explain(postgres: BenchPostgres, work: () => Promise<unknown>): Promise<PlanSummary> {
  const before = postgres.log().length;
  await work();
  const plans = [
    ...postgres
      .log()
      .slice(before)
      .matchAll(/plan:\n(\t\{[\s\S]*?\n\t\})/g),
  ].map(([, text = ""]) => (JSON.parse(text) as { Plan: PlanNode }).Plan);
  if (plans.length === 0) throw new Error("auto_explain has written no plan.");
  const nodes = plans.flatMap(flatten);
  return {
    scanned: nodes
      .filter((node) => node["Node Type"] === "Seq Scan")
      .map((node) => node["Relation Name"] ?? ""),
    rowsRead: Math.max(...nodes.map(rowsReadBy)),
    indexes: [
      ...new Set(nodes.flatMap((node) => ("Index Name" in node ? [String(node["Index Name"])] : []))),
    ],
  };
}

const flatten = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(flatten)];

function rowsReadBy(node: PlanNode): number {
  const thrownAway = (node["Rows Removed by Filter"] ?? 0) + (node["Rows Removed by Index Recheck"] ?? 0);
  return ((node["Actual Rows"] ?? 0) + thrownAway) * (node["Actual Loops"] ?? 1);
}

/** From now on every statement's plan goes to the log, or no longer. New connections alone. */
export async function logPlans(postgres: BenchPostgres, isOn: boolean): Promise<void> {
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  await client.query(`ALTER DATABASE postgres SET auto_explain.log_min_duration = ${isOn ? 0 : -1}`);
  await client.end();
}
