// Reads what `aws ecs describe-task-definition --include TAGS` answers, and writes what `register-task-definition` takes
// for the same task with the image that is given: nothing where it has that image already.
import { readFileSync } from "node:fs";

const CONTAINER = "pardot-etl";
/** What ECS says of a revision and does not take. Everything else is kept, whatever ECS may learn yet. */
const SAID = new Set([
  "taskDefinitionArn",
  "revision",
  "status",
  "requiresAttributes",
  "compatibilities",
  "registeredAt",
  "registeredBy",
  "deregisteredAt",
]);

/**
 * @typedef {{ name: string, image?: string | undefined }} Container
 * @typedef {{ taskDefinition: { containerDefinitions: Container[] }, tags?: object[] }} Described
 */
const described = /** @type {Described} */ (JSON.parse(readFileSync(0, "utf8")));
const { taskDefinition, tags = [] } = described;
const [image] = process.argv.slice(2);
const container = taskDefinition.containerDefinitions.find(({ name }) => name === CONTAINER);
if (container === undefined) {
  process.stderr.write(`it has no container named ${CONTAINER}\n`);
  process.exitCode = 1;
} else if (container.image !== image) {
  container.image = image;
  const taken = Object.entries(taskDefinition).filter(([name]) => !SAID.has(name));
  const next = { ...Object.fromEntries(taken), ...(tags.length > 0 ? { tags } : {}) };
  process.stdout.write(`${JSON.stringify(next, null, 2)}\n`);
}
