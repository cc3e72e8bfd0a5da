import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { shippedPackages } from "../../scripts/licenses.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

interface Job {
  readonly needs?: string;
  readonly uses?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly steps?: readonly { readonly uses?: string; readonly run?: string }[];
}

/** Fails on invalid YAML, such as a duplicate key. */
function workflow(name: string): Workflow {
  return parse(readFileSync(join(root, ".github/workflows", name), "utf8"), { strict: true }) as Workflow;
}

const WORKFLOWS = ["checks.yml", "release.yml"] as const;

describe.each(WORKFLOWS)("the workflow %s", (name) => {
  const { permissions, jobs } = workflow(name);
  const steps = Object.values(jobs).flatMap((job) => job.steps ?? []);

  test("may only read unless a job grants more", () => {
    expect(permissions).toEqual({ contents: "read" });
  });

  test("pins each action to a version, and calls only existing workflows", () => {
    for (const { uses } of [...Object.values(jobs), ...steps]) {
      if (uses === undefined) continue;
      if (uses.startsWith("./")) expect(existsSync(join(root, uses))).toBe(true);
      else expect(uses).toMatch(/^[\w-]+\/[\w-]+@(v\d+(\.\d+)*|[0-9a-f]{40})$/);
    }
  });

  test("has a timeout for each job", () => {
    for (const job of Object.values(jobs)) {
      if (job.uses === undefined) expect(job["timeout-minutes"]).toBeGreaterThan(0);
    }
  });

  test("runs only existing scripts and files", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      scripts: Readonly<Record<string, string>>;
    };
    const runs = steps.map((step) => step.run ?? "").join("\n");
    for (const [, script = ""] of runs.matchAll(/npm run (?:-s )?([\w:]+)/g))
      expect(Object.keys(scripts)).toContain(script);
    for (const [, path = ""] of runs.matchAll(/bash (\S+)|npm test -- (\S+)/g))
      expect(existsSync(join(root, path))).toBe(true);
  });
});

describe("a release", () => {
  const { jobs } = workflow("release.yml");
  const publish = (jobs["publish"]?.steps ?? []).map((step) => step.run ?? "");

  test("is published only after the checks have passed, by the only job with an identity token", () => {
    expect(jobs["checks"]?.uses).toBe("./.github/workflows/checks.yml");
    expect(jobs["publish"]?.needs).toBe("checks");
    const identifying = Object.entries(jobs).filter(([, job]) => job.permissions?.["id-token"] === "write");
    expect(identifying.map(([name]) => name)).toEqual(["publish"]);
    expect(publish.filter((run) => run.startsWith("npm publish"))).toEqual([
      "npm publish --provenance --access public",
    ]);
    expect(Object.keys(workflow("checks.yml").on)).toContain("workflow_call");
  });

  test("is preceded by an advisory check that can stop it", () => {
    const runs = (workflow("checks.yml").jobs["advisories"]?.steps ?? []).map((step) => step.run);
    expect(runs).toContain("npm audit --audit-level=high");
  });

  test("has a bill of materials of exactly the shipped packages", async () => {
    expect(publish).toContain("npm run -s sbom > pardot-etl.cdx.json");
    expect(publish.at(-1)).toContain("pardot-etl.cdx.json");
    const { stdout } = await promisify(execFile)("npm", ["run", "-s", "sbom"], {
      cwd: root,
      maxBuffer: 64 * 1024 ** 2,
    });
    const bill = JSON.parse(stdout) as {
      bomFormat: string;
      metadata: { component: { name: string } };
      components: readonly { name: string; version: string; group?: string }[];
    };
    expect(bill).toMatchObject({ bomFormat: "CycloneDX", metadata: { component: { name: "pardot-etl" } } });
    const named = new Set(bill.components.map(({ name, version }) => `${name}@${version}`));
    expect(named).toEqual(new Set(shippedPackages().map(({ name, version }) => `${name}@${version}`)));
  });
});
