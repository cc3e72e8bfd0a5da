import { STATE_PREFIX } from "../../state/journal.ts";
import type { VerifyProblem } from "../api.ts";

type Found = Pick<VerifyProblem, "key" | "problem">;

/** A file that is not as committed, with the ways to repair the destination. */
export function fileProblem({ key, problem }: Found): VerifyProblem {
  const object = objectOf(key);
  const hint = `Restore it from the bucket's versions or a backup. Or read the object again with \`pardot-etl run ${object} --full\`, which supersedes its older files. Or write it off with \`pardot-etl verify --accept ${key}\`.`;
  return { key, problem, hint };
}

/** A manifest that is damaged or cannot be read. */
export function damagedManifest({ key, problem }: Found): VerifyProblem {
  const hint = `Restore it from the bucket's versions or a backup: the files that it named are unproven without it. Or write it off with \`pardot-etl verify --accept ${key}\`.`;
  return { key, problem, hint };
}

/** A file that no manifest names. It may still be committed: by a manifest that is gone. */
export function unnamedFile({ key, problem }: Found): VerifyProblem {
  const hint = `If no run is in progress, run \`pardot-etl run\`: it accounts for files that a killed run left. If the file stays unnamed, its manifest may be lost: restore _pardot_etl/runs from the bucket's versions or a backup, or read the object again with \`pardot-etl run ${objectOf(key)} --full\`. Keep the file until then.`;
  return { key, problem, hint };
}

function objectOf(key: string): string {
  return key.slice(0, Math.max(0, key.indexOf("/")));
}

/** The state is gone although manifests are there. */
export function lostStateProblem(problem: string): VerifyProblem {
  const hint =
    "Restore it from the bucket's versions or a backup. Or start over with `pardot-etl run --full`, which reads the whole history again.";
  return { key: STATE_PREFIX, problem, hint };
}
