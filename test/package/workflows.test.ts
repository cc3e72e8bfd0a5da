import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
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
  readonly concurrency?: { readonly group: string; readonly "cancel-in-progress": boolean | string };
  readonly jobs: Readonly<Record<string, Job>>;
}

interface Job {
  readonly needs?: string | readonly string[];
  readonly uses?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly steps?: readonly Step[];
}

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

/** Fails on invalid YAML, such as a duplicate key. */
function workflow(name: string): Workflow {
  return parse(textOf(name), { strict: true }) as Workflow;
}

function textOf(name: string): string {
  return readFileSync(join(root, name.includes("/") ? name : `.github/workflows/${name}`), "utf8");
}

const SHIPPED = "deploy/github-deploy.yml";

describe.each([...readdirSync(join(root, ".github/workflows")), SHIPPED])("the workflow %s", (name) => {
  const { permissions, jobs, concurrency } = workflow(name);
  const steps = Object.values(jobs).flatMap((job) => job.steps ?? []);

  test("may only read unless a job grants more", () => {
    expect(permissions).toEqual({ contents: "read", ...(name === SHIPPED ? { "id-token": "write" } : {}) });
  });

  test("does not run twice for the same ref at a time", () => {
    expect(concurrency?.group).toMatch(/^[a-z]+/);
    if (/release|deploy/.test(name)) expect(concurrency?.["cancel-in-progress"]).toBe(false);
  });

  test("leaves no token of the repository to later steps, and puts no input of a user into a command", () => {
    for (const step of steps) {
      if (step.uses?.startsWith("actions/checkout@") === true)
        expect(step.with).toMatchObject({ "persist-credentials": false });
      expect(step.run ?? "").not.toContain("${{");
    }
  });

  test("pins each action to a commit and names its version, and calls only existing workflows", () => {
    const lines = textOf(name).split("\n");
    for (const { uses } of [...Object.values(jobs), ...steps]) {
      if (uses === undefined) continue;
      if (uses.startsWith("./")) expect(existsSync(join(root, uses))).toBe(true);
      else {
        expect(uses).toMatch(/^[\w-]+\/[\w/-]+@[0-9a-f]{40}$/);
        const line = lines.find((each) => each.includes(uses));
        expect(line).toMatch(/ # v\d+\.\d+\.\d+$/);
      }
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

  test("is published only after the checks have passed, by jobs without the right to change the repository", () => {
    expect(jobs["checks"]?.uses).toBe("./.github/workflows/checks.yml");
    expect(jobs["publish"]?.needs).toBe("checks");
    expect(jobs["image"]?.needs).toBe("checks");
    const granted = Object.entries(jobs).flatMap(([name, { permissions = {} }]) =>
      Object.entries(permissions).flatMap(([right, level]) => (level === "write" ? [`${name} ${right}`] : [])),
    );
    expect(granted).toEqual([
      "publish id-token",
      "image packages",
      "image id-token",
      "image attestations",
      "notes contents",
    ]);
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
    expect((jobs["notes"]?.steps ?? []).at(-1)?.run).toContain("pardot-etl.cdx.json");
    expect(jobs["notes"]?.needs).toEqual(["publish", "image"]);
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

describe("a released image", () => {
  const { jobs } = workflow("release.yml");
  const steps = jobs["image"]?.steps ?? [];

  test("is built for both platforms, with a bill of materials and provenance, and attested by its digest", () => {
    const build = steps.map(({ run = "" }) => run).join("\n");
    for (const option of ["--platform linux/amd64,linux/arm64", "--sbom=true", "--provenance=mode=max", "--push"])
      expect(build).toContain(option);
    expect(steps.at(-1)).toMatchObject({
      uses: expect.stringMatching(/^actions\/attest@/) as string,
      with: { "subject-digest": "${{ steps.push.outputs.digest }}", "push-to-registry": true },
    });
  });

  test("has the build arguments that the Dockerfile takes", () => {
    const known = [...textOf("./Dockerfile").matchAll(/^ARG (\w+)=unknown$/gm)].map(([, name = ""]) => name);
    const given = [...textOf("release.yml").matchAll(/--build-arg "(\w+)=/g)].map(([, name = ""]) => name);
    expect(given.toSorted()).toEqual(known.toSorted());
  });

  test("is tested on both platforms before, with an engine that must be there", () => {
    const { image } = workflow("checks.yml").jobs as Record<string, { steps: readonly { env?: object }[] }>;
    expect(image?.steps.at(-1)?.env).toEqual({ PARDOT_ETL_ENGINE: "running", PARDOT_ETL_REQUIRE_ENGINE: "1" });
  });
});

test("Dependabot follows every kind of pinned version in this repository", () => {
  const { updates } = parse(readFileSync(join(root, ".github/dependabot.yml"), "utf8")) as {
    updates: readonly { "package-ecosystem": string; directory?: string; directories?: readonly string[] }[];
  };
  expect(updates.map((update) => update["package-ecosystem"])).toEqual([
    "docker",
    "github-actions",
    "npm",
    "terraform",
  ]);
  for (const { directory, directories = [directory ?? ""] } of updates)
    for (const name of directories) expect(existsSync(join(root, name))).toBe(true);
});

test("the shipped workflow deploys with options that the scripts know", () => {
  const run = workflow(SHIPPED).jobs["deploy"]?.steps?.at(-1)?.run ?? "";
  const options = new Set(run.match(/--[a-z]+/g));
  expect([...options].toSorted()).toEqual(["--check", "--image", "--rollback"]);
  const script = textOf("deploy/deploy.sh");
  for (const option of options) expect(script).toMatch(new RegExp(`^ {4}(${option}|${option} \\| --unit)\\)`, "m"));
  for (const [path = ""] of run.matchAll(/deploy\/\w+\.sh/g)) expect(existsSync(join(root, path))).toBe(true);
});
